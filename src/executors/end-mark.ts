import type { OutputStream } from "./executor.ts";

const DIGITS_MAX = 3;

/** The last line that a job prints on stderr, after `printf '%s %s\n' END CODE`. */
export function endMarkOf(nonce: string): string {
  return `${nonce}-end`;
}

/**
 * Passes on what a job prints until it announces its end, with its exit code, by a mark; drops the mark and what follows.
 * Tells a command's own exit code from that of the program that carries it. Bytes wait only while they may begin the mark.
 */
export class EndMark {
  readonly #mark: Buffer;
  readonly #onOutput: OutputStream["write"];
  #held: Buffer = Buffer.alloc(0);
  #code: string | null = null;

  constructor(nonce: string, onOutput: OutputStream["write"]) {
    this.#mark = Buffer.from(`${endMarkOf(nonce)} `);
    this.#onOutput = onOutput;
  }

  /** Null as long as the end was not announced. */
  get exitCode(): number | null {
    return this.#code !== null && /^\d+\n/.test(this.#code) ? Number.parseInt(this.#code, 10) : null;
  }

  write(chunk: Uint8Array): void {
    if (this.#code !== null) {
      this.#code = (this.#code + Buffer.from(chunk).toString("latin1")).slice(0, DIGITS_MAX + 1);
      return;
    }
    const bytes = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    const at = bytes.indexOf(this.#mark);
    const free = at === -1 ? bytes.length - this.#beginning(bytes) : at;
    if (free > 0) this.#onOutput(bytes.subarray(0, free));
    this.#held = at === -1 ? bytes.subarray(free) : Buffer.alloc(0);
    if (at !== -1)
      this.#code = bytes
        .subarray(at + this.#mark.length)
        .toString("latin1")
        .slice(0, DIGITS_MAX + 1);
  }

  /** Nothing more comes: what was held back was no mark. */
  end(): void {
    if (this.#held.length > 0) this.#onOutput(this.#held);
    this.#held = Buffer.alloc(0);
  }

  /** How many bytes at the end of these may be the beginning of the mark. */
  #beginning(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#mark.length - 1); length > 0; length -= 1)
      if (bytes.subarray(bytes.length - length).equals(this.#mark.subarray(0, length))) return length;
    return 0;
  }
}
