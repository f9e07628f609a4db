import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const keptSchema = z.object({
  pinned: z.object({ at: z.string(), by: z.string() }).nullable(),
  evidence_removed_at: z.string().nullable(),
});

/** Keeps a run and its evidence whatever their age, or no longer. */
export function runPinCommand(
  id: string,
  isPinned: boolean,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/runs/${encodeURIComponent(id)}/pin`;
    const answer = await client.send(isPinned ? "POST" : "DELETE", path, null);
    const { pinned, evidence_removed_at: removedAt } = readAnswer(keptSchema, answer);
    writeAnswer(flags, output, answer, () =>
      pinned === null ? "not pinned\n" : `pinned by ${printable(pinned.by)}\n`,
    );
    if (pinned !== null && removedAt !== null)
      output.stderr.write("its files and bundles had been removed before\n");
    return 0;
  });
}
