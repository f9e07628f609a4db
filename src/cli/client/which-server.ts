import { SecretError } from "../../platform/secrets.ts";
import {
  type ClientFile,
  ClientFileError,
  clientFilePath,
  readClientFile,
} from "../../settings/client-file.ts";
import { readEnvironment } from "../../settings/load.ts";
import { SERVER_DEFAULT, ServerError } from "./server-client.ts";

export interface WhichServer {
  readonly address: string;
  readonly token: string | null;
}

/**
 * The server of the flag, else of `NIGHTSHIFT_URL`, else of the person's cli.yml, else the one on this machine. The token is that of
 * `NIGHTSHIFT_TOKEN`, else the one of cli.yml, which is shown to no other server than the one beside it. Throws {@link ServerError}.
 */
export async function whichServer(flag: string | null): Promise<WhichServer> {
  const { serverUrl, serverToken, configHome, home } = readEnvironment();
  const file = readFile(clientFilePath({ configHome, home }));
  const address = flag ?? serverUrl ?? file?.server ?? SERVER_DEFAULT;
  if (serverToken !== undefined) return { address, token: serverToken };
  const isOfFile = file !== null && sameOrigin(address, file.server);
  return { address, token: isOfFile ? await tokenOf(file) : null };
}

function readFile(path: string | null): ClientFile | null {
  try {
    return path === null ? null : readClientFile(path);
  } catch (error) {
    if (error instanceof ClientFileError) throw new ServerError(error.message, { exitCode: 2, cause: error });
    throw error;
  }
}

function sameOrigin(left: string, right: string): boolean {
  return URL.canParse(left) && new URL(left).origin === new URL(right).origin;
}

async function tokenOf(file: ClientFile): Promise<string | null> {
  try {
    return file.token === null ? null : await file.token();
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    throw new ServerError(`the token of your cli.yml: ${error.message}`, { exitCode: 2, cause: error });
  }
}
