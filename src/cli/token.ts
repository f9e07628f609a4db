import { z } from "zod";
import { TOKEN_SCOPE } from "../access/tokens.ts";
import { parseDurationMs } from "../platform/durations.ts";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";
import { createTokenHere } from "./token-here.ts";

const USAGE = 2;

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  user: z.string(),
  scopes: z.array(z.string()),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
});
const newTokenSchema = tokenSchema.extend({ token: z.string() });

export interface TokenCreateFlags extends ServerFlags {
  /** Null for whoever asks. */
  readonly user: string | null;
  readonly name: string;
  /** Empty for `read`. */
  readonly scopes: readonly string[];
  readonly expires: string | null;
  /** Given: the service of this machine, without asking it. */
  readonly configFile: string | null;
  readonly storagePath: string | null;
  readonly programFolder: string;
}

/** Prints the token alone on stdout. */
export async function tokenCreateCommand(flags: TokenCreateFlags, output: CommandOutput): Promise<number> {
  const scopes = flags.scopes.length === 0 ? ["read"] : flags.scopes;
  const wrong = scopes.find((scope) => !TOKEN_SCOPE.test(scope));
  if (wrong !== undefined) return refuse(output, `"${wrong}" is no scope; write all, read or run:RUNBOOK`);
  const durationMs = flags.expires === null ? null : parseDurationMs(flags.expires);
  if (durationMs === undefined || durationMs === 0)
    return refuse(output, `--expires ${flags.expires ?? ""}: write it like 12h or 90d`);
  const expiresAtMs = durationMs === null ? null : Date.now() + durationMs;
  if (flags.configFile !== null) return createTokenHere({ ...flags, scopes, expiresAtMs }, output);
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", "/api/v1/tokens", {
      name: flags.name,
      scopes,
      expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
      ...(flags.user === null ? {} : { user: flags.user }),
    });
    const { token } = readAnswer(newTokenSchema, answer);
    writeAnswer(flags, output, answer, () => `${token}\n`);
    return 0;
  });
}

function refuse(output: CommandOutput, message: string): number {
  output.stderr.write(`nightshift: ${printable(message)}\n`);
  return USAGE;
}

export function tokenListCommand(
  flags: ServerFlags & { readonly user: string | null; readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/tokens", filter: { user: flags.user }, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, {
      none: "there is no token",
      asText: (items) =>
        formatTable(
          ["ID", "NAME", "USER", "SCOPES", "LAST USED", "STATE"],
          readAnswer(z.array(tokenSchema), items).map((token) => [
            token.id,
            token.name,
            token.user,
            token.scopes.join(", "),
            token.last_used_at === null ? "never" : shortTime(token.last_used_at),
            stateOf(token),
          ]),
        ),
    }),
  );
}

function stateOf({ revoked_at: revokedAt, expires_at: expiresAt }: z.output<typeof tokenSchema>): string {
  if (revokedAt !== null) return `revoked at ${shortTime(revokedAt)}`;
  if (expiresAt === null) return "valid";
  return Date.parse(expiresAt) <= Date.now() ? "expired" : `valid until ${shortTime(expiresAt)}`;
}

export function tokenRevokeCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("DELETE", `/api/v1/tokens/${encodeURIComponent(id)}`, null);
    const token = readAnswer(tokenSchema, answer);
    writeAnswer(
      flags,
      output,
      answer,
      () => `token ${printable(token.name)} of ${printable(token.user)} is revoked\n`,
    );
    return 0;
  });
}
