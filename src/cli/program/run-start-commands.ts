import { type Command, Option } from "commander";
import type { RunStartFlags } from "../run-start.ts";
import {
  commandGroup,
  type Flags,
  type ProgramContext,
  serverFlags,
  textFlag,
  textsFlag,
  withInputOptions,
  withServerOptions,
} from "./options.ts";

/** Runs that people start, and what they do with them. */
export function addRunStartCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "run", "start runs, look at them, and stop them");
  withStartOptions(group.command("start"))
    .argument("<runbook>", "its name")
    .description("start a runbook: shows what would run, and asks where somebody sits at a terminal")
    .action(async (name: string, flags: Flags) => {
      const { runStartCommand } = await import("../run-start.ts");
      const { terminalOfProcess } = await import("../terminal.ts");
      setExitCode(await runStartCommand(name, startFlags(flags), output, terminalOfProcess()));
    });
  withStartOptions(group.command("rerun"))
    .argument("<id>", "of the run")
    .description("start the runbook of a run once more, with its inputs and your rights")
    .action(async (id: string, flags: Flags) => {
      const { runRerunCommand } = await import("../run-start.ts");
      const { terminalOfProcess } = await import("../terminal.ts");
      setExitCode(await runRerunCommand(id, startFlags(flags), output, terminalOfProcess()));
    });
  withServerOptions(group.command("watch"))
    .argument("<id>", "of the run")
    .description("follow a run to its end; exit code 5 when it did not succeed, 6 when nobody approved it")
    .action(async (id: string, flags: Flags) => {
      const { runWatchCommand } = await import("../run-watch.ts");
      setExitCode(await runWatchCommand(id, serverFlags(flags), output));
    });
  withServerOptions(group.command("note"))
    .argument("<id>", "of the run")
    .argument("<text>", "what others are to know")
    .description("write a note to a run; it cannot be changed")
    .action(async (id: string, text: string, flags: Flags) => {
      const { runNoteCommand } = await import("../run-note.ts");
      setExitCode(await runNoteCommand(id, text, serverFlags(flags), output));
    });
  group
    .command("download")
    .argument("<id>", "of the run")
    .description("download the bundle of a run, and check it")
    .option("--server <url>", "where Nightshift runs; default NIGHTSHIFT_URL, else http://127.0.0.1:9095")
    .option("--output <folder>", "where to; made when it is not there", ".")
    .addOption(new Option("--format <format>", "of the archive").choices(["zip", "tar.gz"]).default("zip"))
    .action(async (id: string, flags: Flags) => {
      const { runDownloadCommand } = await import("../run-download.ts");
      const parts = {
        server: textFlag(flags, "server"),
        folder: textFlag(flags, "output") ?? ".",
        format: flags["format"] === "tar.gz" ? ("tar.gz" as const) : ("zip" as const),
        isInteractive: process.stderr.isTTY,
      };
      setExitCode(await runDownloadCommand(id, parts, output));
    });
}

function withStartOptions(command: Command): Command {
  return withInputOptions(withServerOptions(command))
    .option("--reason <text>", "why; whoever looks at the run reads it")
    .option("--confirm <value>", "what the runbook wants typed")
    .option("--plan-digest <digest>", "start only if this is what would run")
    .option("--dry-run", "only what reads is done")
    .option("--watch", "follow it to its end")
    .option("--yes", "ask nothing");
}

function startFlags(flags: Flags): RunStartFlags {
  return {
    ...serverFlags(flags),
    inputs: textsFlag(flags, "input"),
    inputFiles: textsFlag(flags, "inputFile"),
    reason: textFlag(flags, "reason"),
    confirm: textFlag(flags, "confirm"),
    planDigest: textFlag(flags, "planDigest"),
    isDryRun: flags["dryRun"] === true,
    isWatched: flags["watch"] === true,
    isSure: flags["yes"] === true,
  };
}
