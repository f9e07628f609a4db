import type { Runbook } from "../runbooks/runbook.ts";
import { makePlan, type Plan, type PlanError } from "../runbooks/plan.ts";
import { type ExpectedDuration, expectedDuration, RUNS_LOOKED_AT } from "../runs/expected-duration.ts";
import { readSucceededDurations } from "../store/run-durations.ts";
import { Batch } from "./batch.ts";
import { calledRunbooks, changedInventoryHosts } from "./candidate.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { judgeCounters } from "./guard-counters.ts";
import { type GuardResult, judgeStanding } from "./guards.ts";
import { sealerOf } from "./run-inputs.ts";

/** A runbook, what it is given, and by whom. */
export interface WantedRun {
  readonly runbook: string;
  /** As it came from outside. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly principal: string;
  /** It is to say what it would do, and change nothing. */
  readonly isDryRun: boolean;
}

/** What a start would run, and whether anything speaks against it now. */
export interface PlannedRun {
  readonly kind: "planned";
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly digest: string;
  /** The texts of secrets and the content of files: for whoever makes the run, never for an answer. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** What each guard of the runbook says of a start at this moment. */
  readonly guards: readonly GuardResult[];
  /** By its last runs; null when too few of them have succeeded. */
  readonly expectedDuration: ExpectedDuration | null;
}

export type RunbookPlanning =
  | PlannedRun
  | { readonly kind: "no-runbook" }
  | { readonly kind: "refused"; readonly about: "inputs" | "steps"; readonly errors: readonly PlanError[] };

/** Plans a start by a person and judges its guards, as a start would. Nothing is stored, held or counted. */
export async function planRunbook(
  dependencies: EngineDependencies,
  wanted: WantedRun,
): Promise<RunbookPlanning> {
  const catalog = dependencies.catalog.current();
  const runbook = catalog.runbooks.get(wanted.runbook);
  if (runbook === undefined) return { kind: "no-runbook" };
  const seal = sealerOf(dependencies.inputKey, runbook.name);
  const { inventory, runbooks } = catalog;
  const planning = makePlan(runbook, wanted.inputs, { inventory, runbooks, sealSecret: seal });
  if (!planning.ok) return { kind: "refused", about: planning.about, errors: planning.errors };
  const { plan, digest, contents } = planning;
  const guards = await judgeGuards(dependencies, wanted, runbook, plan);
  const durationsMs = await readSucceededDurations(dependencies.store.reader, runbook.name, RUNS_LOOKED_AT);
  const expected = expectedDuration(durationsMs);
  return { kind: "planned", runbook, plan, digest, contents, guards, expectedDuration: expected };
}

/** In a transaction, since guards read what starts have counted; it writes nothing. */
async function judgeGuards(
  dependencies: EngineDependencies,
  { principal, isDryRun }: WantedRun,
  runbook: Runbook,
  plan: Plan,
): Promise<GuardResult[]> {
  const { store, catalog } = dependencies;
  return store.transaction(async (tx) => {
    const snapshot = catalog.current();
    const { reads } = new Batch(tx, dependencies, snapshot, await store.nowMs(tx));
    const candidate = {
      runId: null,
      rule: null,
      ruleName: null,
      runbook,
      called: calledRunbooks(snapshot.runbooks, plan),
      plan,
      changed: changedInventoryHosts(snapshot.inventory, plan),
      groupKey: "",
      rung: 0,
      principal,
      isDryRun,
      afterRuns: new Map(),
    };
    return [...(await judgeStanding(reads, candidate)), ...(await judgeCounters(reads, candidate, false))];
  });
}
