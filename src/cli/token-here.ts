import { userInfo } from "node:os";
import { join } from "node:path";
import { findPrincipal } from "../engine/people.ts";
import { createToken } from "../engine/tokens.ts";
import { systemClock } from "../platform/clock.ts";
import { formatProblem } from "../platform/problems.ts";
import { createRedaction } from "../redaction/redaction.ts";
import { openAuditKeys } from "../settings/audit-keys.ts";
import { loadSettings } from "../settings/load.ts";
import { openSqliteBeside } from "../store/sqlite.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const ERROR = 1;
const USAGE = 2;

export interface TokenHereOptions {
  readonly user: string | null;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number | null;
  readonly configFile: string | null;
  readonly storagePath: string | null;
  readonly programFolder: string;
}

/**
 * Makes a token in the database of this machine, for whoever may write it: the first one, say, or where nobody can log in. The service may
 * run meanwhile. Prints the token alone.
 */
export async function createTokenHere(options: TokenHereOptions, output: CommandOutput): Promise<number> {
  const { configFile, storagePath, programFolder, user } = options;
  const flags = { configFile, storagePath, listenAddress: null, externalUrl: null };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) {
    for (const problem of loaded.problems) output.stderr.write(`${formatProblem(problem)}\n`);
    return USAGE;
  }
  const { login, storagePath: folder } = loaded.settings;
  if (login === undefined)
    return fail(output, USAGE, `${loaded.settings.file} has no login: whoever can connect needs no token`);
  if (user === null) return fail(output, USAGE, "say whose rights it has: --user NAME");
  const store = await openSqliteBeside(join(folder, "nightshift.db"), systemClock);
  try {
    if ((await findPrincipal(store.reader, login, user)) === null)
      return fail(
        output,
        ERROR,
        `nobody is called ${user} here; name them in login.users, or add them with: nightshift user add`,
      );
    const audit = {
      store,
      auditKeys: openAuditKeys(loaded.settings),
      redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
    };
    const { name, scopes, expiresAtMs } = options;
    const by = { principal: `machine:${userInfo().username}`, via: "local", remoteAddress: null };
    const { secret } = await createToken(audit, { person: user, name, scopes, expiresAtMs }, by);
    output.stdout.write(`${secret}\n`);
    return 0;
  } finally {
    await store.close();
  }
}

function fail(output: CommandOutput, code: number, message: string): number {
  output.stderr.write(`nightshift: ${printable(message)}\n`);
  return code;
}
