import { randomFillSync } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** `off`: none is wanted. `missing`: there was no room to make it. */
export const BALLAST_STATES = ["held", "given_up", "missing", "off"] as const;
export type BallastState = (typeof BALLAST_STATES)[number];

const CHUNK_BYTES = 1024 ** 2;

/**
 * A file that takes up room until the disk is full. Given up, it leaves the database room to record how things ended. Its
 * blocks are real: random bytes, which no file system stores as a hole or smaller than they are.
 */
export class Ballast {
  readonly bytes: number;
  readonly #file: string;
  #state: BallastState;
  /** Raised by each {@link giveUp}, so that one being made ends. */
  #givenUp = 0;

  /** Takes up a file of that size which is there already, and removes one of another size. */
  constructor(folder: string, bytes: number) {
    this.bytes = bytes;
    this.#file = join(folder, "ballast");
    const found = statSync(this.#file, { throwIfNoEntry: false })?.size;
    this.#state = bytes === 0 ? "off" : found === bytes ? "held" : "missing";
    if (this.#state !== "held") this.#remove();
  }

  get state(): BallastState {
    return this.#state;
  }

  /** Makes the file, durably. False, and nothing is left of it, when there is no room, or it was given up meanwhile. */
  async make(): Promise<boolean> {
    if (this.#state === "held" || this.#state === "off") return true;
    const before = this.#givenUp;
    const isWhole = await this.#fill(() => this.#givenUp !== before).catch((error: unknown) => {
      this.#remove();
      throw error;
    });
    if (isWhole) this.#state = "held";
    else this.#remove();
    return isWhole;
  }

  /** At once: whoever was refused a moment ago may try again when this returns. May be repeated. */
  giveUp(): void {
    this.#givenUp += 1;
    if (this.#state === "off") return;
    this.#remove();
    this.#state = "given_up";
  }

  async #fill(isUnwanted: () => boolean): Promise<boolean> {
    const handle = await open(this.#file, "w", 0o600);
    try {
      const chunk = randomFillSync(Buffer.alloc(Math.min(CHUNK_BYTES, this.bytes)));
      for (let at = 0; at < this.bytes; ) {
        if (isUnwanted()) return false;
        const { bytesWritten } = await handle.write(
          chunk,
          0,
          Math.min(chunk.byteLength, this.bytes - at),
          at,
        );
        at += bytesWritten;
      }
      await handle.sync();
      return !isUnwanted();
    } finally {
      await handle.close();
    }
  }

  #remove(): void {
    rmSync(this.#file, { force: true });
  }
}
