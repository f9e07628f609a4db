import type { Log } from "../../api/types.ts";
import type { LineCache } from "./line-cache.ts";

export interface LoaderParts {
  readonly read: (asked: Readonly<Record<string, number>>, signal: AbortSignal) => Promise<Log>;
  /** Lines that there are. */
  readonly count: () => number;
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

const PART_BYTES = 64 * 1024;
/** While somebody drags the scrollbar, not every place on the way is asked for. */
const SPACING_MS = 30;
const RETRY_MS = 1_000;
/** Lines on both sides of those that are wanted, which are loaded before anybody sees that they are not there. */
const AHEAD = 250;
/** Lines before those that are wanted, which come with them: the next ones on the way up. */
const BEFORE_MAX = 300;

/** Loads the lines that are looked at, one part at a time, and gives up on those that nobody looks at any more. */
export class LineLoader {
  readonly #lines: LineCache;
  readonly #parts: LoaderParts;
  #wanted: readonly [number, number] = [1, 0];
  #loading: { readonly stop: AbortController; readonly from: number; readonly to: number } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lineBytes = 100;
  #begunMs = 0;

  constructor(lines: LineCache, parts: LoaderParts) {
    this.#lines = lines;
    this.#parts = parts;
  }

  want(first: number, last: number): void {
    this.#wanted = [first, last];
    const { start, end } = this.#missing();
    if (start === null) return;
    const loading = this.#loading;
    if (loading !== null) {
      if (start <= loading.to && end >= loading.from) return;
      loading.stop.abort();
      this.#loading = null;
    }
    const waitMs = Math.max(0, this.#begunMs + SPACING_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#next(), waitMs);
  }

  stop(): void {
    this.#wanted = [1, 0];
    this.#loading?.stop.abort();
    this.#loading = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #next(): void {
    this.#timer = null;
    const { start, end } = this.#missing();
    if (start === null || this.#loading !== null) return;
    const isGoingOn = start === 1 || this.#lines.get(start - 1) !== undefined;
    const room = Math.floor(PART_BYTES / this.#lineBytes) - (end - start + 1);
    const from = isGoingOn ? start : Math.max(1, start - Math.max(0, Math.min(BEFORE_MAX, room)));
    const loading = { stop: new AbortController(), from, to: end };
    this.#loading = loading;
    this.#begunMs = performance.now();
    this.#parts
      .read({ line: from, limit: PART_BYTES }, loading.stop.signal)
      .then((part) => {
        if (this.#loading !== loading) return;
        this.#loading = null;
        this.#put(from, part);
        this.#parts.changed();
        // What is counted already and not there yet comes in a moment.
        if (this.#lines.get(start) === undefined) this.#timer ??= setTimeout(() => this.#next(), RETRY_MS);
        else this.want(...this.#wanted);
      })
      .catch((error: unknown) => {
        if (this.#loading !== loading) return;
        this.#loading = null;
        if (loading.stop.signal.aborted) return;
        this.#parts.failed(error);
        this.#timer ??= setTimeout(() => this.#next(), RETRY_MS);
      });
  }

  #put(asked: number, part: Log): void {
    const first = part.first_line ?? asked;
    if (first > asked) this.#lines.putGap(asked, first);
    const texts = part.content.split("\n");
    const isAtEnd = part.next_offset >= (part.total_bytes ?? 0);
    const isOneLine = texts.length === 1;
    // The last one is cut by the end of the part, or is the nothing behind the last line feed.
    if (!isOneLine && (!isAtEnd || texts.at(-1) === "")) texts.pop();
    if (part.content === "") texts.pop();
    this.#lines.put(first, texts, isOneLine && !isAtEnd);
    if (texts.length > 0) this.#lineBytes = Math.max(1, (part.next_offset - part.offset) / texts.length);
    this.trim();
  }

  /** Lets go of lines that are far from those that are looked at. */
  trim(): void {
    this.#lines.trim(Math.floor((this.#wanted[0] + this.#wanted[1]) / 2));
  }

  /** The first and the last of the wanted lines that are not there; when all of them are, of those that will be wanted next. */
  #missing(): { start: number | null; end: number } {
    const now = this.#missingOf(this.#wanted[0], this.#wanted[1]);
    if (now.start !== null || this.#wanted[1] < this.#wanted[0]) return now;
    return this.#missingOf(this.#wanted[0] - AHEAD, this.#wanted[1] + AHEAD);
  }

  #missingOf(from: number, to: number): { start: number | null; end: number } {
    const [first, last] = [Math.max(1, from), Math.min(this.#parts.count(), to)];
    let [start, end]: [number | null, number] = [null, 0];
    for (let number = first; number <= last; number += 1) {
      if (this.#lines.get(number) !== undefined) continue;
      start ??= number;
      end = number;
    }
    return { start, end };
  }
}
