import type { Stretch } from "./log-stretches.ts";
import { seenLine, seenText } from "./seen-text.ts";

/** What is looked for: a literal text, in lines as they are seen. */
export interface Needle {
  readonly text: string;
  readonly isCaseSensitive: boolean;
}

/** A line in which the text is found. */
export interface LogMatch {
  /** Among the matching lines, from 1. */
  readonly number: number;
  /** From 1; null where it cannot be known. */
  readonly line: number | null;
  /** Byte at which the line begins. */
  readonly offset: number;
  /** Of the first match in the line as it is seen, in UTF-16 units from 1; null in a line that is too long to know. */
  readonly column: number | null;
  /** The line as it is seen, cut to what is around the first match. */
  readonly text: string;
}

/** A match of which the rest is worked out only when somebody wants it. */
export interface FoundLine extends Pick<LogMatch, "number" | "line"> {
  readonly whole: () => LogMatch;
}

/** Where a scan goes on. */
export interface ScanState {
  /** Matching lines before. */
  readonly number: number;
  /** Of the line that the next stretch begins in. */
  readonly line: number | null;
  /** The line that the next stretch begins in was counted already. */
  readonly isMatched: boolean;
}

const TEXT_CHARS_MAX = 400;
const TEXT_CHARS_BEFORE = 100;
const LINE_FEED = 0x0a;

/** Counts the matching lines of stretch after stretch, each line once. */
export class LogScan {
  readonly #needle: Needle;
  readonly #text: string;
  #state: ScanState;

  constructor(needle: Needle, state: ScanState = { number: 0, line: 1, isMatched: false }) {
    this.#needle = needle;
    this.#text = folded(needle, needle.text);
    this.#state = state;
  }

  get state(): ScanState {
    return this.#state;
  }

  /** For a log of which a part is not there: what follows begins in this line. */
  skipTo(line: number | null): void {
    this.#state = { ...this.#state, line, isMatched: false };
  }

  /** Only counts. `state.line` is not kept up. */
  count(stretch: Stretch): void {
    const text = this.#textOf(stretch);
    let { number, isMatched } = this.#state;
    let at = isMatched ? text.indexOf("\n") + 1 : 0;
    if (isMatched && at === 0) return this.#end(stretch, { number, isMatched });
    for (isMatched = false; ; ) {
      const found = text.indexOf(this.#text, at);
      if (found === -1) break;
      number += 1;
      at = text.indexOf("\n", found) + 1;
      isMatched = at === 0;
      if (isMatched) break;
    }
    this.#end(stretch, { number, isMatched });
  }

  /** Counts, and shows each match. */
  find(stretch: Stretch, each: (found: FoundLine) => void): void {
    const text = this.#textOf(stretch);
    const first = this.#state.line;
    let { number, isMatched } = this.#state;
    const walk = new LineWalk(stretch);
    let lineFeeds = 0;
    for (let start = 0; start <= text.length; ) {
      const feed = text.indexOf("\n", start);
      const end = feed === -1 ? text.length : feed;
      // Most lines hold nothing, and are passed over together.
      const found = isMatched ? -1 : text.indexOf(this.#text, start);
      if (!isMatched && found === -1) {
        lineFeeds += countFeeds(text, start);
        break;
      }
      if (found > end) {
        lineFeeds += countFeeds(text, start, found);
        start = text.lastIndexOf("\n", found) + 1;
        continue;
      }
      if (!isMatched) {
        number += 1;
        const [index, line] = [lineFeeds, first === null ? null : first + lineFeeds];
        each({ number, line, whole: this.#wholeOf(walk, index, { number, line }) });
        isMatched = true;
      }
      if (feed === -1) break;
      isMatched = false;
      lineFeeds += 1;
      start = feed + 1;
    }
    this.#end(stretch, { number, isMatched }, first === null ? null : first + lineFeeds);
  }

  #wholeOf(walk: LineWalk, index: number, { number, line }: Pick<LogMatch, "number" | "line">) {
    return (): LogMatch => {
      const { offset, content, isPiece } = walk.to(index);
      const seen = seenLine(content);
      const compared = folded(this.#needle, seen);
      const at = compared.indexOf(this.#text);
      const isSure = at !== -1 && !isPiece && compared.length === seen.length;
      const from = Math.max(0, at - TEXT_CHARS_BEFORE);
      const text = seen.slice(from, from + TEXT_CHARS_MAX).toWellFormed();
      return { number, line, offset, column: isSure ? at + 1 : null, text };
    };
  }

  #textOf({ bytes }: Stretch): string {
    return folded(this.#needle, seenText(bytes.toString("utf8")));
  }

  #end(
    { isCut }: Stretch,
    { number, isMatched }: Pick<ScanState, "number" | "isMatched">,
    line: number | null = null,
  ): void {
    this.#state = { number, line, isMatched: isCut && isMatched };
  }
}

function folded({ isCaseSensitive }: Needle, text: string): string {
  return isCaseSensitive ? text : text.toLowerCase();
}

function countFeeds(text: string, from: number, to = text.length): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** Goes through the lines of a stretch in its bytes, forward. */
class LineWalk {
  readonly #stretch: Stretch;
  #index = 0;
  #at = 0;

  constructor(stretch: Stretch) {
    this.#stretch = stretch;
  }

  to(index: number): { offset: number; content: string; isPiece: boolean } {
    const { bytes, offset, lineStart } = this.#stretch;
    for (; this.#index < index; this.#index += 1) this.#at = bytes.indexOf(LINE_FEED, this.#at) + 1;
    const feed = bytes.indexOf(LINE_FEED, this.#at);
    const isPiece = index === 0 && lineStart < offset;
    return {
      offset: isPiece ? lineStart : offset + this.#at,
      content: bytes.subarray(this.#at, feed === -1 ? bytes.byteLength : feed).toString("utf8"),
      isPiece,
    };
  }
}
