import { noteNode } from "../store/nodes.ts";
import { createRollUp } from "../store/rollups.ts";
import { watchApproval } from "./approval-deadline.ts";
import { AuditSealer } from "./audit-sealer.ts";
import { climbLadder } from "./climb.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { Dispatcher } from "./dispatch.ts";
import { followUp } from "./follow-up.ts";
import { Intake } from "./intake.ts";
import { judgeDelayed, judgeMembers } from "./late-starts.ts";
import { Outbox } from "./outbox.ts";
import { reconcileSource, scheduleReconciles } from "./reconcile.ts";
import { createRetention, type Retention, scheduleRetention } from "./retention.ts";
import { rollUp, scheduleRollUp } from "./rollup.ts";
import { RunQueue } from "./run-queue.ts";
import { ScheduleKeeper } from "./schedule-keeper.ts";
import { runSchedule, syncSchedules } from "./schedules.ts";
import { Timers } from "./timers.ts";
import { verifyRun } from "./verify.ts";

/** The parts that work on their own once started. */
export interface Engine {
  readonly intake: Intake;
  readonly queue: RunQueue;
  readonly dispatcher: Dispatcher;
  readonly retention: Retention;
  /** Takes in, runs, verifies. */
  start(): Promise<void>;
  /** For simulations, which are never started: does the work of each timer that is due, one after the other. Resolves with their number. */
  runDueTimers(): Promise<number>;
  /** From now on no step starts; deliveries are still taken in. The steps' grace begins. */
  drain(): void;
  /** In the order in which nothing is lost: no more deliveries, then no more steps, then the rest. */
  stop(): Promise<void>;
}

export function createEngine(dependencies: EngineDependencies): Engine {
  const queue = new RunQueue(dependencies);
  const intake = new Intake(dependencies, queue);
  const dispatcher = new Dispatcher(dependencies);
  const outbox = new Outbox(dependencies);
  const counting = createRollUp(dependencies.store);
  const sealer = new AuditSealer(dependencies);
  const retention = createRetention(dependencies);
  const schedules = new ScheduleKeeper(dependencies);
  const startedAtMs = dependencies.clock.nowMs();
  const timers = new Timers(dependencies, {
    judge: (timer) => judgeDelayed(dependencies, queue, startedAtMs, timer),
    rejudge: (timer) => judgeMembers(dependencies, queue, startedAtMs, timer),
    batch: (timer) => judgeMembers(dependencies, queue, startedAtMs, timer),
    ladder: (timer) => climbLadder(dependencies, queue, startedAtMs, timer),
    verify: (timer) => verifyRun(dependencies, timer),
    reconcile: (timer) => reconcileSource(dependencies, timer),
    rollup: (timer) => rollUp(dependencies, counting, timer),
    approval: (timer) => watchApproval(dependencies, timer),
    follow_up: (timer) => followUp(dependencies, queue, timer),
    retention: (timer) => retention.handle(timer),
    schedule: (timer) => runSchedule(dependencies, queue, startedAtMs, timer),
  });
  return {
    intake,
    queue,
    dispatcher,
    retention,
    async start() {
      const { store, nodeId } = dependencies;
      await store.transaction(async (tx) => noteNode(tx, nodeId, await store.nowMs(tx)));
      await scheduleReconciles(dependencies);
      await scheduleRollUp(dependencies);
      await scheduleRetention(dependencies);
      await dispatcher.start();
      // Before timers are worked on: one of a schedule that was changed meanwhile is for another time.
      await syncSchedules(dependencies);
      timers.start();
      schedules.start();
      await outbox.start();
      await sealer.start();
    },
    runDueTimers: () => timers.runDue(),
    drain: () => dispatcher.drain(dependencies.limits.shutdownGraceMs),
    async stop() {
      retention.stop();
      await intake.stop();
      await dispatcher.stop(dependencies.limits.shutdownGraceMs);
      await schedules.stop();
      await timers.stop();
      await outbox.stop();
      await sealer.stop();
      dependencies.journal.clear();
    },
  };
}
