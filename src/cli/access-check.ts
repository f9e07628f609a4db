import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const answerSchema = z.object({
  user: z.string(),
  role: z.string().nullable(),
  groups: z.array(z.string()),
  runbook: z.string(),
  answers: z.array(z.object({ what: z.string(), allowed: z.boolean(), because: z.string() })),
});

/** What the exit code is about; the other answers are there to be read. */
const START = "start a run";
const NOT_ALLOWED = 4;

/** Prints each answer with its reason. Exit code 4 when the person may not start the runbook. */
export function accessCheckCommand(
  user: string,
  runbook: string,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const query = new URLSearchParams({ user, runbook });
    const answer = await client.get(`/api/v1/access?${query.toString()}`);
    const checked = readAnswer(answerSchema, answer);
    writeAnswer(flags, output, answer, () => {
      const groups = checked.groups.length === 0 ? "in no group" : `in ${checked.groups.join(", ")}`;
      const who = `${checked.user}: ${checked.role === null ? "no role" : `role ${checked.role}`}, ${groups}\n`;
      const rows = checked.answers.map(({ what, allowed, because }) => [
        allowed ? "yes" : "no",
        what,
        because,
      ]);
      return `${printable(who)}${formatTable(["MAY", "WHAT", "BECAUSE"], rows)}`;
    });
    return checked.answers.some(({ what, allowed }) => what === START && !allowed) ? NOT_ALLOWED : 0;
  });
}
