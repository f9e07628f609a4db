import { noteNode } from "../store/nodes.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { Dispatcher } from "./dispatch.ts";
import { Intake } from "./intake.ts";
import { judgeDelayed, rejudgeGroup } from "./late-starts.ts";
import { Outbox } from "./outbox.ts";
import { reconcileSource, scheduleReconciles } from "./reconcile.ts";
import { RunQueue } from "./run-queue.ts";
import { Timers } from "./timers.ts";
import { verifyRun } from "./verify.ts";

/** The parts that work on their own once started. */
export interface Engine {
  readonly intake: Intake;
  readonly queue: RunQueue;
  readonly dispatcher: Dispatcher;
  /** Takes in, runs, verifies. */
  start(): Promise<void>;
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
  const startedAtMs = dependencies.clock.nowMs();
  const timers = new Timers(dependencies, {
    judge: (timer) => judgeDelayed(dependencies, queue, startedAtMs, timer),
    rejudge: (timer) => rejudgeGroup(dependencies, queue, startedAtMs, timer),
    verify: (timer) => verifyRun(dependencies, timer),
    reconcile: (timer) => reconcileSource(dependencies, timer),
  });
  return {
    intake,
    queue,
    dispatcher,
    async start() {
      const { store, nodeId } = dependencies;
      await store.transaction(async (tx) => noteNode(tx, nodeId, await store.nowMs(tx)));
      await scheduleReconciles(dependencies);
      await dispatcher.start();
      timers.start();
      await outbox.start();
    },
    drain: () => dispatcher.drain(dependencies.limits.shutdownGraceMs),
    async stop() {
      await intake.stop();
      await dispatcher.stop(dependencies.limits.shutdownGraceMs);
      await timers.stop();
      await outbox.stop();
      dependencies.journal.clear();
    },
  };
}
