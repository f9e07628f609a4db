import { countLineFeeds } from "./count-line-feeds.ts";
import type { OutputLimits } from "./pending-blocks.ts";

const LINE_FEED = 0x0a;
/** A line is found by reading so much at most, and the marks of 1 GB take 128 KiB. */
const BLOCK_BYTES = 64 * 1024;
const EVERYTHING: OutputLimits = { headBytes: Number.POSITIVE_INFINITY, tailBytes: 0 };

/**
 * How many line feeds lie before every block of an output, counted as it is written or read. Of an output of which only the
 * beginning and the end are kept, so are the marks.
 */
export class LineMarks {
  readonly blockBytes: number;
  readonly #limits: OutputLimits;
  /** Of the blocks from the first one on. */
  readonly #head: number[] = [0];
  /** Of the blocks from `#tailFrom` on. */
  #tail: number[] = [];
  #tailFrom = 0;
  #bytes = 0;
  #lineFeeds = 0;
  #endsInLine = false;

  constructor(limits: OutputLimits = EVERYTHING, blockBytes = BLOCK_BYTES) {
    this.#limits = limits;
    this.blockBytes = blockBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A last line without an end is one too. */
  get totalLines(): number {
    return this.#lineFeeds + (this.#endsInLine ? 1 : 0);
  }

  add(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.byteLength; ) {
      const end = Math.min(chunk.byteLength, done + this.blockBytes - (this.#bytes % this.blockBytes));
      this.#lineFeeds += countLineFeeds(chunk, done, end);
      this.#bytes += end - done;
      done = end;
      if (this.#bytes % this.blockBytes === 0) this.#mark(this.#bytes / this.blockBytes);
    }
    if (chunk.byteLength > 0) this.#endsInLine = chunk[chunk.byteLength - 1] !== LINE_FEED;
  }

  /** Line feeds before the block; null where that is not reached yet or no longer kept. */
  before(block: number): number | null {
    return this.#head[block] ?? this.#tail[block - this.#tailFrom] ?? null;
  }

  /**
   * The block in which the line begins, or an earlier one where its marks are no longer kept. Null when there is no such line yet.
   */
  blockOfLine(line: number): number | null {
    const before = line - 1;
    if (before > this.#lineFeeds) return null;
    const inTail = before === 0 ? -1 : lastBelow(this.#tail, before);
    return inTail >= 0 ? this.#tailFrom + inTail : Math.max(0, lastBelow(this.#head, before));
  }

  #mark(block: number): void {
    if (this.#bytes <= this.#limits.headBytes) {
      this.#head.push(this.#lineFeeds);
      return;
    }
    if (this.#tail.length === 0) this.#tailFrom = block;
    this.#tail.push(this.#lineFeeds);
    const needed = Math.ceil(this.#limits.tailBytes / this.blockBytes) + 1;
    if (this.#tail.length < 2 * needed) return;
    // Half at a time, so that it costs next to nothing for each.
    this.#tailFrom += this.#tail.length - needed;
    this.#tail = this.#tail.slice(-needed);
  }
}

/** Where the line behind so many line feeds begins; null when there are fewer. */
export function startBehind(bytes: Buffer, lineFeeds: number): number | null {
  let at = 0;
  for (let left = lineFeeds; left > 0; left -= 1) {
    const found = bytes.indexOf(LINE_FEED, at);
    if (found === -1) return null;
    at = found + 1;
  }
  return at;
}

/** Index of the last of ascending numbers that is below the limit; -1 when none is. */
function lastBelow(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
