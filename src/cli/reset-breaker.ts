import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const resetSchema = z.object({ rule: z.string(), was_open: z.boolean() });

/** Lets a rule act again whose breaker is open; one that is not open counts its failures anew. */
export function resetBreakerCommand(
  rule: string,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/rules/${encodeURIComponent(rule)}/breaker/reset`;
    const answer = await client.send("POST", path, {});
    const reset = readAnswer(resetSchema, answer);
    const text = reset.was_open
      ? `the breaker of rule ${reset.rule} is closed; earlier failures no longer count`
      : `the breaker of rule ${reset.rule} was not open; earlier failures no longer count`;
    writeAnswer(flags, output, answer, () => `${printable(text)}\n`);
    return 0;
  });
}
