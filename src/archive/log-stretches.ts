/** Whole lines of a log, or a piece of one that is longer than memory should be asked to hold. */
export interface Stretch {
  readonly offset: number;
  readonly bytes: Buffer;
  /** Where its first line begins: before `offset` when this is a further piece of it. */
  readonly lineStart: number;
  /** Its last line goes on in the next stretch. */
  readonly isCut: boolean;
}

const LINE_FEED = 0x0a;
/** Of a line that is taken as a whole. */
const LINE_BYTES_MAX = 256 * 1024;
/** The pieces of a longer line share so much, so that what lies across their border is found: more than a search asks for. */
const SHARED_BYTES = 4 * 1024;

/** Cuts a log that comes in chunks into stretches. */
export class StretchCutter {
  #held: Buffer = Buffer.alloc(0);
  #offset: number;
  #lineStart: number;

  /** `lineStart`: of the line in which the first chunk begins. */
  constructor(offset: number, lineStart: number = offset) {
    this.#offset = offset;
    this.#lineStart = lineStart;
  }

  /** The chunk may change when this has returned, and what it returns with it. */
  push(chunk: Uint8Array): Stretch | null {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const all = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = all.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) return this.#take(all, end, end, false);
    if (all.byteLength >= LINE_BYTES_MAX)
      return this.#take(all, all.byteLength, all.byteLength - SHARED_BYTES, true);
    this.#held = all === bytes ? Buffer.from(bytes) : all;
    return null;
  }

  /** What is left when nothing follows. */
  end(): Stretch | null {
    const { byteLength } = this.#held;
    return byteLength === 0 ? null : this.#take(this.#held, byteLength, byteLength, false);
  }

  #take(all: Buffer, end: number, used: number, isCut: boolean): Stretch {
    const stretch = {
      offset: this.#offset,
      bytes: all.subarray(0, end),
      lineStart: this.#lineStart,
      isCut,
    };
    this.#held = Buffer.from(all.subarray(used));
    this.#offset += used;
    if (!isCut) this.#lineStart = this.#offset;
    return stretch;
  }
}
