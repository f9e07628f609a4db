/** Above the first figure the source is asked to wait, below the second to go on. In bytes. */
const PAUSE_ABOVE = 1024 * 1024;
const RESUME_BELOW = 256 * 1024;
/** Chunks that wait are given out together up to here: each one costs its reader a turn, and a write to the disk. */
const GIVEN_BYTES_MAX = 256 * 1024;

/** Output that arrives by itself, read as fast as the reader wants it: the source waits when the reader is slow. */
export class ChunkQueue {
  readonly #flow: { pause(): void; resume(): void };
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isPaused = false;
  #end: "open" | "ended" | Error = "open";
  #wake: () => void = () => {};

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  push(chunk: Uint8Array): void {
    if (this.#end !== "open") return;
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#bytes += chunk.byteLength;
    if (this.#bytes > PAUSE_ABOVE && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** Nothing more comes: a reader gets what is there, then null; with an error it gets that at once. */
  end(error?: Error): void {
    if (this.#end instanceof Error || (this.#end === "ended" && error === undefined)) return;
    this.#end = error ?? "ended";
    this.#wake();
  }

  /**
   * What has come, as far as one chunk may go, behind what its reader had left of the one before; null at the end. Only one
   * reader at a time.
   */
  async next(left?: Buffer): Promise<Buffer | null> {
    for (;;) {
      if (this.#end instanceof Error) throw this.#end;
      const chunks = this.#take();
      if (chunks.length > 0) {
        if (this.#isPaused && this.#bytes < RESUME_BELOW) {
          this.#isPaused = false;
          this.#flow.resume();
        }
        if (left !== undefined && left.byteLength > 0) chunks.unshift(left);
        // Each byte is copied once at most: at this rate it is memory that costs.
        return chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null);
      }
      if (this.#end === "ended") return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): Buffer[] {
    let [count, bytes] = [0, 0];
    for (const chunk of this.#chunks) {
      if (count > 0 && bytes + chunk.byteLength > GIVEN_BYTES_MAX) break;
      count += 1;
      bytes += chunk.byteLength;
    }
    this.#bytes -= bytes;
    return this.#chunks.splice(0, count);
  }
}
