import { readQueueFacts } from "../store/runs.ts";
import type { Reader } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** How old the count of waiting runs may be. Counting at each start would cost more than the start. */
const COUNT_EVERY_MS = 1_000;

/** How many runs wait for a slot; exact once a second, in between with what this node added. */
export class RunQueue {
  readonly #dependencies: Pick<EngineDependencies, "store" | "clock" | "metrics">;
  #queued = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(dependencies: Pick<EngineDependencies, "store" | "clock" | "metrics">) {
    this.#dependencies = dependencies;
  }

  added(count: number): void {
    this.#queued += count;
  }

  /** Inside a transaction `db` is its own: one that waits for a second connection may wait for those that wait for it. */
  async length(db: Reader): Promise<number> {
    const { clock } = this.#dependencies;
    if (clock.monotonicMs() - this.#countedAtMs >= COUNT_EVERY_MS) await this.refresh(db);
    return this.#queued;
  }

  /** Counts now, and tells the metrics. */
  async refresh(db: Reader = this.#dependencies.store.reader): Promise<void> {
    const { clock, metrics } = this.#dependencies;
    const facts = await readQueueFacts(db);
    this.#countedAtMs = clock.monotonicMs();
    this.#queued = facts.queued;
    metrics.queueDepth.set(facts.queued);
    const oldestMs = facts.oldestCreatedAtMs;
    metrics.queueOldestAge.set(oldestMs === null ? 0 : Math.max(0, clock.nowMs() - oldestMs) / 1000);
  }
}
