import type { EngineDependencies } from "../engine/dependencies.ts";
import { mayStart } from "../engine/dispatch.ts";
import { finishRun } from "../engine/end-run.ts";
import { compiledRunbook, type RunbookCache } from "../engine/runbook-cache.ts";
import { commitOwned, type RunSession } from "../engine/session.ts";
import type { Runbook, Step } from "../runbooks/runbook.ts";
import type { Run } from "../runs/records.ts";
import type { RunEnd } from "../runs/states.ts";
import { isAnyRunQueued } from "../store/recorded.ts";
import { noteHostChange } from "../store/run-hosts.ts";
import { noteChange } from "../store/run-ownership.ts";
import { readCancelRequests } from "../store/runs.ts";
import { createClaimer } from "./claim.ts";
import { sessionOf } from "./session.ts";
import { changesSystem } from "../runbooks/verbs.ts";

/** How the runs of a simulation go. */
export interface SimulatedEnd {
  readonly durationMs: number;
  readonly end: RunEnd;
}

/** A run that was claimed and whose time is not over. */
interface UnderWay {
  readonly session: Pick<RunSession, "dependencies" | "run" | "ownership">;
  readonly steps: readonly Step[];
  readonly endAtMs: number;
  readonly end: RunEnd;
}

/** Runs without steps: each takes its time, and ends as it is told to. */
export interface SimulatedRuns {
  /** Begins what may begin and ends what is over, at the clock's time. Resolves with how much it did. */
  work(): Promise<number>;
  /** When the next run is over; null when none is under way. */
  nextEndMs(): number | null;
}

export function createSimulatedRuns(
  dependencies: EngineDependencies,
  endOf: (run: Run) => SimulatedEnd,
): SimulatedRuns {
  const { store, clock, limits, nodeId } = dependencies;
  const runbooks: RunbookCache = new Map();
  const underWay = new Map<string, UnderWay>();
  const claim = createClaimer(dependencies, runbooks);

  /** As the simulation's catalog has it, which may be without what cannot be asked. */
  async function runbookOf(run: Run): Promise<Runbook> {
    const known = dependencies.catalog.current().runbooks.get(run.runbook);
    if (known?.digest === run.runbookDigest) return known;
    return compiledRunbook(store.reader, runbooks, run.runbookDigest);
  }

  async function begin(run: Run): Promise<void> {
    const session = sessionOf(dependencies, run, await runbookOf(run));
    if (!(await mayStart(session))) return;
    const { steps } = session.runbook;
    const { durationMs, end } = endOf(run);
    await beginChanges(session, clock.nowMs());
    underWay.set(run.id, { session, steps, endAtMs: clock.nowMs() + durationMs, end });
  }

  async function end(entry: UnderWay, as: RunEnd): Promise<void> {
    underWay.delete(entry.session.run.id);
    await endChanges(entry, as, clock.nowMs());
    const message = as === "succeeded" ? null : `the simulated run ended as ${as}`;
    await finishRun(entry.session, { end: as, failedStep: null, message, summary: null });
  }

  return {
    async work() {
      let done = 0;
      for (const { runId } of underWay.size === 0 ? [] : await readCancelRequests(store.reader, nodeId)) {
        const entry = underWay.get(runId);
        if (entry === undefined) continue;
        await end(entry, "cancelled");
        done += 1;
      }
      for (const entry of [...underWay.values()].filter(({ endAtMs }) => endAtMs <= clock.nowMs())) {
        await end(entry, entry.end);
        done += 1;
      }
      const free = limits.runsMax - underWay.size;
      const claimed = free > 0 && (await isAnyRunQueued(store.reader)) ? await claim(free) : [];
      for (const run of claimed) await begin(run);
      return done + claimed.length;
    },
    nextEndMs() {
      const ends = [...underWay.values()].map(({ endAtMs }) => endAtMs);
      return ends.length === 0 ? null : Math.min(...ends);
    },
  };
}

/** As production does when a change step begins. */
async function beginChanges(session: UnderWay["session"], atMs: number): Promise<void> {
  const hosts = session.run.plan.changes;
  if (hosts.length === 0) return;
  await commitOwned(session, async (tx) => {
    for (const host of hosts) await noteHostChange(tx, session.run.id, host, atMs);
  });
}

/** As production does when a change step ends: the last of them ends with the run. */
async function endChanges({ session, steps }: UnderWay, end: RunEnd, atMs: number): Promise<void> {
  if (!steps.some(changesSystem)) return;
  const startedAtMs = end === "succeeded" ? (session.run.startedAtMs ?? atMs) : null;
  await commitOwned(session, (tx) => noteChange(tx, session.ownership, { startedAtMs, endedAtMs: atMs }));
}
