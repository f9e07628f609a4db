import { BackgroundTasks } from "../platform/background-tasks.ts";
import type { Timer, TimerKind } from "../runs/records.ts";
import { findDueTimers, nextDueMs } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** Does what a due timer asks for; it takes the timer's row away in the transaction that has the effect. */
export type TimerHandler = (timer: Timer) => Promise<void>;

/** A lost wake-up delays a timer by no more than this. */
const POLL_MS = 2_000;
/** Due timers worked on at once: their handlers ask sources over HTTP. */
const AT_ONCE_MAX = 20;
/** A handler that failed is called again after this. */
const RETRY_MS = 5_000;
const CLOCK_JUMP_MS = 2_000;

/** Calls the handler of each timer when it is due. A timer that was due while the service was down is due at the start. */
export class Timers {
  readonly #dependencies: EngineDependencies;
  readonly #handlers: Readonly<Record<TimerKind, TimerHandler>>;
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();
  readonly #busy = new Set<string>();
  #clockOffsetMs: number;

  constructor(dependencies: EngineDependencies, handlers: Readonly<Record<TimerKind, TimerHandler>>) {
    this.#dependencies = dependencies;
    this.#handlers = handlers;
    this.#clockOffsetMs = dependencies.clock.nowMs() - dependencies.clock.monotonicMs();
  }

  start(): void {
    this.#tasks.track(this.#loop(), (error) =>
      this.#dependencies.log.error({ error }, "the timer loop ended; this is a bug"),
    );
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tasks.settled();
  }

  /** Without the loop: does what is due now, the longest overdue first, and gives the number of timers. Throws what a handler throws. */
  async runDue(): Promise<number> {
    const { store } = this.#dependencies;
    const due = await findDueTimers(store.reader, await store.nowMs(store.reader), AT_ONCE_MAX);
    for (const timer of due) await this.#handlers[timer.kind](timer);
    return due.length;
  }

  async #loop(): Promise<void> {
    const { bells, log } = this.#dependencies;
    while (!this.#stopped.signal.aborted) {
      this.#noteClockJump();
      let waitMs = POLL_MS;
      try {
        waitMs = await this.#beginDue();
      } catch (error) {
        log.error({ error }, "due timers could not be read; trying again");
      }
      await bells.timers.wait(waitMs, this.#stopped.signal);
    }
  }

  async #beginDue(): Promise<number> {
    const { store, killPoints } = this.#dependencies;
    const nowMs = await store.nowMs(store.reader);
    const due = await findDueTimers(store.reader, nowMs, AT_ONCE_MAX + this.#busy.size);
    for (const timer of due.filter((candidate) => !this.#busy.has(candidate.id))) {
      if (this.#busy.size >= AT_ONCE_MAX) break;
      killPoints.reached("after-timer-claimed");
      this.#busy.add(timer.id);
      this.#tasks.track(this.#handle(timer), () => {});
    }
    if (this.#busy.size > 0) return POLL_MS;
    const nextMs = await nextDueMs(store.reader);
    return nextMs === null ? POLL_MS : Math.max(0, Math.min(POLL_MS, nextMs - nowMs));
  }

  async #handle(timer: Timer): Promise<void> {
    const { log, bells, clock } = this.#dependencies;
    try {
      await this.#handlers[timer.kind](timer);
    } catch (error) {
      log.error({ timer: timer.kind, subject: timer.subject, error }, "a timer's work failed; trying again");
      await clock.sleep(RETRY_MS, this.#stopped.signal).catch(() => {});
    } finally {
      this.#busy.delete(timer.id);
      bells.timers.ring();
    }
  }

  #noteClockJump(): void {
    const { clock, metrics, log } = this.#dependencies;
    const offsetMs = clock.nowMs() - clock.monotonicMs();
    const jumpMs = offsetMs - this.#clockOffsetMs;
    this.#clockOffsetMs = offsetMs;
    if (Math.abs(jumpMs) < CLOCK_JUMP_MS) return;
    metrics.clockJumps.inc();
    log.warn({ jumpMs: Math.round(jumpMs) }, "the wall clock jumped");
  }
}
