import type { Actor } from "../audit/entry.ts";
import { definitionOf, nextDue } from "../schedules/due.ts";
import type { Schedule } from "../schedules/schedule.ts";
import type { Reason } from "../runs/reasons.ts";
import type { Timer } from "../runs/records.ts";
import type { ScheduleRecord } from "../runs/start-records.ts";
import { findLiveRunOf, forgetSchedule, putScheduleRecord, readScheduleRecords } from "../store/schedules.ts";
import type { Tx } from "../store/store.ts";
import { claimTimer, deleteTimer, listTimers, setTimer } from "../store/timers.ts";
import { announce, Batch } from "./batch.ts";
import type { EngineDependencies } from "./dependencies.ts";
import type { RunQueue } from "./run-queue.ts";
import { checkStart, startChecked, type StartRequest, type StartResult } from "./start-run.ts";
import { starterId } from "./starter.ts";

// The next time of each schedule is a timer: whichever node takes its row away in its transaction is the one that starts the run.

/** A timer that is later than this was missed. */
const LATE_MS = 60_000;

/**
 * Sets the timers to what the catalog says now: new schedules get their next time, changed ones another one, and those that are gone
 * none. A time that has passed already stays: it was missed. May be repeated, by any node.
 */
export async function syncSchedules(dependencies: EngineDependencies): Promise<void> {
  const { store, catalog, bells } = dependencies;
  const { schedules } = catalog.current();
  await store.transaction(async (tx) => {
    const nowMs = await store.nowMs(tx);
    const timers = new Map((await listTimers(tx, "schedule")).map((timer) => [timer.subject, timer]));
    for (const schedule of schedules.values()) {
      const timer = timers.get(schedule.name);
      if (timer?.data["definition"] !== definitionOf(schedule)) await setNext(tx, schedule, nowMs);
    }
    for (const name of timers.keys()) if (!schedules.has(name)) await deleteTimer(tx, "schedule", name);
    for (const { name } of await readScheduleRecords(tx))
      if (!schedules.has(name)) await forgetSchedule(tx, name);
  });
  bells.timers.ring();
}

/** The timer of a schedule: starts its run, or writes down why not, and sets the next time. */
export async function runSchedule(
  dependencies: EngineDependencies,
  queue: RunQueue,
  startedAtMs: number,
  timer: Timer,
): Promise<void> {
  const { store, log } = dependencies;
  const catalog = dependencies.catalog.current();
  const schedule = catalog.schedules.get(timer.subject);
  const done = await store.transaction(async (tx) => {
    const work = new Batch(tx, dependencies, catalog, await store.nowMs(tx));
    // Before the timer's row, as everywhere: two orders would be a deadlock.
    await work.reads.lock();
    if (!(await claimTimer(tx, timer)) || schedule === undefined) return null;
    // Its times were changed just now, or while the service was down: the old time is none of them any more.
    if (timer.data["definition"] !== definitionOf(schedule)) {
      await setNext(tx, schedule, work.nowMs);
      return null;
    }
    const outcome = await startAtTime(work, queue, { schedule, timer, startedAtMs });
    const record: ScheduleRecord = {
      name: schedule.name,
      forMs: Number(timer.data["forMs"] ?? timer.dueAtMs),
      atMs: work.nowMs,
      ...outcome.record,
    };
    await putScheduleRecord(tx, record);
    const nextMs = await setNext(tx, schedule, work.nowMs);
    // Not behind the next time, which would only be another one of the same.
    if (outcome.retryAtMs !== null && (nextMs === null || outcome.retryAtMs < nextMs))
      await setTimer(tx, {
        ...timer,
        dueAtMs: outcome.retryAtMs,
        data: { ...timer.data, reason: outcome.record.reason },
      });
    return { work, record };
  });
  if (done === null) return;
  announce(done.work, queue);
  const { name, result, reason, runId, text } = done.record;
  log.info({ schedule: name, result, reason, runId, text }, "a time of a schedule came");
}

interface DueSchedule {
  readonly schedule: Schedule;
  readonly timer: Timer;
  readonly startedAtMs: number;
}

interface Outcome {
  readonly record: Pick<ScheduleRecord, "result" | "reason" | "text" | "runId">;
  /** When it is tried again although its time has passed; null for never. */
  readonly retryAtMs: number | null;
}

async function startAtTime(
  batch: Batch,
  queue: RunQueue,
  { schedule, timer, startedAtMs }: DueSchedule,
): Promise<Outcome> {
  const isRetry = timer.data["reason"] !== undefined;
  const isMissed = !isRetry && (timer.dueAtMs < startedAtMs || batch.nowMs - timer.dueAtMs > LATE_MS);
  if (isMissed && schedule.missed === "skip")
    return skipped("its time passed while the service was not there");
  const request = requestOf(schedule);
  if (schedule.overlap === "skip") {
    const live = await findLiveRunOf(batch.tx, starterId(request.starter));
    if (live !== null) return skipped(`run ${live} of an earlier time has not ended`);
  }
  const checked = checkStart(batch.dependencies, batch.catalog, request);
  const result = checked.kind === "checked" ? await startChecked(batch, queue, checked, request) : checked;
  return outcomeOf(schedule, result);
}

function skipped(text: string): Outcome {
  return { record: { result: "skipped", reason: null, text, runId: null }, retryAtMs: null };
}

/** A time that a guard delays counts as missed. */
function outcomeOf(schedule: Schedule, result: StartResult): Outcome {
  if (result.kind === "started") {
    const record = { result: "started" as const, reason: result.waitsFor, text: null, runId: result.run.id };
    return { record, retryAtMs: null };
  }
  if (result.kind !== "held_back")
    return { record: { ...REFUSED, text: refusalText(result) }, retryAtMs: null };
  const { reason, text, retryAtMs } = result;
  const isTriedAgain = retryAtMs !== null && schedule.missed === "run_once";
  return {
    record: { result: isTriedAgain ? "delayed" : "refused", reason, text, runId: null },
    retryAtMs: isTriedAgain ? retryAtMs : null,
  };
}

const REFUSED: { readonly result: "refused"; readonly reason: Reason; readonly runId: null } = {
  result: "refused",
  reason: "plan_failed",
  runId: null,
};

function refusalText(result: StartResult): string {
  return result.kind === "bad_inputs"
    ? result.errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ")
    : `the run could not be planned: ${result.kind.replaceAll("_", " ")}`;
}

function requestOf(schedule: Schedule): StartRequest {
  const starter = { kind: "schedule", name: schedule.name } as const;
  const by: Actor = { principal: starterId(starter), via: starterId(starter), remoteAddress: null };
  return { ...startOf(schedule), starter, by, reason: `schedule ${schedule.name}` };
}

/** What a run of a schedule is started with, whoever starts it. */
export function startOf(schedule: Schedule): Omit<StartRequest, "starter" | "by" | "reason"> {
  return {
    runbook: schedule.runbook,
    inputs: schedule.with,
    isDryRun: false,
    confirm: null,
    planDigest: null,
    key: null,
    // Whoever comes second waits in line for it.
    locks: schedule.overlap === "queue" ? [`schedule:${schedule.name}`] : [],
  };
}

/** Returns when the timer is due; null when the schedule has no further time. */
async function setNext(tx: Tx, schedule: Schedule, afterMs: number): Promise<number | null> {
  const next = nextDue(schedule, afterMs);
  if (next === null) {
    await deleteTimer(tx, "schedule", schedule.name);
    return null;
  }
  const data = { forMs: next.forMs, definition: definitionOf(schedule) };
  await setTimer(tx, { kind: "schedule", subject: schedule.name, dueAtMs: next.dueAtMs, data });
  return next.dueAtMs;
}
