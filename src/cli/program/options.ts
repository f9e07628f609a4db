import { type Command, InvalidArgumentError, Option } from "commander";
import { OUTPUT_FORMATS, type ServerFlags } from "../client/flags.ts";
import type { CommandOutput } from "../output.ts";

/** What every wired command is given. */
export interface ProgramContext {
  readonly output: CommandOutput;
  readonly setExitCode: (code: number) => void;
}

/** The flags of one call, as commander has read them. */
export type Flags = Readonly<Record<string, unknown>>;

/** The group of this name, such as `rule`; made when it is not there yet, since several files add to one. */
export function commandGroup(program: Command, name: string, description: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  return known ?? program.command(name).description(description);
}

/** Adds what every command has that talks to a server. */
export function withServerOptions(command: Command): Command {
  return command
    .option("--server <url>", "where Nightshift runs; default NIGHTSHIFT_URL, else http://127.0.0.1:9095")
    .addOption(
      new Option("-o, --output <format>", "text for people, json for programs")
        .choices(OUTPUT_FORMATS)
        .default("text"),
    );
}

export function serverFlags(flags: Flags): ServerFlags {
  return { server: textFlag(flags, "server"), format: flags["output"] === "json" ? "json" : "text" };
}

export function textFlag(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === "string" ? value : null;
}

/** Of a flag that may be given several times. */
export function textsFlag(flags: Flags, name: string): string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

export function collectTexts(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 10_000;

export function withLimit(command: Command): Command {
  return command.option("--limit <count>", "how many are shown", readLimit, LIMIT_DEFAULT);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`it is a whole number from 1 to ${LIMIT_MAX}`);
}

export function limitFlag(flags: Flags): number {
  return typeof flags["limit"] === "number" ? flags["limit"] : LIMIT_DEFAULT;
}

/** The inputs of a runbook. */
export function withInputOptions(command: Command): Command {
  return command
    .option("--input <name=value>", "an input; repeat it for lists", collectTexts, [])
    .option(
      "--input-file <name=path>",
      "an input from a file, or from standard input (-): files and secrets",
      collectTexts,
      [],
    );
}

/** `--reason`, and one of `--for` and `--until`. */
export function withReasonAndEnd(command: Command): Command {
  return command
    .requiredOption("--reason <text>", "why; whoever wonders reads it")
    .addOption(new Option("--for <duration>", "how long, such as 2h").conflicts("until"))
    .option("--until <time>", "when it ends, such as 2026-11-23T07:00:00Z")
    .hook("preAction", (_parent, called) => {
      const { for: duration, until } = called.opts<Flags>();
      if (duration === undefined && until === undefined)
        called.error("error: say when it ends: --for 2h, or --until TIME");
    });
}
