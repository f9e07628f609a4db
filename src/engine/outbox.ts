import { BackgroundTasks } from "../platform/background-tasks.ts";
import { NoRoomError } from "../platform/no-room.ts";
import type { OutboxItem } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import { putBundle } from "../store/evidence.ts";
import {
  claimOutbox,
  finishOutboxItem,
  nextOutboxDueMs,
  type OutboxClaim,
  releaseOutbox,
  retryOutboxItem,
} from "../store/outbox.ts";
import { readRun } from "../store/runs.ts";
import { readBundleInput } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { askedDelayMs, buryNotice, isHopeless, sendNotice } from "./send-notice.ts";
import { liftSilence, makeSilence } from "./silences.ts";

/** A lost wake-up delays a bundle or a notice by no more than this. */
const POLL_MS = 2_000;
/** After a claim nobody else takes the item for so long; a node that was killed leaves it to be done then. */
const CLAIM_MS = 60_000;
/** Claimed together. */
const BATCH_MAX = 4;
/** What is done by then is followed by the next batch; what takes longer goes on beside it. */
const BATCH_MS = 100;
/** Under way at once: in all, as bundles, and for one notifier. So nobody who is slow keeps the others waiting. */
const AT_ONCE_MAX = 16;
const BUNDLES_MAX = 4;
const OF_NOTIFIER_MAX = 4;
const BACKOFF_MIN_MS = 1_000;
const BACKOFF_MAX_MS = 5 * 60_000;
/** A bundle that waits for room is made soon after there is some. */
const NO_ROOM_RETRY_MS = 5_000;
const SEND_TIMEOUT_MS = 30_000;

/**
 * Does what runs have left to be done: seals bundles, makes and lifts silences, again and again until it worked; sends notices, until they
 * are given up.
 */
export class Outbox {
  readonly #dependencies: EngineDependencies;
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();
  readonly #underWay = new Map<string, OutboxItem>();

  constructor(dependencies: EngineDependencies) {
    this.#dependencies = dependencies;
  }

  /** On a database of one node nothing is under way at a start: what an earlier start had claimed is done now. */
  async start(): Promise<void> {
    const { store } = this.#dependencies;
    if (store.dialect === "sqlite")
      await store.transaction(async (tx) => releaseOutbox(tx, await store.nowMs(tx)));
    this.#tasks.track(this.#loop(), (error) =>
      this.#dependencies.log.error({ error }, "the outbox loop ended; this is a bug"),
    );
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tasks.settled();
  }

  async #loop(): Promise<void> {
    const { store, bells, log, clock } = this.#dependencies;
    while (!this.#stopped.signal.aborted) {
      let waitMs = POLL_MS;
      try {
        const nowMs = await store.nowMs(store.reader);
        const dueAtMs = await nextOutboxDueMs(store.reader);
        const limit = Math.min(BATCH_MAX, AT_ONCE_MAX - this.#underWay.size);
        if (limit > 0 && dueAtMs !== null && dueAtMs <= nowMs) {
          const claim = { nowMs, retryAtMs: nowMs + CLAIM_MS, limit, except: this.#passedOver() };
          const items = await store.transaction((tx) => claimOutbox(tx, store.dialect, claim));
          const batch = Promise.all(items.map((item) => this.#begin(item)));
          const patience = new AbortController();
          await Promise.race([batch, clock.sleep(BATCH_MS, patience.signal).catch(() => {})]);
          patience.abort();
          if (items.length > 0) waitMs = 0;
        } else if (dueAtMs !== null) waitMs = Math.min(POLL_MS, dueAtMs - nowMs);
      } catch (error) {
        log.error({ error }, "the outbox could not be read; trying again");
      }
      await bells.outbox.wait(waitMs, this.#stopped.signal);
    }
  }

  /** Never rejects. */
  #begin(item: OutboxItem): Promise<void> {
    const { log, bells } = this.#dependencies;
    this.#underWay.set(item.id, item);
    const done = this.#do(item)
      .catch((error: unknown) =>
        log.error({ runId: item.runId, error }, "work after a run could not be recorded; it is done again"),
      )
      .finally(() => {
        this.#underWay.delete(item.id);
        bells.outbox.ring();
      });
    this.#tasks.track(done, () => {});
    return done;
  }

  /** A bundle may take longer than a claim holds, and a receiver that hangs as long as it is given. */
  #passedOver(): NonNullable<OutboxClaim["except"]> {
    const items = [...this.#underWay.values()];
    const notifiers = Map.groupBy(items, ({ lane }) => lane?.notifier ?? null);
    const isBusy = items.filter(({ action }) => action === "bundle").length >= BUNDLES_MAX;
    return {
      ids: items.map(({ id }) => id),
      notifiers: [...notifiers].flatMap(([name, of]) =>
        name === null || of.length < OF_NOTIFIER_MAX ? [] : [name],
      ),
      actions: isBusy ? ["bundle"] : [],
    };
  }

  async #do(item: OutboxItem): Promise<void> {
    const { store, log, redaction } = this.#dependencies;
    try {
      await this.#act(item);
    } catch (error) {
      const message = redaction.text(error instanceof Error ? error.message : String(error));
      if (isHopeless(item, error)) return buryNotice(this.#dependencies, item, message);
      const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (item.attempts - 1));
      const delayMs =
        error instanceof NoRoomError ? NO_ROOM_RETRY_MS : Math.max(backoffMs, askedDelayMs(error));
      log.warn(
        { runId: item.runId, action: item.action, target: item.target, attempts: item.attempts, error },
        "work after a run failed; trying again",
      );
      await store
        .transaction(async (tx) => retryOutboxItem(tx, item.id, (await store.nowMs(tx)) + delayMs, message))
        .catch((writeError: unknown) => {
          log.warn(
            { runId: item.runId, error: writeError },
            "the retry could not be recorded; the claim runs out by itself",
          );
        });
    }
  }

  #act(item: OutboxItem): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)]);
    switch (item.action) {
      case "bundle":
        return this.#sealBundle(item);
      case "notify":
        return sendNotice(this.#dependencies, item, signal);
      case "silence":
        return makeSilence(this.#dependencies, item, signal);
      case "unsilence":
        return liftSilence(this.#dependencies, item, signal);
    }
  }

  async #sealBundle(item: OutboxItem): Promise<void> {
    const { store, bundles, artifacts, killPoints, metrics, log, clock } = this.#dependencies;
    const run = await readRun(store.reader, item.runId);
    if (run === null) return store.transaction((tx) => finishOutboxItem(tx, item.id, clock.nowMs()));
    const revision = Number(item.target);
    // Of the moment it was asked for, so that a second try after a crash makes the same bytes.
    const sealedAtMs = Number(item.data["sealedAtMs"]);
    const input = await readBundleInput(this.#dependencies, store.reader, run, {
      number: revision,
      sealedAtMs,
      isComplete: isFinal(run.state),
      hasSensitive: false,
    });
    const built = await bundles.build(input, artifacts);
    killPoints.reached("after-bundle-written");
    await store.transaction(async (tx) => {
      await putBundle(tx, {
        runId: run.id,
        revision,
        fileName: built.name,
        sha256: built.sha256,
        bytes: built.bytes,
        sealedAtMs,
      });
      await finishOutboxItem(tx, item.id, clock.nowMs());
    });
    killPoints.reached("after-bundle-recorded");
    metrics.bundleBytes.inc(built.bytes);
    log.info({ runId: run.id, revision, bytes: built.bytes, sha256: built.sha256 }, "bundle sealed");
  }
}
