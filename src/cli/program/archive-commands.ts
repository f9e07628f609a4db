import type { Command } from "commander";
import { commandGroup, type Flags, type ProgramContext, serverFlags, withServerOptions } from "./options.ts";

/** What is kept and what goes. */
export function addArchiveCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const runs = commandGroup(program, "run", "start runs, look at them, and stop them");
  for (const [name, isPinned, description] of [
    ["pin", true, "keep a run and its evidence, whatever their age"],
    ["unpin", false, "let a run and its evidence go when they are old enough"],
  ] as const)
    withServerOptions(runs.command(name))
      .argument("<id>", "of the run")
      .description(description)
      .action(async (id: string, flags: Flags) => {
        const { runPinCommand } = await import("../run-pin.ts");
        setExitCode(await runPinCommand(id, isPinned, serverFlags(flags), output));
      });
  withServerOptions(commandGroup(program, "admin", "look after the service").command("reload"))
    .description("have the service read its files again; exit 2, with every problem, when they are refused")
    .action(async (flags: Flags) => {
      const { adminReloadCommand } = await import("../admin-reload.ts");
      setExitCode(await adminReloadCommand(serverFlags(flags), output));
    });
  withServerOptions(program.command("status"))
    .description("show how the service is; exit 1 when something needs a person")
    .action(async (flags: Flags) => {
      const { statusCommand } = await import("../status.ts");
      setExitCode(await statusCommand(serverFlags(flags), output));
    });
  withServerOptions(commandGroup(program, "admin", "look after the service").command("gc"))
    .description(
      "remove now what is older than the settings keep it, and compare the archive with the database",
    )
    .option("--dry-run", "only say what would go")
    .option("--unknown", "remove also files of runs that the database does not know")
    .action(async (flags: Flags) => {
      const { adminGcCommand } = await import("../admin-gc.ts");
      const parts = { isDryRun: flags["dryRun"] === true, removesUnknown: flags["unknown"] === true };
      setExitCode(await adminGcCommand({ ...serverFlags(flags), ...parts }, output));
    });
}
