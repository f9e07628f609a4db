import { type Command, InvalidArgumentError, Option } from "commander";
import { OUTPUT_FORMATS } from "../client/flags.ts";
import { collectTexts, type Flags, type ProgramContext, textFlag, textsFlag } from "./options.ts";

/** Examples shown when nothing else is said. */
const EXAMPLES_DEFAULT = 10;
const EXAMPLES_MAX = 1_000;

/** The commands that try rules and runbooks without a server. */
export function addSimulationCommands(
  program: Command,
  context: ProgramContext,
  programFolder: string,
): void {
  addTest(program, context, programFolder);
  addReplay(program, context, programFolder);
}

function addTest(program: Command, { output, setExitCode }: ProgramContext, programFolder: string): void {
  program
    .command("test")
    .argument("[file...]", "files of tests; default: all *.test.yml beside the configured rules")
    .description("run tests of rules and runbooks under a simulated clock; exit 3 when one fails")
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .option("--run <regex>", "only tests with this in their name")
    .option("--junit <file>", "write the results as JUnit XML, too")
    .option("--coverage", "say which rules and guards no test has met")
    .option("--coverage-threshold <percent>", "fail when fewer of the rules matched", readPercent)
    .addOption(formatOption())
    .action(async (files: string[], flags: Flags) => {
      const { testCommand } = await import("../test.ts");
      const threshold = flags["coverageThreshold"];
      const options = {
        files,
        configFile: textFlag(flags, "config.file"),
        run: textFlag(flags, "run"),
        junit: textFlag(flags, "junit"),
        coverage: flags["coverage"] === true,
        coverageThreshold: typeof threshold === "number" ? threshold : null,
        format: formatOf(flags),
      };
      setExitCode(await testCommand(options, programFolder, output));
    });
}

function addReplay(program: Command, { output, setExitCode }: ProgramContext, programFolder: string): void {
  program
    .command("replay")
    .description("put recorded alerts through the rules again and show what would differ; executes nothing")
    .option("--since <duration>", "how far back, such as 12h", "30d")
    .option("--rules <path>", "a folder or file of other rules; may be repeated", collectTexts, [])
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .option("--storage.path <folder>", "the service's data; its database is only read")
    .option("--examples <count>", "alerts with another end that are shown", readExamples, EXAMPLES_DEFAULT)
    .addOption(formatOption())
    .action(async (flags: Flags) => {
      const { replayCommand } = await import("../replay.ts");
      const { since, examples } = flags;
      const options = {
        since: typeof since === "string" ? since : "",
        rules: textsFlag(flags, "rules"),
        examples: typeof examples === "number" ? examples : EXAMPLES_DEFAULT,
        configFile: textFlag(flags, "config.file"),
        storagePath: textFlag(flags, "storage.path"),
        format: formatOf(flags),
      };
      setExitCode(await replayCommand(options, programFolder, output));
    });
}

function formatOption(): Option {
  return new Option("-o, --output <format>", "text for people, json for programs")
    .choices(OUTPUT_FORMATS)
    .default("text");
}

function formatOf(flags: Flags): "text" | "json" {
  return flags["output"] === "json" ? "json" : "text";
}

function readPercent(text: string): number {
  const percent = Number(text);
  if (text.trim() !== "" && percent >= 0 && percent <= 100) return percent;
  throw new InvalidArgumentError("it is a number from 0 to 100");
}

function readExamples(text: string): number {
  const count = Number(text);
  if (text.trim() !== "" && Number.isInteger(count) && count >= 0 && count <= EXAMPLES_MAX) return count;
  throw new InvalidArgumentError(`it is a whole number from 0 to ${EXAMPLES_MAX}`);
}
