import type { Catalog } from "../catalog/catalog.ts";
import { closestWord, type FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { DECISION_KINDS, type DecisionKind, REASONS } from "../runs/reasons.ts";
import { allSteps, type Step } from "../runbooks/runbook.ts";
import { answersTo } from "../runs/approvals.ts";
import type { Settings } from "../settings/load.ts";
import { expandLabels, EXPANDED_MAX } from "./ranges.ts";
import type { ExpectationConfig, TestConfig, TestFileConfig } from "./test-schema.ts";

/** Where a problem is to be found, and where it goes. */
interface Place {
  readonly yaml: YamlFile;
  readonly path: Path;
  readonly problems: FileProblem[];
}

/** What the schema cannot say. */
export function checkTests(
  yaml: YamlFile,
  config: TestFileConfig,
  settings: Settings,
  catalog: Catalog,
): FileProblem[] {
  const problems: FileProblem[] = [];
  const names = config.tests.map((test) => test.name);
  for (const [index, test] of config.tests.entries()) {
    const place = { yaml, path: ["tests", index], problems };
    if (names.indexOf(test.name) !== index)
      report(place, ["name"], "repeated-name", `there are two tests named "${test.name}"`);
    if (test.runbook === undefined) checkRuleTest(place, test, settings, catalog);
    else checkRunbookTest(place, test, catalog);
  }
  return problems;
}

const RUNBOOK_KEYS = ["with", "mock", "expect_steps", "expect_status", "expect_summary"] as const;
const MOMENT_KEYS = ["alerts", "resolved", "expect", "expect_counts", "expect_runs"] as const;

function checkRuleTest(place: Place, test: TestConfig, settings: Settings, catalog: Catalog): void {
  for (const key of RUNBOOK_KEYS)
    if (test[key] !== undefined)
      report(place, [key], "not-here", `"${key}" is for a runbook test, which has a "runbook"`, true);
  for (const name of Object.keys(test.runs))
    checkKnown(place, ["runs", name], "runbook", name, catalog.runbooks.keys(), true);
  if (test.steps === undefined) {
    checkMoment(place, test, settings, catalog);
    return;
  }
  for (const key of MOMENT_KEYS)
    if (test[key] !== undefined)
      report(place, [key], "not-here", `a test with "steps" has "${key}" in them`, true);
  for (const [index, step] of test.steps.entries()) {
    const before = test.steps[index - 1];
    if (before !== undefined && step.at < before.at)
      report(place, ["steps", index, "at"], "not-in-order", "the steps are in the order of their times");
    checkMoment({ ...place, path: [...place.path, "steps", index] }, step, settings, catalog);
  }
}

type Moment = Pick<TestConfig, (typeof MOMENT_KEYS)[number]>;

function checkMoment(place: Place, moment: Moment, settings: Settings, catalog: Catalog): void {
  const sources = settings.sources.map((source) => source.name);
  const rules = () => catalog.rules.map((rule) => rule.name);
  for (const key of ["alerts", "resolved"] as const) {
    for (const [index, alert] of (moment[key] ?? []).entries()) {
      if (alert.source !== undefined)
        checkKnown(place, [key, index, "source"], "source", alert.source, sources);
      if (expandLabels(Object.entries(alert.labels)) === undefined)
        report(place, [key, index, "labels"], "too-many", `the ranges give more than ${EXPANDED_MAX} alerts`);
      if (Object.keys(alert.labels).length === 0)
        report(place, [key, index, "labels"], "invalid-value", "an alert has at least one label");
    }
  }
  for (const [index, entry] of (moment.expect ?? []).entries()) {
    const at = ["expect", index] as const;
    checkExpectation({ ...place, path: [...place.path, ...at] }, entry);
    for (const key of ["rule", "joined"] as const)
      if (entry[key] !== undefined) checkKnown(place, [...at, key], "rule", entry[key], rules());
    if (entry.runbook !== undefined)
      checkKnown(place, [...at, "runbook"], "runbook", entry.runbook, catalog.runbooks.keys());
  }
  for (const key of Object.keys(moment.expect_counts ?? {})) checkCountKey(place, key);
  for (const [index, run] of (moment.expect_runs ?? []).entries()) {
    const at = ["expect_runs", index] as const;
    if (run.rule !== undefined) checkKnown(place, [...at, "rule"], "rule", run.rule, rules());
    if (run.runbook !== undefined)
      checkKnown(place, [...at, "runbook"], "runbook", run.runbook, catalog.runbooks.keys());
  }
}

/** The kinds that an entry of `expect` can name; `started` is meant when it names none. */
export const EXPECTED_KINDS = [
  "started",
  "delayed",
  "refused",
  "queued",
  "ignored",
  "observed",
  "waiting_person",
  "no_match",
  "joined",
] as const satisfies readonly DecisionKind[];

function checkExpectation(place: Place, entry: ExpectationConfig): void {
  const kinds = EXPECTED_KINDS.filter((kind) => entry[kind] !== undefined);
  if (kinds.length > 1)
    report(place, [kinds[1] ?? ""], "invalid-value", `a decision is either ${kinds.join(" or ")}`, true);
  for (const kind of ["delayed", "refused", "queued", "ignored"] as const)
    if (entry[kind] !== undefined) checkKnown(place, [kind], "reason", entry[kind], REASONS);
  if (kinds.length === 0 && entry.rule === undefined)
    report(place, [], "missing-key", `name the rule, or one of ${EXPECTED_KINDS.join(", ")}`);
}

function checkCountKey(place: Place, key: string): void {
  const [kind = "", reason, ...rest] = key.split(":");
  const path = ["expect_counts", key];
  checkKnown(place, path, "kind of decision", kind, DECISION_KINDS, true);
  if (reason !== undefined) checkKnown(place, path, "reason", reason, REASONS, true);
  if (rest.length > 0) report(place, path, "invalid-value", 'write it like "delayed:cooldown"', true);
}

function checkRunbookTest(place: Place, test: TestConfig, catalog: Catalog): void {
  for (const key of [...MOMENT_KEYS, "steps"] as const)
    if (test[key] !== undefined)
      report(place, [key], "not-here", `"${key}" is for a rule test; this one has a "runbook"`, true);
  if (Object.keys(test.runs).length > 0)
    report(place, ["runs"], "not-here", '"runs" is for a rule test; this one has a "runbook"', true);
  const runbook = catalog.runbooks.get(test.runbook ?? "");
  if (runbook === undefined) {
    checkKnown(place, ["runbook"], "runbook", test.runbook ?? "", catalog.runbooks.keys());
    return;
  }
  const steps = allSteps(runbook);
  const ids = steps.map((step) => step.id);
  for (const step of steps) checkAnswers(place, step, test);
  for (const key of ["mock", "expect_steps"] as const)
    for (const id of Object.keys(test[key] ?? {})) checkKnown(place, [key, id], "step", id, ids, true);
}

/** An answer that nobody is asked for would never be given. */
function checkAnswers(place: Place, step: Step, { mock = {} }: TestConfig): void {
  const mocks = [Object.hasOwn(mock, step.id) ? (mock[step.id] ?? []) : []].flat();
  const kind = step.verb === "approve" ? "step" : step.askOnFailure === null ? null : "failed_step";
  for (const { answer } of mocks) {
    if (answer === undefined || (answer === "none" && kind !== null)) continue;
    const offered: readonly string[] = kind === null ? [] : answersTo(kind);
    if (offered.includes(answer)) continue;
    const message =
      kind === null
        ? `nobody is asked at step "${step.id}", so there is no answer`
        : `step "${step.id}" is answered with one of: ${[...offered, "none"].join(", ")}`;
    report(place, ["mock", step.id], "not-here", message, true);
  }
}

function checkKnown(
  place: Place,
  path: Path,
  noun: string,
  name: string,
  known: Iterable<string>,
  onKey = false,
): void {
  const names = [...known];
  if (names.includes(name)) return;
  const meant = closestWord(name, names);
  const advice = meant === undefined ? "" : `; did you mean "${meant}"?`;
  report(
    place,
    path,
    `unknown-${noun.split(" ")[0] ?? noun}`,
    `there is no ${noun} "${name}"${advice}`,
    onKey,
  );
}

function report(place: Place, path: Path, code: string, message: string, onKey = false): void {
  place.problems.push(place.yaml.problem([...place.path, ...path], code, message, { onKey }));
}
