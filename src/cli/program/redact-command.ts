import type { Command } from "commander";
import { type Flags, type ProgramContext, textFlag } from "./options.ts";

/** `nightshift redact`. */
export function addRedactCommand(
  program: Command,
  { output, setExitCode }: ProgramContext,
  programFolder: string,
): void {
  program
    .command("redact")
    .description("print a file as it would be stored; on stderr, which secrets were replaced and where")
    .requiredOption("--test <file>", "the file; it is only read")
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .action(async (flags: Flags) => {
      const { redactCommand } = await import("../redact.ts");
      const options = { file: textFlag(flags, "test") ?? "", configFile: textFlag(flags, "config.file") };
      setExitCode(await redactCommand(options, programFolder, output));
    });
}
