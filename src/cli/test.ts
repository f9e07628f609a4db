import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { loadCatalog } from "../catalog/load.ts";
import { findTestFiles } from "../catalog/files.ts";
import { type FileProblem, formatProblem } from "../platform/problems.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { loadSettings } from "../settings/load.ts";
import { coveredPercent, type Coverage, createCoverage, type RuleCoverage } from "../simulation/coverage.ts";
import { createSharedParts } from "../simulation/dependencies.ts";
import { loadTestFile, type TestFile } from "../simulation/load-tests.ts";
import { runTest, type TestResult } from "../simulation/run-tests.ts";
import { junitXml } from "./junit.ts";
import type { CommandOutput } from "./output.ts";

export interface TestOptions {
  /** Empty for all files beside the configured rules. */
  readonly files: readonly string[];
  readonly configFile: string | null;
  /** Only tests whose name this regular expression finds. */
  readonly run: string | null;
  /** Where to write JUnit XML. */
  readonly junit: string | null;
  readonly coverage: boolean;
  /** Fewer percent of the rules matched is a failure. */
  readonly coverageThreshold: number | null;
  readonly format: "text" | "json";
}

/** What is run: the loaded files, or the exit code of what kept them from being loaded. */
type Selection =
  | { readonly ok: true; readonly files: readonly TestFile[]; readonly coverage: Coverage }
  | { readonly ok: false; readonly problems: readonly FileProblem[]; readonly message: string | null };

/**
 * Runs rule and runbook tests with simulated time; nothing outside is touched. Resolves with the exit code: 0 when all
 * passed, 3 when one failed or too few rules are covered, 2 when a file or a flag is wrong.
 */
export async function testCommand(
  options: TestOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const { run } = options;
  const pattern = run === null ? null : patternOf(run);
  if (pattern === undefined) return refuse(output, `--run ${String(run)} is no regular expression`);
  const selection = await select(options, programFolder);
  if (!selection.ok) {
    output.stdout.write(selection.problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
    return refuse(output, selection.message ?? "no test was run, since not all files are good");
  }
  const startedAtMs = performance.now();
  const parts = { shared: createSharedParts(), coverage: selection.coverage };
  const results: TestResult[] = [];
  for (const file of selection.files)
    for (const test of file.tests)
      if (pattern === null || pattern.test(test.config.name)) results.push(await runTest(file, test, parts));
  if (results.length === 0) return refuse(output, `no test has a name with ${String(run)} in it`);
  const durationMs = performance.now() - startedAtMs;
  if (options.junit !== null) await writeFile(options.junit, junitXml(results));
  const hasCoverage = options.coverage || options.coverageThreshold !== null;
  const covered = hasCoverage ? parts.coverage.report() : null;
  const text =
    options.format === "json"
      ? jsonReport(results, durationMs, covered)
      : report(results, durationMs, covered);
  output.stdout.write(text);
  return exitCode(options, results, covered, output);
}

function exitCode(
  { coverageThreshold }: TestOptions,
  results: readonly TestResult[],
  covered: readonly RuleCoverage[] | null,
  output: CommandOutput,
): number {
  const hasFailed = results.some(({ failures }) => failures.length > 0);
  const percent = covered === null ? 100 : coveredPercent(covered);
  if (coverageThreshold === null || percent >= coverageThreshold) return hasFailed ? 3 : 0;
  output.stderr.write(
    `the tests matched ${percentText(percent)} of the rules, less than ${coverageThreshold} %\n`,
  );
  return 3;
}

function refuse(output: CommandOutput, message: string): number {
  output.stderr.write(`${message}\n`);
  return 2;
}

function patternOf(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "u");
  } catch {
    return undefined;
  }
}

/** Named files stand for themselves. Without any, all tests beside the configured rules, and all of these rules count. */
async function select(options: TestOptions, programFolder: string): Promise<Selection> {
  const coverage = createCoverage();
  const problems: FileProblem[] = [];
  let names = options.files;
  if (names.length === 0) {
    const flags = {
      configFile: options.configFile,
      listenAddress: null,
      externalUrl: null,
      storagePath: null,
    };
    const loaded = await loadSettings(flags, programFolder);
    if (!loaded.ok) return { ok: false, problems: loaded.problems, message: null };
    const source = catalogSourceOf(loaded.settings, relative(process.cwd(), loaded.settings.folder) || ".");
    const catalog = await loadCatalog(source);
    coverage.add(catalog);
    names = await findTestFiles(source);
    const message = `there is no *.test.yml beside the rules of ${loaded.settings.file}; name the files, or write one (docs/testing.md)`;
    if (names.length === 0) return { ok: false, problems: [], message };
  }
  const files: TestFile[] = [];
  for (const name of names) {
    const file = await loadTestFile(name, problems);
    if (file !== undefined) files.push(file);
  }
  return problems.some((problem) => problem.severity === "error")
    ? { ok: false, problems, message: null }
    : { ok: true, files, coverage };
}

function report(
  results: readonly TestResult[],
  durationMs: number,
  covered: readonly RuleCoverage[] | null,
): string {
  const failed = results.filter(({ failures }) => failures.length > 0);
  const details = failed.flatMap(({ file, line, name, failures }) => [
    `FAIL ${file}:${line}: ${name}`,
    ...failures.flatMap((failure) => [
      `  ${file}:${failure.line}: ${failure.title} (- expected, + got)`,
      ...failure.diff.map((each) => `    ${each}`),
    ]),
    "",
  ]);
  const counts = `${results.length - failed.length} passed, ${failed.length} failed in ${(durationMs / 1000).toFixed(1)} s`;
  return [...details, ...(covered === null ? [] : coverageLines(covered)), counts, ""].join("\n");
}

function coverageLines(covered: readonly RuleCoverage[]): string[] {
  const matched = covered.filter((rule) => rule.isMatched).length;
  return [
    `coverage: ${matched} of ${covered.length} rules matched (${percentText(coveredPercent(covered))})`,
    ...covered.map((rule) => `  ${rule.file}:${rule.line}: ${rule.rule}: ${coverageText(rule)}`),
    "",
  ];
}

function coverageText({ isMatched, isStarted, unseen }: RuleCoverage): string {
  if (!isMatched) return "never matched";
  const missing = [...(isStarted ? [] : ["a start"]), ...unseen];
  return missing.length === 0 ? "all seen" : `matched; never seen: ${missing.join(", ")}`;
}

function percentText(percent: number): string {
  return `${Math.floor(percent)} %`;
}

function jsonReport(
  results: readonly TestResult[],
  durationMs: number,
  covered: readonly RuleCoverage[] | null,
): string {
  const tests = results.map(({ file, name, line, durationMs: tookMs, failures }) => ({
    file,
    name,
    line,
    passed: failures.length === 0,
    duration_seconds: tookMs / 1000,
    failures,
  }));
  const rules = covered?.map(({ rule, file, line, isMatched, isStarted, unseen }) => ({
    rule,
    file,
    line,
    matched: isMatched,
    started: isStarted,
    unseen,
  }));
  const passed = tests.filter((test) => test.passed).length;
  const document = {
    passed,
    failed: tests.length - passed,
    duration_seconds: durationMs / 1000,
    tests,
    coverage: covered === null ? null : { percent: coveredPercent(covered), rules },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
