import type { Command } from "commander";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  textFlag,
  withLimit,
  withReasonAndEnd,
  withServerOptions,
} from "./options.ts";

export function addPauseCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "pause", "stop automation for a while; steps under way go on");
  withServerOptions(withReasonAndEnd(group.command("add")))
    .argument("<name>", "what people call it")
    .description("let nothing start in a scope until an end")
    .requiredOption("--scope <scope>", "all, rule:NAME, runbook:NAME or hosts:SELECTOR")
    .action(async (name: string, flags: Flags) => {
      const { pauseAddCommand } = await import("../pause.ts");
      const parts = {
        scope: textFlag(flags, "scope") ?? "",
        reason: textFlag(flags, "reason") ?? "",
        for: textFlag(flags, "for"),
        until: textFlag(flags, "until"),
      };
      setExitCode(await pauseAddCommand(name, { ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(withLimit(group.command("list")))
    .description("show the pauses in force")
    .option("--all", "also those that are over")
    .action(async (flags: Flags) => {
      const { pauseListCommand } = await import("../pause.ts");
      const parts = { all: flags["all"] === true, limit: limitFlag(flags) };
      setExitCode(await pauseListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("remove"))
    .argument("<name>", "of the pause, or its id")
    .description("end a pause early; what waited for it is looked at at once")
    .action(async (name: string, flags: Flags) => {
      const { pauseRemoveCommand } = await import("../pause.ts");
      setExitCode(await pauseRemoveCommand(name, serverFlags(flags), output));
    });
}
