import { type Command, Option } from "commander";
import { OUTPUT_FORMATS } from "../client/flags.ts";
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

export function addHostCommands(
  program: Command,
  { output, setExitCode }: ProgramContext,
  programFolder: string,
): void {
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
  group
    .command("test")
    .argument("[name...]", "of hosts; default: all of the inventory")
    .addOption(new Option("--selector <matchers>", `hosts by labels, such as 'role = "web"'`))
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .addOption(
      new Option("-o, --output <format>", "text for people, json for programs")
        .choices(OUTPUT_FORMATS)
        .default("text"),
    )
    .description("try what steps need of hosts, without a server; exit 1 when something fails")
    .action(async (names: string[], flags: Flags, called: Command) => {
      const selector = textFlag(flags, "selector");
      if (names.length > 0 && selector !== null) called.error("error: give names or a --selector, not both");
      const { hostTestCommand } = await import("../host-test.ts");
      const options = {
        names,
        selector,
        configFile: textFlag(flags, "config.file"),
        format: flags["output"] === "json" ? ("json" as const) : ("text" as const),
      };
      setExitCode(await hostTestCommand(options, programFolder, output));
    });
}
