import type { OutputStream } from "./executor.ts";

/** Before its start is announced a job prints nothing of use: what is kept of it explains a failure. */
const KEPT_BYTES_MAX = 16 * 1024;

/**
 * Holds back what a login shell, sudo or a profile file prints before a job announces its start with the nonce on a line
 * of its own; passes on everything after it. Tells a job that never started from one that failed.
 */
export class StartGate {
  readonly #mark: Buffer;
  readonly #onOutput: OutputStream["write"];
  #held: Buffer = Buffer.alloc(0);
  #isOpen = false;

  constructor(nonce: string, onOutput: OutputStream["write"]) {
    this.#mark = Buffer.from(`${nonce}\n`);
    this.#onOutput = onOutput;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  write(chunk: Uint8Array): void {
    if (this.#isOpen) {
      this.#onOutput(chunk);
      return;
    }
    const held = Buffer.concat([this.#held, chunk]);
    const at = held.indexOf(this.#mark);
    if (at === -1) {
      this.#held = held.subarray(Math.max(0, held.length - KEPT_BYTES_MAX));
      return;
    }
    this.#isOpen = true;
    this.#held = Buffer.alloc(0);
    const rest = held.subarray(at + this.#mark.length);
    if (rest.length > 0) this.#onOutput(rest);
  }

  /** What was printed before the start; empty after it. */
  held(): string {
    return this.#held.toString("utf8");
  }

  /** The last line of what was printed before the start, for a message. */
  lastLine(): string {
    const lines = this.held().split("\n");
    return (lines.findLast((line) => line.trim() !== "") ?? "").trim().slice(0, 300);
  }
}
