import { setTimeout as delay } from "node:timers/promises";
import { BackgroundTasks } from "../platform/background-tasks.ts";
import { type Host, LOCAL_HOST } from "../hosts/host.ts";
import { NOTHING_OPENED, type OpenedInputs } from "../runbooks/input-variables.ts";
import type { Runbook, Step } from "../runbooks/runbook.ts";
import type { Run, StepRecord } from "../runs/records.ts";
import { assertOwned, type Ownership } from "../store/run-ownership.ts";
import { StoreUnavailableError, type Tx } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { type Frame, rootFrame } from "./frames.ts";

/** Why a run's current work is stopped. */
export type StopReason = "cancelled" | "alert_ended" | "timed_out" | "shutdown" | "stale";

/** One node's work on one run, from a claim to the end, or until the run is given back. */
export interface RunSession {
  readonly dependencies: EngineDependencies;
  readonly run: Run;
  readonly runbook: Runbook;
  /** By digest: the runbooks that the run calls. */
  readonly called: ReadonlyMap<string, Runbook>;
  /** The steps that this session is at: all of the run's, or those inside of one of them. */
  readonly frame: Frame;
  /** Whether a long wait gives the run back. Not while other steps of it may be under way. */
  readonly mayPark: boolean;
  readonly ownership: Ownership;
  /** The state of each step as last committed. */
  readonly steps: Map<string, StepRecord>;
  /** Aborted with a {@link StopReason}. A new one for each of `on_failure` and `finally`: what stopped the steps is over. */
  stop: AbortController;
  /** Every controller of the run that is in use, {@link stop} of each branch among them. */
  readonly stops: Set<AbortController>;
  /** A cancellation stops what is under way once. What follows it, such as `finally`, goes on to its end. */
  isCancelled: boolean;
  /** The alert has ended, and with it this run is to: at once, or after a step that is critical. */
  readonly alert: { hasEnded: boolean };
  /** The steps of `steps` that are under way; none between two of them, and in what follows them. */
  readonly currentSteps: Set<Step>;
  /** Given back already, to go on at its time. */
  readonly parking: {
    isParked: boolean;
    /** Ids of the approvals that its steps wait for. */
    readonly asked: Set<string>;
  };
  /** What a step writes beside its outcome; settled before the outcome is committed. */
  readonly pendingWrites: BackgroundTasks;
  /** The secrets and files that the run was given, from before its first step on. */
  opened: OpenedInputs;
  /** True once the service is asked to stop: no new step begins. */
  isDraining: boolean;
}

/** A session for a run that was claimed just now, at all of its steps. */
export function openSession(
  parts: Pick<RunSession, "dependencies" | "run" | "runbook" | "called" | "ownership">,
): RunSession {
  const stop = new AbortController();
  return {
    ...parts,
    frame: rootFrame(parts),
    mayPark: true,
    steps: new Map(),
    stop,
    stops: new Set([stop]),
    isCancelled: false,
    alert: { hasEnded: parts.run.cancelBecause === "alert_ended" },
    currentSteps: new Set(),
    parking: { isParked: false, asked: new Set() },
    pendingWrites: new BackgroundTasks(),
    opened: NOTHING_OPENED,
    isDraining: false,
  };
}

/** What a session's steps need to tell their caller besides their end. */
export type Progress = "ended" | "released";

/** A wait longer than this gives the run back: no owner, no slot. */
export const PARK_AFTER_MS = 5_000;

/** The machine Nightshift runs on, for steps that run nowhere else. */
export const LOCAL: Host = { name: LOCAL_HOST, address: "", port: 0, user: "", labels: {} };

/** When the run's own limit is over. It counts from the first start, without waits for people; a restart does not give it more time. */
export function deadlineOf({ dependencies, run, runbook }: RunSession): number {
  return (run.startedAtMs ?? dependencies.clock.nowMs()) + run.waitedMs + runbook.timeoutMs;
}

export function stopReason(session: RunSession): StopReason | null {
  return session.stop.signal.aborted ? (session.stop.signal.reason as StopReason) : null;
}

/** Stops the run because its alert has ended. Critical steps go on to their end, and so does what follows the steps. */
export function endWithAlert(session: RunSession): void {
  session.alert.hasEnded = true;
  const steps = [...session.currentSteps];
  if (steps.length > 0 && !steps.some((step) => step.isCritical)) session.stop.abort("alert_ended");
}

/**
 * A session for the steps inside of a step: all is the run's own but the frame and what stops it, so that what follows the
 * steps of an item goes on to its end although the run was cancelled.
 */
export function branch(session: RunSession, frame: Frame, mayPark: boolean): RunSession {
  const stop = new AbortController();
  const pass = () => stop.abort(session.stop.signal.reason);
  if (session.stop.signal.aborted) pass();
  else session.stop.signal.addEventListener("abort", pass, { once: true });
  session.stops.add(stop);
  return Object.create(session, {
    frame: { value: frame },
    mayPark: { value: mayPark },
    stop: { value: stop, writable: true },
  }) as RunSession;
}

/**
 * What follows the steps has its own time, and its steps have limits of their own: neither the run's timeout nor a
 * cancellation reaches into it. The end of the service, and another owner, do.
 */
export function renewStop(session: RunSession): void {
  const reason = stopReason(session);
  if (reason === "shutdown" || reason === "stale") return;
  session.stops.delete(session.stop);
  session.stop = new AbortController();
  session.stops.add(session.stop);
}

export function recordOf(session: RunSession, step: Step): StepRecord {
  const record = session.steps.get(step.id);
  if (record === undefined) throw new Error(`run ${session.run.id} has no step ${step.id}`);
  return record;
}

export function setRecord(session: RunSession, id: string, change: Partial<StepRecord>): StepRecord {
  const before = session.steps.get(id);
  if (before === undefined) throw new Error(`run ${session.run.id} has no step ${id}`);
  const after = { ...before, ...change };
  session.steps.set(id, after);
  return after;
}

/** How long writes are tried again while the database is away: less than a lease, so that nobody else has the run yet. */
const WRITE_PATIENCE_MS = 20_000;
const WRITE_RETRY_MS = 250;

/**
 * Writes for a run under its fence. A database that is away does not stop the run: the write is tried again for as long as the
 * lease surely holds. Throws StaleFenceError when another node has the run, StoreUnavailableError when patience is over.
 */
export async function commitOwned<Result>(
  session: Pick<RunSession, "dependencies" | "run" | "ownership">,
  work: (tx: Tx) => Promise<Result>,
  onUnavailable?: () => void,
): Promise<Result> {
  const { store, clock, log } = session.dependencies;
  const deadlineMs = clock.monotonicMs() + WRITE_PATIENCE_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return await store.transaction(async (tx) => {
        await assertOwned(tx, store.dialect, session.ownership);
        return work(tx);
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.monotonicMs() >= deadlineMs) throw error;
      if (tries === 1) {
        onUnavailable?.();
        log.warn({ runId: session.run.id, error }, "the database could not be written; trying again");
      }
      await delay(WRITE_RETRY_MS);
    }
  }
}
