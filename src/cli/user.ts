import type { Readable } from "node:stream";
import { z } from "zod";
import { hashPassword, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "../access/password.ts";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const USAGE = 2;

const userSchema = z.object({
  name: z.string(),
  groups: z.array(z.string()),
  role: z.string().nullable(),
  via: z.string(),
  last_seen_at: z.string().nullable(),
});

/** Reads a password from `input` and prints its hash alone. */
export async function userHashCommand(input: Readable, output: CommandOutput): Promise<number> {
  const password = await readPassword(input, output);
  if (password === null) return USAGE;
  output.stdout.write(`${await hashPassword(password)}\n`);
  return 0;
}

export function userListCommand(
  flags: ServerFlags & { readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, (client) =>
    writeList(
      client,
      flags,
      output,
      { path: "/users", filter: {}, limit: flags.limit },
      {
        none: "nobody is known here yet",
        asText: (items) =>
          formatTable(
            ["NAME", "ROLE", "GROUPS", "LOGS IN BY", "LAST SEEN"],
            readAnswer(z.array(userSchema), items).map((user) => [
              user.name,
              user.role ?? "none",
              user.groups.join(", "),
              user.via,
              shortTime(user.last_seen_at),
            ]),
          ),
      },
    ),
  );
}

export async function userAddCommand(
  name: string,
  flags: ServerFlags & { readonly groups: readonly string[]; readonly role: string | null },
  input: Readable,
  output: CommandOutput,
): Promise<number> {
  const password = await readPassword(input, output);
  if (password === null) return USAGE;
  return withServer(flags, output, async (client) => {
    const { groups, role } = flags;
    const answer = await client.send("POST", "/api/v1/users", { name, password, groups, role });
    const user = readAnswer(userSchema, answer);
    writeAnswer(
      flags,
      output,
      answer,
      () => `${printable(user.name)} can log in (${user.role ?? "no role"})\n`,
    );
    return 0;
  });
}

export function userRemoveCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("DELETE", `/api/v1/users/${encodeURIComponent(name)}`, null);
    writeAnswer(flags, output, answer, () => `${printable(name)} is removed, with sessions and tokens\n`);
    return 0;
  });
}

/** The first line of the input. Null, with a message, when it is no password. */
async function readPassword(
  input: Readable & { readonly isTTY?: boolean },
  output: CommandOutput,
): Promise<string | null> {
  if (input.isTTY === true)
    output.stderr.write("type the password and press Enter; it is shown. A pipe keeps it off the screen\n");
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes("\n") || text.length > PASSWORD_CHARS_MAX) break;
  }
  const password = text.split(/\r?\n/)[0] ?? "";
  if (password.length >= PASSWORD_CHARS_MIN && password.length <= PASSWORD_CHARS_MAX) return password;
  output.stderr.write(
    `nightshift: a password has ${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX} characters; write it to standard input\n`,
  );
  return null;
}
