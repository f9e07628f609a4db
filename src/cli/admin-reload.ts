import type { ServerFlags } from "./client/flags.ts";
import { withServer, writeAnswer } from "./client/run-command.ts";
import type { CommandOutput } from "./output.ts";

/** Has the service read its files again. Exit code 2, with every problem, when it refused them and goes on with the earlier ones. */
export function adminReloadCommand(flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", "/api/v1/admin/reload", null);
    writeAnswer(flags, output, answer, () => "reloaded\n");
    return 0;
  });
}
