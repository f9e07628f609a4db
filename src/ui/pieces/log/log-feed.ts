import { ApiError } from "../../api/client.ts";
import type { Log } from "../../api/types.ts";
import { type LogPlace, readLog, streamUrl } from "./log-api.ts";
import { LogEnd } from "./log-end.ts";
import { type Line, LineCache } from "./line-cache.ts";
import { LineLoader } from "./line-loader.ts";

export interface LogState {
  /** Nothing can be told yet. */
  readonly isLoading: boolean;
  readonly problem: Error | null;
  /** Lines that can be shown. */
  readonly count: number;
  /** Only the end is there, and its numbers are being counted. Lines are numbered from 1 until then. */
  readonly isNumbered: boolean;
  /** How much the numbers of all lines were moved when they were counted. */
  readonly shift: number;
  readonly isComplete: boolean;
  readonly isConnected: boolean;
  readonly attempt: number;
  /** Another attempt has begun while this was looked at. */
  readonly isNewAttempt: boolean;
  readonly totalBytes: number | null;
}

const NOTHING: LogState = {
  isLoading: true,
  problem: null,
  count: 0,
  isNumbered: true,
  shift: 0,
  isComplete: false,
  isConnected: true,
  attempt: 0,
  isNewAttempt: false,
  totalBytes: null,
};

const TAIL_BYTES = 64 * 1024;
/** The API gives no smaller part: a character of UTF-8 has up to so many bytes. */
const ASKED_BYTES_MIN = 4;
const RETRY_MS = 1_000;

/**
 * The lines of one log: its end first, then what is looked at, and what is added while the step runs. It comes back by itself rather than
 * by `keepStream`: between two tries it reads on by plain calls, so that a log grows also where there are too many streams already, and what
 * is lost here is said at the log, not on the whole page.
 */
export class LogFeed {
  readonly #place: LogPlace;
  readonly #lines = new LineCache();
  readonly #loader: LineLoader;
  readonly #watchers = new Set<() => void>();
  #end = new LogEnd(this.#lines);
  #state = NOTHING;
  #stop = new AbortController();
  #events: EventSource | null = null;
  #frame: number | null = null;
  /** The stream was given back while the tab is hidden: a browser has few for all tabs together. */
  #isAway = false;
  #bytesMost = 0;

  constructor(place: LogPlace) {
    this.#place = place;
    this.#loader = new LineLoader(this.#lines, {
      read: (asked, signal) => readLog(place, asked, signal),
      count: () => (this.#state.isNumbered ? this.#state.count : 0),
      changed: () => this.#change({ isConnected: true }),
      failed: (error) => this.#failed(error),
    });
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly state = (): LogState => this.#state;

  line(number: number): Line | undefined {
    return this.#lines.get(number);
  }

  /** Loads what is not there of these lines. */
  want(first: number, last: number): void {
    this.#loader.want(first, last);
  }

  /** What it returns ends everything. */
  start(): () => void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#isAway = false;
    document.addEventListener("visibilitychange", () => this.#look(signal), { signal });
    void this.#open(signal);
    return () => {
      this.#stop.abort();
      this.#events?.close();
      this.#loader.stop();
      if (this.#frame !== null) cancelAnimationFrame(this.#frame);
      this.#frame = null;
    };
  }

  async #open(signal: AbortSignal): Promise<void> {
    try {
      const head = await readLog(this.#place, { limit: ASKED_BYTES_MIN }, signal);
      const from = startOfTail(head.total_bytes ?? 0);
      const tail = await readLog(this.#place, { offset: from, limit: TAIL_BYTES }, signal);
      if (hasLine(tail)) this.#begin(tail);
      else {
        this.#showUnnumbered(tail);
        const asked = { offset: from, limit: TAIL_BYTES, numbered: "true" };
        const numbered = await readLog(this.#place, asked, signal);
        // Only of an end that is kept no more while it was asked for can it not be told: it is asked for anew.
        if (!hasLine(numbered)) throw new ApiError(0, "No numbers", "The lines could not be counted yet.");
        this.#number(numbered);
      }
      if (!this.#state.isComplete) this.#follow(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error);
      if (this.#state.problem === null) this.#later(signal, () => void this.#open(signal));
    }
  }

  #begin(tail: Log & { readonly first_line: number }): void {
    this.#end.begin(tail);
    this.#change({
      ...told(tail),
      isLoading: false,
      isNumbered: true,
      count: tail.complete ? (tail.total_lines ?? this.#end.count) : this.#end.count,
    });
  }

  /** The end, before anybody has counted. */
  #showUnnumbered(tail: Log): void {
    const texts = tail.content.split("\n").slice(1);
    if (texts.at(-1) === "") texts.pop();
    if (texts.length === 0) return;
    this.#lines.put(1, texts);
    this.#change({ ...told(tail), isLoading: false, isNumbered: false, count: texts.length });
  }

  #number(tail: Log & { readonly first_line: number }): void {
    // The line that the part begins in was left out, since its beginning is not known.
    this.#lines.clear();
    const wasShown = !this.#state.isLoading;
    this.#begin(tail);
    if (wasShown) this.#change({ shift: tail.first_line });
  }

  #look(signal: AbortSignal): void {
    if (document.hidden) {
      // One that is closed has ended, or is begun again by whoever waits for that.
      if (this.#events === null || this.#events.readyState === EventSource.CLOSED) return;
      this.#events.close();
      this.#isAway = true;
    } else if (this.#isAway) {
      this.#isAway = false;
      void this.#resume(signal);
    }
  }

  #follow(signal: AbortSignal): void {
    if (document.hidden) {
      this.#isAway = true;
      return;
    }
    const events = new EventSource(streamUrl(this.#place, this.#end.offset));
    this.#events = events;
    const on = (name: string, take: (data: unknown) => void) =>
      events.addEventListener(name, (event) => take(JSON.parse(event.data as string)));
    events.addEventListener("open", () => this.#change({ isConnected: true }));
    events.addEventListener("error", () => {
      this.#change({ isConnected: false });
      // The browser tries again by itself, from the newest event on, but not when it was refused.
      if (events.readyState === EventSource.CLOSED) this.#later(signal, () => void this.#resume(signal));
    });
    on("log", (data) => this.#take(data as Log, signal));
    on("attempt", () => this.#restart(signal, true));
    on("end", (data) => {
      events.close();
      const last = data as Log;
      // What is stored of a long log is shorter than what was printed: its lines have other places.
      if (!this.#isSame(last) || (last.total_bytes ?? 0) < this.#bytesMost)
        return this.#restart(signal, false);
      this.#change({ ...told(last), isConnected: true });
    });
  }

  #take(part: Log, signal: AbortSignal): void {
    if (!this.#isSame(part) || !this.#end.append(part))
      return this.#restart(signal, part.attempt > this.#state.attempt);
    this.#loader.trim();
    this.#change({ ...told(part), isConnected: true, count: this.#end.count });
  }

  #isSame({ attempt }: { readonly attempt: number }): boolean {
    return attempt === this.#state.attempt;
  }

  async #resume(signal: AbortSignal): Promise<void> {
    try {
      // Leads to the login when the session is over, which an EventSource cannot; and goes on where there are too many of those.
      const end = this.#end;
      const part = await readLog(this.#place, { offset: end.offset }, signal);
      if (part.content !== "") this.#take(part, signal);
      // Where it was no part of this log, everything has begun anew already.
      if (this.#end === end) this.#follow(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error);
      if (this.#state.problem === null) this.#later(signal, () => void this.#resume(signal));
    }
  }

  #restart(signal: AbortSignal, isNewAttempt: boolean): void {
    this.#events?.close();
    this.#lines.clear();
    this.#end = new LogEnd(this.#lines);
    this.#bytesMost = 0;
    this.#state = { ...NOTHING, isNewAttempt: isNewAttempt || this.#state.isNewAttempt };
    void this.#open(signal);
  }

  #failed(error: unknown): void {
    const isFinal = error instanceof ApiError && error.status >= 400 && error.status < 500;
    this.#change({
      isConnected: false,
      ...(isFinal ? { isLoading: false, problem: error } : {}),
    });
  }

  #later(signal: AbortSignal, action: () => void): void {
    setTimeout(() => {
      if (!signal.aborted) action();
    }, RETRY_MS);
  }

  #change(change: Partial<LogState>): void {
    this.#state = { ...this.#state, ...change };
    this.#bytesMost = Math.max(this.#bytesMost, this.#state.totalBytes ?? 0);
    // Many parts may come before something is drawn.
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      for (const watcher of this.#watchers) watcher();
    });
  }
}

function hasLine(part: Log): part is Log & { readonly first_line: number } {
  return part.first_line !== null;
}

function told({ attempt, complete: isComplete, total_bytes: totalBytes }: Log): Partial<LogState> {
  return { attempt, isComplete, totalBytes };
}

function startOfTail(totalBytes: number): number {
  const start = totalBytes - TAIL_BYTES;
  return start < ASKED_BYTES_MIN ? 0 : start;
}
