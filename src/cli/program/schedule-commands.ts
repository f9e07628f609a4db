import type { Command } from "commander";
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

export function addScheduleCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "schedule", "runbooks that are run at certain times");
  withServerOptions(withLimit(group.command("list")))
    .description("the schedules with their next times, and what became of the last ones")
    .action(async (flags: Flags) => {
      const { scheduleListCommand } = await import("../schedule.ts");
      setExitCode(await scheduleListCommand({ ...serverFlags(flags), limit: limitFlag(flags) }, output));
    });
  withServerOptions(group.command("run"))
    .argument("<name>", "of the schedule")
    .description("start now what it would start, with your rights")
    .option("--confirm <value>", "what the runbook wants typed")
    .option("--watch", "follow it to its end")
    .action(async (name: string, flags: Flags) => {
      const { scheduleRunCommand } = await import("../schedule.ts");
      const parts = { confirm: textFlag(flags, "confirm"), isWatched: flags["watch"] === true };
      setExitCode(await scheduleRunCommand(name, { ...serverFlags(flags), ...parts }, output));
    });
}
