import { newId } from "../platform/ids.ts";
import { DISK_FULL_TEXT } from "../platform/no-room.ts";
import { StoreUnavailableError } from "../store/store.ts";
import { announce, Batch } from "./batch.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { applyDelivery, loadEpisodes, type Submission } from "./episodes.ts";
import type { RunQueue } from "./run-queue.ts";

/** Nothing was stored; the sender should try again (503). */
export class IntakeUnavailableError extends Error {
  override readonly name = "IntakeUnavailableError";
  readonly code: "overloaded" | "stopping" | "disk-full" | "busy" | "away" | "read-only";

  constructor(code: IntakeUnavailableError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

interface Pending {
  readonly submission: Submission;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Deliveries in one commit. More would make the first of them wait for the last. */
const BATCH_DELIVERIES_MAX = 256;
/** Alerts in one commit, so that the event loop is not held for long; a single larger delivery is taken whole. */
const BATCH_ALERTS_MAX = 2_000;

/**
 * Takes deliveries in. Those that arrive while a commit is under way share the next one, so that a disk's few thousand
 * synchronous commits a second carry many more deliveries.
 */
export class Intake {
  readonly #dependencies: EngineDependencies;
  readonly #queue: RunQueue;
  #pending: Pending[] = [];
  #isWorking = false;
  #isStopped = false;

  constructor(dependencies: EngineDependencies, queue: RunQueue) {
    this.#dependencies = dependencies;
    this.#queue = queue;
  }

  /** Resolves after the commit with the delivery's id: the given one where it was received before. Throws {@link IntakeUnavailableError} when nothing was stored. */
  submit(submission: Omit<Submission, "id">, id = newId()): Promise<string> {
    const { limits, disk } = this.#dependencies;
    if (this.#isStopped)
      return Promise.reject(new IntakeUnavailableError("stopping", "the service is stopping"));
    // What the ballast left is for what was acknowledged already.
    if (disk.isFull) return Promise.reject(new IntakeUnavailableError("disk-full", DISK_FULL_TEXT));
    if (this.#pending.length >= limits.pendingDeliveriesMax) {
      return Promise.reject(
        new IntakeUnavailableError(
          "overloaded",
          `${limits.pendingDeliveriesMax} deliveries wait to be stored`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ submission: { ...submission, id }, resolve: () => resolve(id), reject });
      if (this.#isWorking) return;
      this.#isWorking = true;
      // After the requests that are already in the socket buffers, so that they come along.
      setImmediate(() => void this.#work());
    });
  }

  /** Refuses what comes from now on. What was taken is still committed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#isWorking) await new Promise((resolve) => setImmediate(resolve));
  }

  async #work(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#takeBatch();
      await this.#commitShared(batch);
      // Lets requests that arrived meanwhile be read before the next commit.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isWorking = false;
  }

  #takeBatch(): Pending[] {
    let alerts = 0;
    let count = 0;
    while (count < this.#pending.length && count < BATCH_DELIVERIES_MAX) {
      alerts += this.#pending[count]?.submission.delivery.alerts.length ?? 0;
      if (count > 0 && alerts > BATCH_ALERTS_MAX) break;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  /** A shared commit that fails for another reason than the database is repeated for each delivery alone. */
  async #commitShared(batch: readonly Pending[]): Promise<void> {
    try {
      await this.#commit(batch.map((pending) => pending.submission));
      for (const pending of batch) pending.resolve();
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        for (const pending of batch)
          pending.reject(new IntakeUnavailableError(error.code, error.message, error));
      } else if (batch.length === 1) {
        this.#dependencies.log.error(
          { error, source: batch[0]?.submission.source.name },
          "a delivery could not be stored",
        );
        batch[0]?.reject(error);
      } else {
        for (const pending of batch) await this.#commitShared([pending]);
      }
    }
  }

  async #commit(submissions: readonly Submission[]): Promise<void> {
    const { store, killPoints } = this.#dependencies;
    const batch = await store.transaction(async (tx) => {
      const catalog = this.#dependencies.catalog.current();
      const nowMs = await store.nowMs(tx);
      const work = new Batch(tx, this.#dependencies, catalog, nowMs);
      const known = await loadEpisodes(work, submissions);
      for (const submission of submissions) await applyDelivery(work, known, submission, this.#queue);
      await work.flush();
      killPoints.reached("before-intake-commit");
      return work;
    });
    killPoints.reached("after-intake-commit");
    announce(batch, this.#queue);
    this.#count(submissions);
  }

  #count(submissions: readonly Submission[]): void {
    const { metrics, clock } = this.#dependencies;
    const nowMs = clock.nowMs();
    for (const { source, delivery, receivedAtMs } of submissions) {
      const firing = delivery.alerts.reduce((count, alert) => count + (alert.status === "firing" ? 1 : 0), 0);
      const resolved = delivery.alerts.length - firing;
      if (firing > 0) metrics.alertsReceived.inc({ source: source.name, status: "firing" }, firing);
      if (resolved > 0) metrics.alertsReceived.inc({ source: source.name, status: "resolved" }, resolved);
      if (delivery.invalid.length > 0)
        metrics.invalidAlerts.inc({ source: source.name }, delivery.invalid.length);
      metrics.sourceLastDelivery.set({ source: source.name }, receivedAtMs / 1000);
      metrics.intakeDuration.observe((nowMs - receivedAtMs) / 1000);
    }
  }
}
