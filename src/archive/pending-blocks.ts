/** How much of an output is kept: its beginning and its end, in bytes. */
export interface OutputLimits {
  readonly headBytes: number;
  readonly tailBytes: number;
}

const BLOCK_BYTES = 64 * 1024;
const FIRST_BLOCK_BYTES = 4 * 1024;
/** Buffers kept for the next block: a flood of output would otherwise leave 100 MiB for the garbage collector. */
const SPARE_MAX = 32;

export interface Block {
  /** Offset of its first byte in the output. */
  readonly start: number;
  readonly buffer: Buffer;
  /** How much of the buffer it fills. */
  readonly used: number;
}

/**
 * Output that is not yet on disk, copied into blocks so that a million small writes cost no more than one large one.
 * Holds at most the head and one tail: what lies between them is let go as soon as it is certain not to be kept.
 */
export class PendingBlocks {
  readonly #limits: OutputLimits;
  readonly #blocks: { start: number; buffer: Buffer; used: number }[] = [];
  readonly #spare: Buffer[] = [];
  #totalBytes = 0;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  add(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.byteLength; ) {
      const block = this.#openBlock(chunk.byteLength - done);
      const part = chunk.subarray(done, done + block.buffer.byteLength - block.used);
      block.buffer.set(part, block.used);
      block.used += part.byteLength;
      done += part.byteLength;
      this.#totalBytes += part.byteLength;
      this.#dropMiddle();
    }
  }

  /** The oldest block, which is the taker's until {@link release}. */
  take(): Block | undefined {
    return this.#blocks.shift();
  }

  /** Gives a block back whose content is no longer needed. */
  release({ buffer }: Block): void {
    const isUsual = buffer.byteLength === BLOCK_BYTES;
    if (isUsual && this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
  }

  #openBlock(wantedBytes: number): { start: number; buffer: Buffer; used: number } {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.buffer.byteLength) return last;
    const block = { start: this.#totalBytes, buffer: this.#newBuffer(wantedBytes), used: 0 };
    this.#blocks.push(block);
    return block;
  }

  #newBuffer(wantedBytes: number): Buffer {
    const isFirst = this.#totalBytes === 0;
    const bytes = isFirst ? Math.min(BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, wantedBytes)) : BLOCK_BYTES;
    // A block ends where the head ends, so that each belongs to one of the two.
    const toHeadEnd = this.#limits.headBytes - this.#totalBytes;
    const size = toHeadEnd > 0 ? Math.min(bytes, toHeadEnd) : bytes;
    return (size === BLOCK_BYTES ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
  }

  /** Blocks come in order, so at most the oldest one of the tail has just fallen out of it. */
  #dropMiddle(): void {
    const keptFrom = this.#totalBytes - this.#limits.tailBytes;
    if (keptFrom <= this.#limits.headBytes) return;
    const index = this.#blocks.findIndex((block) => block.start >= this.#limits.headBytes);
    const oldest = this.#blocks[index];
    if (oldest === undefined || oldest.start + oldest.used > keptFrom) return;
    this.#blocks.splice(index, 1);
    this.release(oldest);
  }
}
