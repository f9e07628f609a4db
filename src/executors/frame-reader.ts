import type { ChunkQueue } from "./chunk-queue.ts";

/** A frame's line is a few numbers; a longer one is not ours. */
const LINE_BYTES_MAX = 1024;

/** Reads what `READ_SCRIPT` prints: lines that begin with an unguessable mark, and raw bytes between them. */
export class FrameReader {
  readonly #chunks: ChunkQueue;
  readonly #mark: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: ChunkQueue, mark: string) {
    this.#chunks = chunks;
    this.#mark = Buffer.from(`${mark} `);
  }

  /** The words of the next line after its mark; null at the end of the output, or when that is not where a line begins. */
  async line(): Promise<readonly string[] | null> {
    for (;;) {
      const end = this.#rest.indexOf(0x0a);
      if (end !== -1) {
        const line = this.#rest.subarray(0, end);
        if (!line.subarray(0, this.#mark.length).equals(this.#mark)) return null;
        this.#rest = this.#rest.subarray(end + 1);
        return line.toString("latin1", this.#mark.length).split(" ");
      }
      if (this.#rest.length > LINE_BYTES_MAX || !(await this.#more())) return null;
    }
  }

  /** The bytes before the next mark; null when the output ends without one. */
  async bytes(): Promise<Buffer | "mark" | null> {
    for (;;) {
      const at = this.#rest.indexOf(this.#mark);
      // The mark may be cut in two by the chunks: that many bytes wait for the next one.
      const free = at === -1 ? this.#rest.length - this.#mark.length + 1 : at;
      if (free > 0) {
        const bytes = this.#rest.subarray(0, free);
        this.#rest = this.#rest.subarray(free);
        return bytes;
      }
      if (at === 0) return "mark";
      if (!(await this.#more())) return null;
    }
  }

  async #more(): Promise<boolean> {
    const chunk = await this.#chunks.next(this.#rest);
    if (chunk === null) return false;
    this.#rest = chunk;
    return true;
  }
}
