import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { explanationSchema, explanationText } from "./explain.ts";
import type { CommandOutput } from "./output.ts";

const deliveredSchema = z.object({ delivery: z.string() });

/** Delivers a received alert once more, or says only what would come of it. */
export function alertReplayCommand(
  id: string,
  isDryRun: boolean,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/alerts/${encodeURIComponent(id)}/replay${isDryRun ? "?dry_run=true" : ""}`;
    const answer = await client.send("POST", path, {});
    const text = isDryRun
      ? explanationText(readAnswer(explanationSchema, answer))
      : `${readAnswer(deliveredSchema, answer).delivery}\n`;
    writeAnswer(flags, output, answer, () => text);
    return 0;
  });
}
