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

export function addHostCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "host", "look at the inventory, and keep rules away from a host");
  withServerOptions(withLimit(group.command("list")))
    .description("show the hosts, and which are on hold")
    .action(async (flags: Flags) => {
      const { hostListCommand } = await import("../host.ts");
      setExitCode(await hostListCommand({ ...serverFlags(flags), limit: limitFlag(flags) }, output));
    });
  withServerOptions(withReasonAndEnd(group.command("hold")))
    .argument("<name>", "of the host, an alias or its address")
    .description("let no rule change a host until an end; people still may")
    .action(async (name: string, flags: Flags) => {
      const { hostHoldCommand } = await import("../host.ts");
      const parts = {
        reason: textFlag(flags, "reason") ?? "",
        for: textFlag(flags, "for"),
        until: textFlag(flags, "until"),
      };
      setExitCode(await hostHoldCommand(name, { ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("release"))
    .argument("<name>", "of the host")
    .description("end a hold early")
    .action(async (name: string, flags: Flags) => {
      const { hostReleaseCommand } = await import("../host.ts");
      setExitCode(await hostReleaseCommand(name, serverFlags(flags), output));
    });
}
