import { isFinal, isFinalStep, type RunState, type StepState } from "../../src/runs/states.ts";
import { queryDatabase } from "./database.ts";
import type { ServiceFolder } from "./service.ts";

/** What the database of a stopped service says about the alerts that were acknowledged. */
export interface Ledger {
  /** Label `n` of acknowledged alerts that have no episode. */
  readonly lost: readonly string[];
  /** Alerts that should have started one run and started none. */
  readonly missingRuns: readonly string[];
  /** Alerts that have more than one run. */
  readonly duplicateRuns: readonly string[];
  /** Runs and steps whose states cannot be true together. */
  readonly illegal: readonly string[];
  readonly runs: number;
}

interface RunRow {
  readonly id: string;
  readonly state: RunState;
  readonly episode_id: string;
  readonly finished_at: number | null;
}

/** Compares what senders were told with what is stored. `starts`: whether a rule starts a run for the alert. */
export function readLedger(
  at: ServiceFolder,
  acknowledged: Iterable<string>,
  starts: (n: string) => boolean,
): Ledger {
  const episodes = new Map<string, string[]>();
  for (const row of queryDatabase<{ id: string; labels: string }>(at, "select id, labels from episode")) {
    const n = new Map(JSON.parse(row.labels) as [string, string][]).get("n") ?? "";
    episodes.set(n, [...(episodes.get(n) ?? []), row.id]);
  }
  const rows = queryDatabase<RunRow>(at, "select id, state, episode_id, finished_at from run");
  const runsOf = new Map<string, number>();
  for (const row of rows) runsOf.set(row.episode_id, (runsOf.get(row.episode_id) ?? 0) + 1);
  const countRuns = (n: string) =>
    (episodes.get(n) ?? []).reduce((count, id) => count + (runsOf.get(id) ?? 0), 0);
  const told = [...acknowledged];
  return {
    lost: told.filter((n) => !episodes.has(n)),
    missingRuns: told.filter((n) => starts(n) && countRuns(n) === 0),
    duplicateRuns: [...episodes.keys()].filter((n) => countRuns(n) > (starts(n) ? 1 : 0)),
    illegal: illegalStates(at, rows),
    runs: rows.length,
  };
}

function illegalStates(at: ServiceFolder, runs: readonly RunRow[]): string[] {
  const problems: string[] = [];
  const steps = queryDatabase<{ run_id: string; id: string; state: StepState }>(at, "select * from step");
  const byRun = Map.groupBy(steps, (step) => step.run_id);
  for (const run of runs) {
    if (isFinal(run.state) !== (run.finished_at !== null))
      problems.push(`run ${run.id} is ${run.state}, finished at ${run.finished_at}`);
    if (!isFinal(run.state)) continue;
    for (const step of byRun.get(run.id) ?? []) {
      if (!isFinalStep(step.state))
        problems.push(`run ${run.id} is ${run.state} and its step ${step.id} ${step.state}`);
      if (run.state === "succeeded" && !["succeeded", "skipped"].includes(step.state))
        problems.push(`run ${run.id} succeeded and its step ${step.id} is ${step.state}`);
    }
  }
  const attempts = queryDatabase<{ run_id: string; step_id: string }>(
    at,
    `select attempt.run_id, attempt.step_id from attempt join run on run.id = attempt.run_id
     where attempt.status is null and run.finished_at is not null`,
  );
  for (const attempt of attempts)
    problems.push(`run ${attempt.run_id} left ${attempt.step_id} without an end`);
  return problems;
}
