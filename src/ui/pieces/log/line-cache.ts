import { type Look, PLAIN, readLine } from "./ansi.ts";

/** One line as it is kept. */
export interface Line {
  /** As it was printed, cut to {@link LINE_CHARS_MAX}. */
  readonly text: string;
  /** The look that it begins with. */
  readonly look: Look;
  readonly isCut: boolean;
  /** False where only the line's place is known: it was printed, and is not kept. */
  readonly isKept: boolean;
}

/** Of a line that is shown; the rest is in the raw log. */
export const LINE_CHARS_MAX = 16 * 1024;
/** So many are kept, those nearest to what is looked at: some 20 MB at most. */
const LINES_MAX = 20_000;
const CHARS_MAX = 10_000_000;

const NOT_KEPT: Line = { text: "", look: PLAIN, isCut: false, isKept: false };

/** Lines of a log by their number, from 1. */
export class LineCache {
  readonly #lines = new Map<number, Line>();
  #chars = 0;
  /** From the first to before the last: printed, and no longer kept by the service. */
  #gap: readonly [number, number] | null = null;

  get(number: number): Line | undefined {
    const isInGap = this.#gap !== null && number >= this.#gap[0] && number < this.#gap[1];
    return this.#lines.get(number) ?? (isInGap ? NOT_KEPT : undefined);
  }

  /** Lines that follow each other. Each begins in the look in which the one before ended. */
  put(first: number, texts: readonly string[], isLastCut = false): void {
    let look = this.#lookBefore(first);
    for (const [index, whole] of texts.entries()) {
      const isCut = whole.length > LINE_CHARS_MAX || (isLastCut && index === texts.length - 1);
      const text = whole.length > LINE_CHARS_MAX ? whole.slice(0, LINE_CHARS_MAX) : whole;
      this.#set(first + index, { text, look, isCut, isKept: true });
      if (text.includes("\u001b")) look = readLine(text, look).after;
    }
  }

  putGap(first: number, end: number): void {
    const [from, to] = this.#gap ?? [first, end];
    this.#gap = [Math.min(from, first), Math.max(to, end)];
  }

  /** To be loaded again when it is looked at. */
  forget(number: number): void {
    this.#chars -= this.#lines.get(number)?.text.length ?? 0;
    this.#lines.delete(number);
  }

  /** Lets go what is far from these lines. */
  trim(around: number): void {
    if (this.#lines.size <= LINES_MAX && this.#chars <= CHARS_MAX) return;
    const far = [...this.#lines.keys()].toSorted(
      (left, right) => Math.abs(right - around) - Math.abs(left - around),
    );
    for (const number of far) {
      if (this.#lines.size <= LINES_MAX / 2 && this.#chars <= CHARS_MAX / 2) return;
      this.forget(number);
    }
  }

  clear(): void {
    this.#lines.clear();
    this.#chars = 0;
    this.#gap = null;
  }

  #set(number: number, line: Line): void {
    this.#chars += line.text.length - (this.#lines.get(number)?.text.length ?? 0);
    this.#lines.set(number, line);
  }

  #lookBefore(number: number): Look {
    const before = this.#lines.get(number - 1);
    return before === undefined ? PLAIN : readLine(before.text, before.look).after;
  }
}
