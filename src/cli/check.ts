import { relative } from "node:path";
import { type Catalog, hasErrors } from "../catalog/catalog.ts";
import { loadCatalog } from "../catalog/load.ts";
import { type FileProblem, formatProblem } from "../platform/problems.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { loadSettings } from "../settings/load.ts";
import type { CommandOutput } from "./output.ts";

export const CHECK_FORMATS = ["human", "json", "github"] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];

export interface CheckOptions {
  /** Null for `nightshift.yml` here, else the one shipped with the program. */
  readonly configFile: string | null;
  readonly format: CheckFormat;
  /** Also warns of what works but is likely not meant. */
  readonly lint: boolean;
  /** Warnings make the command fail, too. */
  readonly lintFatal: boolean;
}

/** What was checked, and what is wrong with it. */
interface CheckReport {
  readonly files: number;
  readonly rules: number;
  readonly runbooks: number;
  readonly hosts: number;
  readonly problems: readonly FileProblem[];
}

/**
 * Checks the settings and everything they name, as a start would, without reading a secret. Problems go to stdout. Resolves
 * with the exit code: 0 when all is good, 2 when a file is wrong, 3 when there are only warnings and they count.
 */
export async function checkCommand(
  options: CheckOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const report = await check(options, programFolder);
  writeReport(report, options.format, output);
  if (hasErrors(report)) return 2;
  return options.lintFatal && report.problems.length > 0 ? 3 : 0;
}

async function check(options: CheckOptions, programFolder: string): Promise<CheckReport> {
  const flags = { configFile: options.configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) return { files: 1, rules: 0, runbooks: 0, hosts: 0, problems: loaded.problems };
  // Paths as seen from here, so that an editor or a code host finds the files.
  const folder = relative(process.cwd(), loaded.settings.folder) || ".";
  const catalog = await loadCatalog(catalogSourceOf(loaded.settings, folder), {
    lint: options.lint || options.lintFatal,
  });
  return reportOn(catalog, loaded.problems);
}

function reportOn(catalog: Catalog, settingsProblems: readonly FileProblem[]): CheckReport {
  return {
    files: catalog.files.length + 1,
    rules: catalog.rules.length,
    runbooks: catalog.runbooks.size,
    hosts: catalog.inventory.hosts.length,
    problems: [...settingsProblems, ...catalog.problems],
  };
}

function writeReport(report: CheckReport, format: CheckFormat, output: CommandOutput): void {
  const { problems, ...counts } = report;
  const summary = `${summarize(report)}\n`;
  switch (format) {
    case "human":
      output.stdout.write(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
      output.stdout.write(`${problems.length > 0 ? "\n" : ""}${summary}`);
      return;
    case "json":
      output.stdout.write(`${JSON.stringify({ ok: !hasErrors(report), ...counts, problems }, null, 2)}\n`);
      return;
    case "github":
      output.stdout.write(problems.map((problem) => `${githubCommand(problem)}\n`).join(""));
      output.stderr.write(summary);
  }
}

function summarize(report: CheckReport): string {
  const errors = report.problems.filter((problem) => problem.severity === "error").length;
  const warnings = report.problems.length - errors;
  const parts = [
    count(report.files, "file"),
    count(report.rules, "rule"),
    count(report.runbooks, "runbook"),
    count(report.hosts, "host"),
  ];
  const verdict =
    errors + warnings === 0 ? "all good" : `${count(errors, "error")}, ${count(warnings, "warning")}`;
  return `checked ${parts.join(", ")}: ${verdict}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** A workflow command of GitHub Actions, which shows the problem beside its line. */
function githubCommand(problem: FileProblem): string {
  const { file, line, column, length, code, severity, message } = problem;
  const properties = `file=${escapeProperty(file)},line=${line},col=${column},endColumn=${column + length},title=${escapeProperty(code)}`;
  return `::${severity} ${properties}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
