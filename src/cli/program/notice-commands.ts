import type { Command } from "commander";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  withLimit,
  withServerOptions,
} from "./options.ts";

export function addNoticeCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "notice", "what people were told, and what could not be told");
  withServerOptions(withLimit(group.command("list")))
    .description("show notices, the newest first")
    .option("--dead", "only those that were given up")
    .action(async (flags: Flags) => {
      const { noticeListCommand } = await import("../notice.ts");
      const parts = { status: flags["dead"] === true ? "dead" : null, limit: limitFlag(flags) };
      setExitCode(await noticeListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("retry"))
    .argument("<id>", "of a notice that was given up")
    .description("send it once more, with all its tries")
    .action(async (id: string, flags: Flags) => {
      const { noticeRetryCommand } = await import("../notice.ts");
      setExitCode(await noticeRetryCommand(id, serverFlags(flags), output));
    });
  withServerOptions(group.command("test"))
    .argument("<notifier>", "its name in the settings")
    .description("send a notice that says it is a test")
    .action(async (name: string, flags: Flags) => {
      const { noticeTestCommand } = await import("../notice.ts");
      setExitCode(await noticeTestCommand(name, serverFlags(flags), output));
    });
}
