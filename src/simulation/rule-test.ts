import { formatDurationMs } from "../platform/durations.ts";
import type { Decision, Run } from "../runs/records.ts";
import { listRuns } from "../store/runs.ts";
import { deliveryLimits } from "../settings/limits.ts";
import { createAlertSender, type SentDelivery } from "./alert-body.ts";
import type { Coverage } from "./coverage.ts";
import type { SharedParts } from "./dependencies.ts";
import { diffLists } from "./diff.ts";
import { entriesOf, type Entry, fits, formatEntry, formatExpectation } from "./entries.ts";
import type { LoadedTest, TestFile } from "./load-tests.ts";
import type { ExpectationConfig, RunExpectation, StepConfig } from "./test-schema.ts";
import { openSimulation, type Simulation } from "./world.ts";

/** One expectation that did not hold. */
export interface Failure {
  readonly line: number;
  /** What was compared, such as `decisions at 6m`. */
  readonly title: string;
  /** ` ` as expected, `-` expected and missing, `+` not expected. */
  readonly diff: readonly string[];
}

/** When a test begins that does not say it. */
export const DEFAULT_NOW_MS = Date.UTC(2026, 0, 1);
/** Runs that `expect_runs` looks at. */
const RUNS_MAX = 10_000;

/** Runs the steps of a rule test in order. Resolves with what was other than expected. */
export async function runRuleTest(
  file: TestFile,
  { config, line, stepLines }: LoadedTest,
  parts: { readonly shared: SharedParts; readonly coverage: Coverage },
): Promise<readonly Failure[]> {
  const startMs = config.now ?? DEFAULT_NOW_MS;
  const answers = { ...file.prometheus, ...config.prometheus };
  const hasPrometheus = file.prometheus !== null || config.prometheus !== undefined;
  const simulation = await openSimulation({
    shared: parts.shared,
    settings: file.settings,
    catalog: parts.coverage.watch(file.catalog),
    startMs,
    prometheus: hasPrometheus ? new Map(Object.entries(answers)) : null,
    endOf(run) {
      const told = Object.hasOwn(config.runs, run.runbook) ? config.runs[run.runbook] : undefined;
      return { durationMs: told?.takes ?? 0, end: told?.ends ?? "succeeded" };
    },
  });
  try {
    const sender = createAlertSender(file.settings.sources[0]?.name ?? "", deliveryLimits(file.settings));
    const failures: Failure[] = [];
    const steps: readonly StepConfig[] = config.steps ?? [{ ...config, at: 0 }];
    for (const [index, step] of steps.entries()) {
      await simulation.goTo(startMs + step.at);
      await deliver(simulation, sender.resolved(step.resolved ?? [], startMs + step.at));
      await deliver(simulation, sender.firing(step.alerts ?? [], startMs + step.at));
      const decisions = await simulation.takeDecisions();
      parts.coverage.note(decisions);
      const at = config.steps === undefined ? "" : ` at ${formatDurationMs(step.at)}`;
      failures.push(...(await check(simulation, step, decisions, { at, line: stepLines[index] ?? line })));
    }
    return failures;
  } finally {
    await simulation.close();
  }
}

async function deliver(simulation: Simulation, sent: readonly SentDelivery[]): Promise<void> {
  for (const { source, delivery } of sent) {
    const found = simulation.source(source);
    if (found !== undefined) await simulation.deliver(found, delivery);
  }
}

async function check(
  simulation: Simulation,
  step: StepConfig,
  decisions: readonly Decision[],
  place: { readonly at: string; readonly line: number },
): Promise<Failure[]> {
  const entries = await entriesOf(simulation.store.reader, decisions);
  const found: { title: string; diff: readonly string[] | null }[] = [];
  if (step.expect !== undefined)
    found.push({ title: `decisions${place.at}`, diff: diffDecisions(step.expect, entries) });
  if (step.expect_counts !== undefined)
    found.push({ title: `counts${place.at}`, diff: diffCounts(step.expect_counts, decisions) });
  if (step.expect_runs !== undefined) {
    const runs = (await listRuns(simulation.store.reader, {}, RUNS_MAX, null)).toReversed();
    found.push({ title: `runs${place.at}`, diff: diffRuns(step.expect_runs, runs) });
  }
  return found.flatMap(({ title, diff }) => (diff === null ? [] : [{ line: place.line, title, diff }]));
}

/** Null when all is as expected. */
function diffDecisions(expected: readonly ExpectationConfig[], entries: readonly Entry[]): string[] | null {
  const lines = diffLists(expected, entries, fits);
  if (lines.every(({ kind }) => kind === "same")) return null;
  const hasInputs = expected.some((each) => each.with !== undefined);
  return lines.map((each) => {
    switch (each.kind) {
      case "same":
        return `  ${formatExpectation(each.expected)}`;
      case "missing":
        return `- ${formatExpectation(each.expected)}`;
      case "surplus":
        return `+ ${formatEntry(each.got, hasInputs)}${each.got.text === null ? "" : `  # ${each.got.text}`}`;
    }
  });
}

function diffCounts(
  expected: Readonly<Record<string, number>>,
  decisions: readonly Decision[],
): string[] | null {
  const counts = new Map<string, number>();
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { kind, reason } of decisions) {
    add(kind);
    if (reason !== null) add(`${kind}:${reason}`);
  }
  const wrong = Object.entries(expected).filter(([key, count]) => (counts.get(key) ?? 0) !== count);
  if (wrong.length === 0) return null;
  const right = Object.entries(expected).filter(([key, count]) => (counts.get(key) ?? 0) === count);
  // What nobody counted explains where the others went.
  const others = [...counts].filter(
    ([key]) =>
      !Object.hasOwn(expected, key) && ![...counts.keys()].some((other) => other.startsWith(`${key}:`)),
  );
  return [
    ...right.map(([key, count]) => `  ${key}: ${count}`),
    ...wrong.flatMap(([key, count]) => [`- ${key}: ${count}`, `+ ${key}: ${counts.get(key) ?? 0}`]),
    ...others.map(([key, count]) => `# ${key}: ${count}`),
  ];
}

function diffRuns(expected: readonly RunExpectation[], runs: readonly Run[]): string[] | null {
  const lines = diffLists(expected, runs, fitsRun);
  if (lines.every(({ kind }) => kind === "same")) return null;
  return lines.map((each) => {
    switch (each.kind) {
      case "same":
        return `  ${formatRun(each.expected)}`;
      case "missing":
        return `- ${formatRun(each.expected)}`;
      case "surplus": {
        const { trigger, runbook, state, outcome, rung, message, outcomeBecause } = each.got;
        const text = outcomeBecause ?? message;
        const shown = { rule: trigger.rule ?? undefined, runbook, status: state, outcome, rung };
        return `+ ${formatRun(shown)}${text === null ? "" : `  # ${text}`}`;
      }
    }
  });
}

function fitsRun(expected: RunExpectation, run: Run): boolean {
  return (
    (expected.rule === undefined || expected.rule === run.trigger.rule) &&
    (expected.runbook === undefined || expected.runbook === run.runbook) &&
    (expected.status === undefined || expected.status === run.state) &&
    (expected.outcome === undefined || expected.outcome === run.outcome) &&
    (expected.rung === undefined || expected.rung === run.rung)
  );
}

function formatRun(run: Readonly<Record<string, unknown>>): string {
  const known = Object.entries(run).filter(([, value]) => value !== undefined);
  return `{${known.map(([name, value]) => `${name}: ${String(value)}`).join(", ")}}`;
}
