import { Command, CommanderError, Option } from "commander";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { addRunbookCommands } from "./cli/program/runbook-commands.ts";
import { addRedactCommand } from "./cli/program/redact-command.ts";
import { addBundleCommands } from "./cli/program/bundle-commands.ts";
import { addServerCommands } from "./cli/program/server-commands.ts";
import { addSimulationCommands } from "./cli/program/simulation-commands.ts";
import { addCompletion } from "./cli/program/completion-commands.ts";
import { LOG_LEVELS, type LogLevel } from "./platform/log.ts";

// Arguments, signals and exit codes; each command is a file of cli/, imported only when it is called.

/** Holds package.json, nightshift.yml, rules/ and runbooks/, in a checkout as in the installed package. */
const programFolder = fileURLToPath(new URL("..", import.meta.url));
const output = { stdout: process.stdout, stderr: process.stderr };

function readVersion(): string {
  return (
    JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
  ).version;
}

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("nightshift")
    .description("Runs the runbook before anyone is paged.")
    .version(readVersion())
    .exitOverride()
    .showHelpAfterError("(nightshift COMMAND --help shows the flags)");
  addServe(program, setExitCode);
  addCheck(program, setExitCode);
  addServerCommands(program, { output, setExitCode }, programFolder);
  addRunbookCommands(program, { output, setExitCode }, programFolder);
  addSimulationCommands(program, { output, setExitCode }, programFolder);
  addRedactCommand(program, { output, setExitCode }, programFolder);
  program
    .command("schema")
    .description("print the JSON Schema of a file kind, for editors")
    .addArgument(
      program
        .createArgument("<kind>", "which file")
        .choices(["rules", "runbook", "settings", "hosts", "test", "schedules"]),
    )
    .action(async (kind: "rules" | "runbook" | "settings" | "hosts" | "test" | "schedules") => {
      const { schemaCommand } = await import("./cli/schema.ts");
      setExitCode(schemaCommand(kind, output));
    });
  addBundleCommands(program, { output, setExitCode });
  program
    .command("demo")
    .description("show the whole way of an alert on this machine, with nothing else installed")
    .option("--exit", "end after the bundle is made, instead of staying up for the browser")
    .option("--port <port>", "of the web pages; 0 takes a free one", "0")
    .action(async (flags: { exit?: boolean; port: string }) => {
      const { demoCommand } = await import("./cli/demo/demo.ts");
      setExitCode(
        await demoCommand(
          { exit: flags.exit === true, port: Number(flags.port), version: readVersion() },
          output,
        ),
      );
    });
  addCompletion(program, { output, setExitCode });
  return program;
}

function addServe(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("serve")
    .description("run the service")
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .option("--web.listen-address <address>", "where to listen, such as 127.0.0.1:9095")
    .option("--web.external-url <url>", "how people reach the service; begins every link")
    .option("--web.enable-lifecycle", "allow POST /-/reload")
    .option("--storage.path <folder>", "database, archive and work folders")
    .addOption(
      new Option("--log.level <level>", "from which level on to log").choices(LOG_LEVELS).default("info"),
    )
    .addOption(
      new Option("--log.format <format>", "text for people, json for collectors")
        .choices(["text", "json"])
        .default("text"),
    )
    .action(async (flags: Record<string, string | boolean | undefined>) => {
      const { serveCommand } = await import("./cli/serve.ts");
      const text = (name: string) => (typeof flags[name] === "string" ? flags[name] : null);
      const options = {
        configFile: text("config.file"),
        listenAddress: text("web.listenAddress"),
        externalUrl: text("web.externalUrl"),
        storagePath: text("storage.path"),
        enableLifecycle: flags["web.enableLifecycle"] === true,
        logLevel: text("log.level") as LogLevel,
        logFormat: text("log.format") as "text" | "json",
        programFolder,
        version: readVersion(),
      };
      setExitCode(await serveCommand(options, output));
    });
}

function addCheck(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("check")
    .description("check settings, rules, runbooks and hosts; exit 2 when one is wrong")
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .addOption(
      new Option("--format <format>", "how problems are printed")
        .choices(["human", "json", "github"])
        .default("human"),
    )
    .option("--lint", "also warn of what works but is likely not meant")
    .option("--lint-fatal", "warnings fail, too (exit 3)")
    .action(async (flags: Record<string, string | boolean | undefined>) => {
      const { checkCommand } = await import("./cli/check.ts");
      const options = {
        configFile: typeof flags["config.file"] === "string" ? flags["config.file"] : null,
        format: flags["format"] as "human" | "json" | "github",
        lint: flags["lint"] === true || flags["lintFatal"] === true,
        lintFatal: flags["lintFatal"] === true,
      };
      setExitCode(await checkCommand(options, programFolder, output));
    });
}

/** 0 ok, 1 error, 2 wrong usage or file, 3 lint failure, 4 not allowed. */
async function main(): Promise<number> {
  let exitCode = 0;
  try {
    await createProgram((code) => {
      exitCode = code;
    }).parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`nightshift: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
