import type { Command } from "commander";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  textFlag,
  textsFlag,
  withInputOptions,
  withLimit,
  withServerOptions,
} from "./options.ts";

export function addRunbookCommands(
  program: Command,
  { output, setExitCode }: ProgramContext,
  programFolder: string,
): void {
  const group = commandGroup(program, "runbook", "look at runbooks, and at what they would do");
  withLimit(withServerOptions(group.command("list")))
    .description("the runbooks, with the inputs that they take")
    .action(async (flags: Flags) => {
      const { runbookListCommand } = await import("../runbook.ts");
      setExitCode(await runbookListCommand({ ...serverFlags(flags), limit: limitFlag(flags) }, output));
    });
  withServerOptions(group.command("show"))
    .argument("<name>", "of the runbook")
    .description("one runbook: its inputs and its steps")
    .action(async (name: string, flags: Flags) => {
      const { runbookShowCommand } = await import("../runbook.ts");
      setExitCode(await runbookShowCommand(name, serverFlags(flags), output));
    });
  withInputOptions(withServerOptions(group.command("plan")))
    .argument("<name>", "of the runbook")
    .description("say what would run where with these inputs, and what the guards say; nothing is started")
    .option("--config.file <file>", "plan from these settings, without a server")
    .action(async (name: string, flags: Flags) => {
      const inputs = { inputs: textsFlag(flags, "input"), inputFiles: textsFlag(flags, "inputFile") };
      const configFile = textFlag(flags, "config.file");
      if (configFile === null) {
        const { runbookPlanCommand } = await import("../runbook.ts");
        setExitCode(await runbookPlanCommand(name, { ...serverFlags(flags), ...inputs }, output));
        return;
      }
      const { runbookPlanOfflineCommand } = await import("../runbook-plan-offline.ts");
      const { format } = serverFlags(flags);
      const options = { ...inputs, configFile, format };
      setExitCode(await runbookPlanOfflineCommand(name, options, programFolder, output));
    });
}
