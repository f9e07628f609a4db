import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { formatProblem, type FileProblem } from "../platform/problems.ts";
import { resolveSecret, secretSchema } from "../platform/secrets.ts";
import { YamlFile } from "../platform/yaml.ts";
import { createSecretReaders } from "./load.ts";

const clientSchema = z.strictObject({
  server: z.url({
    protocol: /^https?$/,
    error: "write the server's URL, such as https://nightshift.example.net",
  }),
  token: secretSchema.optional(),
});

/** The server that somebody's commands talk to, and the token for it; the file holds where the token is, never the token. */
export interface ClientFile {
  readonly server: string;
  /** Throws SecretError when it cannot be had. Null where none is named. */
  readonly token: (() => Promise<string>) | null;
}

/** Something is wrong with the file; the text says where, line by line. */
export class ClientFileError extends Error {
  override readonly name = "ClientFileError";
}

/** Where a person's file lies; null for somebody without a home. */
export function clientFilePath(environment: {
  configHome: string | undefined;
  home: string | undefined;
}): string | null {
  const { configHome, home } = environment;
  const folder = configHome ?? (home === undefined ? undefined : join(home, ".config"));
  return folder === undefined ? null : join(folder, "nightshift", "cli.yml");
}

/** Reads `server:` and `token:`; null when there is no such file. Throws {@link ClientFileError} when it is wrong. */
export function readClientFile(path: string): ClientFile | null {
  const text = readText(path);
  if (text === null) return null;
  const problems: FileProblem[] = [];
  const parsed = YamlFile.parse(path, text, problems)?.validate(clientSchema, problems);
  if (parsed === undefined) throw new ClientFileError(problems.map(formatProblem).join("\n"));
  const { server, token: ref } = parsed;
  const readers = createSecretReaders(dirname(path));
  return {
    server: server.replace(/\/+$/, ""),
    token: ref === undefined ? null : () => resolveSecret(ref, readers),
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new ClientFileError(`${path} could not be read: ${String(error)}`, { cause: error });
  }
}
