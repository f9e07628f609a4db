import { isUtf8 } from "node:buffer";

/** Looks for several patterns in whole lines at once. */
export interface LineSearch {
  /**
   * True when one of the patterns is found in one of the lines, each ending with a line feed; perhaps also when none is. Throws
   * when the text is too much for them.
   */
  isFoundIn(lines: string): boolean;
}

const LINE_FEED = 0x0a;
/** Lines looked at together. Fewer after something was found in some, since much of them would be looked at again. */
const BLOCK_BYTES_MAX = 32 * 1024;
const BLOCK_BYTES_MIN = 1024;
const LESS = 8;

/** Finds the lines in which nothing is, many at a time: one look for all patterns where there is nothing, as in most lines. */
export class CleanLines {
  readonly #searches: readonly LineSearch[];
  #blockBytes = BLOCK_BYTES_MAX;

  constructor(searches: readonly LineSearch[]) {
    this.#searches = searches;
  }

  /**
   * Where whole lines end, from `from` on, in which nothing is found, and whether the line that follows there is known to be one
   * that has to be looked at by itself.
   */
  until(bytes: Buffer, from: number): { readonly end: number; readonly isNextSuspect: boolean } {
    const end = lineEndBefore(bytes, from, from + this.#blockBytes);
    if (end <= from) return { end: from, isNextSuspect: false };
    if (!this.#isSuspect(bytes.subarray(from, end))) {
      this.#blockBytes = Math.min(BLOCK_BYTES_MAX, this.#blockBytes * 2);
      return { end, isNextSuspect: false };
    }
    this.#blockBytes = Math.max(BLOCK_BYTES_MIN, this.#blockBytes / LESS);
    return { end: this.#firstSuspect(bytes, from, end), isNextSuspect: true };
  }

  /** Where the first line begins in which something is found; something is, between `from` and `end`. */
  #firstSuspect(bytes: Buffer, from: number, end: number): number {
    let [low, high] = [from, end];
    for (;;) {
      const middle = lineEndBefore(bytes, low, low + Math.floor((high - low) / 2));
      // Half of what is left is less than its first line.
      const split = middle > low ? middle : bytes.indexOf(LINE_FEED, low) + 1;
      if (split >= high) return low;
      if (this.#isSuspect(bytes.subarray(low, split))) high = split;
      else low = split;
    }
  }

  /** As the lines are read one by one: as UTF-8 where they are, as one character for each byte where they are not. */
  #isSuspect(lines: Buffer): boolean {
    const texts = isUtf8(lines)
      ? [lines.toString("utf8")]
      : [lines.toString("utf8"), lines.toString("latin1")];
    // A carriage return belongs to the line break, so that the end of a line is where `$` looks for it.
    return texts.some((text) =>
      this.#isFoundIn(text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text),
    );
  }

  #isFoundIn(text: string): boolean {
    try {
      return this.#searches.some((search) => search.isFoundIn(text));
    } catch {
      return true;
    }
  }
}

/** Behind the last line feed of `from` to `limit`; `from` or less when there is none. */
function lineEndBefore(bytes: Buffer, from: number, limit: number): number {
  const last = Math.min(bytes.byteLength, limit) - 1;
  return last < from ? from : bytes.lastIndexOf(LINE_FEED, last) + 1;
}
