import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const noteSchema = z.object({ at: z.string(), by: z.string() });

/** Appends a note to a run. */
export function runNoteCommand(
  id: string,
  text: string,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", `/api/v1/runs/${encodeURIComponent(id)}/notes`, { text });
    const { by } = readAnswer(noteSchema, answer);
    writeAnswer(flags, output, answer, () => `noted by ${printable(by)}\n`);
    return 0;
  });
}
