import type { AuditEntry } from "../audit/entry.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { newId } from "../platform/ids.ts";
import type { Plan } from "../runbooks/plan.ts";
import type { Decision, Timer } from "../runs/records.ts";
import { insertDecisions } from "../store/decisions.ts";
import { insertDeliveries, type StoredDelivery } from "../store/deliveries.ts";
import {
  addPulses,
  closeEpisodes,
  type EpisodeEnd,
  insertEpisodes,
  type Pulse,
  updateEpisodeContents,
} from "../store/episode-intake.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { insertRuns, type NewRun, putRunbookText } from "../store/new-runs.ts";
import type { Tx } from "../store/store.ts";
import { askForLocks, type WantedLock } from "../store/run-locks.ts";
import { insertRunHosts, type RunHost } from "../store/run-hosts.ts";
import { hastenTimer, setTimer } from "../store/timers.ts";
import { addPlainAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { settleEnds } from "./ends.ts";
import type { GuardResult } from "./guards.ts";
import { GuardReads } from "./guard-reads.ts";
import type { RunQueue } from "./run-queue.ts";

/**
 * What a transaction is about to write, collected so that it takes few statements whatever the number of alerts. Lives for
 * one try of one transaction.
 */
export class Batch {
  readonly tx: Tx;
  readonly dependencies: EngineDependencies;
  readonly catalog: Catalog;
  readonly decisions: Decision[] = [];
  readonly reads: GuardReads;
  /** Every run that this transaction makes. */
  readonly runs: NewRun[] = [];
  readonly deliveries: StoredDelivery[] = [];
  /** What the guards said of the newest start of each rule. */
  readonly guardResults = new Map<string, readonly GuardResult[]>();
  readonly #opened = new Map<string, JudgedEpisode>();
  readonly #changed = new Map<string, JudgedEpisode>();
  readonly #pulses = new Map<string, Pulse>();
  readonly #ends = new Map<string, EpisodeEnd>();
  readonly #timers = new Map<string, Omit<Timer, "id">>();
  #hasFollowUps = false;
  #writtenRuns = 0;
  #locks: WantedLock[] = [];
  #hosts: RunHost[] = [];
  #audit: AuditEntry[] = [];
  #inQueue: Promise<number> | null = null;

  /** `isTimeAsked` as in {@link GuardReads}. */
  constructor(
    tx: Tx,
    dependencies: EngineDependencies,
    catalog: Catalog,
    nowMs: number,
    isTimeAsked = false,
  ) {
    this.tx = tx;
    this.dependencies = dependencies;
    this.catalog = catalog;
    this.reads = new GuardReads(tx, dependencies.store, catalog, nowMs, isTimeAsked);
  }

  /** When this happens: later from the moment on at which guards are judged, where that had to wait for others. */
  get nowMs(): number {
    return this.reads.nowMs;
  }

  open(episode: JudgedEpisode): void {
    this.#opened.set(episode.id, episode);
  }

  /** Annotations, context, start or last decision are others than before. */
  change(episode: JudgedEpisode): void {
    (this.#opened.has(episode.id) ? this.#opened : this.#changed).set(episode.id, episode);
  }

  /** The alert was said to fire once more. */
  repeat(episodeId: string): void {
    const repeats = (this.#pulses.get(episodeId)?.repeats ?? 0) + 1;
    this.#pulses.set(episodeId, { episodeId, lastFiringAtMs: this.nowMs, repeats });
  }

  close(end: EpisodeEnd): void {
    const opened = this.#opened.get(end.id);
    if (opened !== undefined) this.#opened.set(end.id, { ...opened, ...end });
    this.#ends.set(end.id, end);
  }

  decide(decision: Omit<Decision, "id" | "atMs" | "catalogDigest">): void {
    this.decisions.push({ ...decision, id: newId(), atMs: this.nowMs, catalogDigest: this.catalog.digest });
  }

  addRun(
    run: NewRun,
    parts: {
      readonly locks: readonly WantedLock[];
      readonly hosts: readonly RunHost[];
      /** That it was started; of names and digests alone. */
      readonly audit: AuditEntry;
    },
  ): void {
    this.runs.push(run);
    this.#audit.push(parts.audit);
    this.#locks.push(...parts.locks);
    // What changes no host has no share of a budget, and is no part of a loop.
    if (!run.isDryRun) this.#hosts.push(...parts.hosts);
  }

  /** How many runs of others wait; asked for once, over the connection that the transaction has. */
  lengthOf(queue: RunQueue): Promise<number> {
    this.#inQueue ??= queue.length(this.tx);
    return this.#inQueue;
  }

  /** Writes the runs made so far, so that what is counted next sees them. */
  async writeRuns(): Promise<void> {
    const { tx } = this;
    const { dialect } = this.dependencies.store;
    const fresh = this.runs.slice(this.#writtenRuns);
    if (fresh.length === 0) return;
    this.#writtenRuns = this.runs.length;
    const names = fresh.flatMap(({ runbook, plan }) => [runbook, ...calledBy(plan)]);
    for (const name of new Set(names)) {
      const runbook = this.catalog.runbooks.get(name);
      if (runbook !== undefined) await putRunbookText(tx, runbook);
    }
    await insertRuns(tx, dialect, fresh);
    await askForLocks(tx, dialect, this.#locks);
    await insertRunHosts(tx, dialect, this.#hosts);
    await addPlainAudit(tx, this.dependencies, this.#audit);
    this.#locks = [];
    this.#hosts = [];
    this.#audit = [];
  }

  /** Of several times for one subject the earliest counts: whoever is judged then is judged anew for all of them. */
  setTimer(timer: Omit<Timer, "id">): void {
    const key = `${timer.kind}:${timer.subject}`;
    const known = this.#timers.get(key);
    if (known === undefined || timer.dueAtMs < known.dueAtMs) this.#timers.set(key, timer);
  }

  /** Outbox or timers were written to directly: they are looked at after the commit. */
  noteFollowUps(): void {
    this.#hasFollowUps = true;
  }

  get hasOutboxWork(): boolean {
    return this.#hasFollowUps || this.#ends.size > 0;
  }

  get mayHaveSetTimers(): boolean {
    return this.#timers.size > 0 || this.#ends.size > 0 || this.#hasFollowUps;
  }

  /** Writes everything. Known episodes are closed first: the successor of one of them may be inserted next. */
  async flush(): Promise<void> {
    const { tx } = this;
    const { dialect } = this.dependencies.store;
    await insertDeliveries(tx, dialect, this.deliveries);
    await updateEpisodeContents(tx, dialect, [...this.#changed.values()]);
    await closeEpisodes(
      tx,
      dialect,
      [...this.#ends.values()].filter((end) => !this.#opened.has(end.id)),
    );
    await insertEpisodes(tx, dialect, [...this.#opened.values()]);
    await addPulses(tx, dialect, [...this.#pulses.values()]);
    await this.writeRuns();
    await insertDecisions(tx, dialect, this.decisions);
    for (const timer of this.#timers.values()) {
      // An alert may wait for several rules, a group for several members: whichever is due first counts for all of them.
      if (timer.kind === "judge" || timer.kind === "batch") await hastenTimer(tx, timer);
      else await setTimer(tx, timer);
    }
    if (this.#ends.size > 0) await settleEnds(tx, this.dependencies, [...this.#ends.keys()], this.nowMs);
  }
}

/** Names of the runbooks that a plan's steps call. */
function calledBy(plan: Plan): string[] {
  return Object.values(plan.calls).map((call) => call.runbook.name);
}

/** After the commit: wakes whoever has work now, and counts what was decided. */
export function announce(batch: Batch, queue: RunQueue): void {
  const { bells, metrics } = batch.dependencies;
  queue.added(batch.runs.length);
  if (batch.runs.length > 0) bells.runs.ring();
  if (batch.mayHaveSetTimers) bells.timers.ring();
  if (batch.hasOutboxWork) bells.outbox.ring();
  for (const { kind, reason, rule } of batch.decisions) {
    metrics.decisions.inc({ kind, reason: reason ?? "" });
    if (rule !== null) metrics.ruleMatches.inc({ rule });
  }
}
