import { type Command, Option } from "commander";
import { RUN_STATES } from "../../runs/states.ts";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  textFlag,
  withLimit,
  withServerOptions,
} from "./options.ts";

export function addRunCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "run", "start runs, look at them, and stop them");
  withServerOptions(withLimit(group.command("list")))
    .description("show runs, newest first")
    .addOption(new Option("--status <status>", "only those").choices(RUN_STATES))
    .option("--runbook <name>", "only of this runbook")
    .option("--alert <id>", "only those that this alert started")
    .action(async (flags: Flags) => {
      const { runListCommand } = await import("../run.ts");
      const parts = {
        status: textFlag(flags, "status"),
        runbook: textFlag(flags, "runbook"),
        alert: textFlag(flags, "alert"),
        limit: limitFlag(flags),
      };
      setExitCode(await runListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("view"))
    .argument("<id>", "of the run")
    .description("show one run with its steps")
    .action(async (id: string, flags: Flags) => {
      const { runViewCommand } = await import("../run.ts");
      setExitCode(await runViewCommand(id, serverFlags(flags), output));
    });
  withServerOptions(group.command("cancel"))
    .argument("<id>", "of the run")
    .description("stop a run; its finally still runs")
    .action(async (id: string, flags: Flags) => {
      const { runCancelCommand } = await import("../run.ts");
      setExitCode(await runCancelCommand(id, serverFlags(flags), output));
    });
}
