import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArtifactStore } from "../archive/artifact-store.ts";
import type { EngineDependencies } from "../engine/dependencies.ts";
import { mayStart } from "../engine/dispatch.ts";
import { executeRun } from "../engine/execute.ts";
import { keepContents } from "../engine/run-inputs.ts";
import { compiledRunbook, type RunbookCache } from "../engine/runbook-cache.ts";
import { newId } from "../platform/ids.ts";
import { makePlan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import { ON_RESOLVE_DEFAULT, type Run, type StepRecord } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import { calledRunbooks } from "../engine/candidate.ts";
import { openMemoryStore } from "../store/memory.ts";
import { insertRuns, type NewRun, putRunbookText } from "../store/new-runs.ts";
import { nextWaitingMs, readRun } from "../store/runs.ts";
import { readSteps } from "../store/steps.ts";
import { createClaimer } from "./claim.ts";
import { createSimulatedClock, type SimulatedClock } from "./clock.ts";
import { type SharedParts, simulatedDependencies } from "./dependencies.ts";
import type { LoadedTest, TestFile } from "./load-tests.ts";
import { answerPeople } from "./people.ts";
import { mockedSteps, type Mocks } from "./mocked-steps.ts";
import { DEFAULT_NOW_MS, type Failure } from "./rule-test.ts";
import { sessionOf } from "./session.ts";
import { simulatedPrometheus } from "./sources.ts";
import type { TestConfig } from "./test-schema.ts";

/** Runs a runbook with mocked steps. Resolves with what was other than expected. */
export async function runRunbookTest(
  file: TestFile,
  { config, line }: LoadedTest,
  shared: SharedParts,
): Promise<readonly Failure[]> {
  const runbook = file.catalog.runbooks.get(config.runbook ?? "");
  if (runbook === undefined) throw new Error(`the runbook ${String(config.runbook)} was not checked`);
  const planning = makePlan(runbook, config.with ?? {}, file.catalog);
  if (!planning.ok) {
    const diff = planning.errors.map(({ pointer, message }) => `+ ${pointer}: ${message}`);
    return [{ line, title: "the plan", diff }];
  }
  const folder = await mkdtemp(join(tmpdir(), "nightshift-simulation-"));
  const clock = createSimulatedClock(config.now ?? DEFAULT_NOW_MS);
  const store = await openMemoryStore(clock);
  try {
    const workRoot = join(folder, "work");
    await mkdir(workRoot);
    const { prometheus } = file;
    const dependencies = simulatedDependencies({
      shared,
      settings: file.settings,
      catalog: file.catalog,
      store,
      clock,
      prometheus:
        prometheus === null && config.prometheus === undefined
          ? null
          : simulatedPrometheus(new Map(Object.entries({ ...prometheus, ...config.prometheus }))),
      files: { artifacts: await openArtifactStore(folder), workRoot },
      simulate: mockedSteps(config.mock ?? {}),
    });
    const run = newRun(runbook, planning, file.catalog.digest, clock.nowMs());
    await store.transaction(async (tx) => {
      for (const one of [runbook, ...calledRunbooks(file.catalog.runbooks, run.plan)])
        await putRunbookText(tx, one);
      await insertRuns(tx, store.dialect, [run]);
      await keepContents(tx, dependencies, run.id, planning.contents);
    });
    const ended = await runToEnd(dependencies, clock, run.id, config.mock ?? {});
    return compare(config, line, ended, await readSteps(store.reader, run.id));
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run as a person would start it. */
function newRun(
  runbook: Runbook,
  planning: Extract<ReturnType<typeof makePlan>, { ok: true }>,
  catalogDigest: string,
  nowMs: number,
): NewRun {
  return {
    id: newId(),
    runbook: runbook.name,
    runbookDigest: runbook.digest,
    plan: planning.plan,
    planDigest: planning.digest,
    state: "queued",
    trigger: { kind: "person", rule: null, episodeId: null, principal: "user:test" },
    groupId: null,
    groupKey: null,
    rung: 0,
    onResolve: ON_RESOLVE_DEFAULT,
    isDryRun: false,
    cause: { title: "a test", url: "", startedAtMs: nowMs },
    verification: null,
    createdAtMs: nowMs,
    catalogDigest,
  };
}

/** More turns than waits that any runbook has. */
const TURNS_MAX = 10_000;

/** The run is claimed, executed and taken up after each of its waits, as in the service; only the waits take no time. */
async function runToEnd(
  dependencies: EngineDependencies,
  clock: SimulatedClock,
  runId: string,
  mocks: Mocks,
): Promise<Run> {
  const { store } = dependencies;
  const runbooks: RunbookCache = new Map();
  const claim = createClaimer(dependencies, runbooks);
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const claimed = await claim(1);
    for (const run of claimed) {
      const runbook = await compiledRunbook(store.reader, runbooks, run.runbookDigest);
      const session = sessionOf(dependencies, run, runbook);
      if (run.fence > 1 || (await mayStart(session))) await executeRun(session);
    }
    const run = await readRun(store.reader, runId);
    if (run === null) throw new Error(`run ${runId} is gone`);
    if (isFinal(run.state)) return run;
    if (run.state === "waiting_person") await answerPeople(dependencies, clock, runId, mocks);
    if (claimed.length > 0) continue;
    const next = await nextWaitingMs(store.reader);
    if (next === null || next <= clock.nowMs()) return run;
    clock.goTo(next);
  }
  throw new Error(`run ${runId} does not come to an end`);
}

function compare(config: TestConfig, line: number, run: Run, steps: readonly StepRecord[]): Failure[] {
  const failures: Failure[] = [];
  const states = new Map(steps.map((step) => [step.id, step]));
  const expected = Object.entries(config.expect_steps ?? {});
  if (expected.some(([id, state]) => states.get(id)?.state !== state)) {
    const diff = expected.flatMap(([id, state]) => {
      const step = states.get(id);
      if (step?.state === state) return [`  ${id}: ${state}`];
      const why = step?.message === null || step?.message === undefined ? "" : `  # ${step.message}`;
      return [`- ${id}: ${state}`, `+ ${id}: ${step?.state ?? "not reached"}${why}`];
    });
    failures.push({ line, title: "steps", diff });
  }
  const status = config.expect_status;
  if (status !== undefined && run.state !== status) {
    const why = run.message === null ? "" : `  # ${run.message}`;
    failures.push({ line, title: "status", diff: [`- ${status}`, `+ ${run.state}${why}`] });
  }
  const summary = config.expect_summary?.trim();
  if (summary !== undefined && (run.summary ?? "").trim() !== summary) {
    const diff = [...prefixed("- ", summary), ...prefixed("+ ", (run.summary ?? "").trim())];
    failures.push({ line, title: "summary", diff });
  }
  return failures;
}

function prefixed(prefix: string, text: string): string[] {
  return text.split("\n").map((each) => `${prefix}${each}`);
}
