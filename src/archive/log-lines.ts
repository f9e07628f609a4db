import { countLineFeeds } from "./count-line-feeds.ts";
import { type LineMarks, startBehind } from "./line-marks.ts";

/** Bytes of a log, fewer than asked for where it ends; null where they are no longer there. */
export type ReadBytes = (start: number, end: number) => Promise<Buffer | null>;

/** Which line a byte of a log belongs to, and where a line begins: from the nearest mark on, one block is read. */
export class LogLines {
  readonly #marks: LineMarks;
  readonly #read: ReadBytes;

  constructor(marks: LineMarks, read: ReadBytes) {
    this.#marks = marks;
    this.#read = read;
  }

  get totalLines(): number {
    return this.#marks.totalLines;
  }

  /** The number of the line, from 1, of which the byte at the offset is one; null where it cannot be known. */
  async lineAt(offset: number): Promise<number | null> {
    if (offset === 0) return 1;
    const { blockBytes } = this.#marks;
    const block = Math.floor(offset / blockBytes);
    const [before, after] = [this.#marks.before(block), this.#marks.before(block + 1)];
    const left = before === null ? null : await this.#read(block * blockBytes, offset);
    if (before !== null && left?.byteLength === offset - block * blockBytes)
      return before + countLineFeeds(left) + 1;
    const end = (block + 1) * blockBytes;
    const right = after === null ? null : await this.#read(offset, end);
    return after !== null && right?.byteLength === end - offset ? after - countLineFeeds(right) + 1 : null;
  }

  /** Where the line begins; behind everything when there is no such line; null where it cannot be known. */
  async offsetOf(line: number): Promise<number | null> {
    if (line === 1) return 0;
    const { blockBytes, bytes } = this.#marks;
    const block = this.#marks.blockOfLine(line);
    if (block === null) return bytes;
    const before = this.#marks.before(block);
    const start = block * blockBytes;
    const content = before === null ? null : await this.#read(start, Math.min(bytes, start + blockBytes));
    if (before === null || content === null) return null;
    const found = startBehind(content, line - 1 - before);
    return found === null ? null : start + found;
  }
}
