const DIGITS_MAX = 20;

/** Reads the number that a sweep job prints. */
export class SweepCount {
  #text = "";

  /** May be handed around: it needs no `this`. */
  readonly write = (chunk: Uint8Array): void => {
    this.#text = (this.#text + Buffer.from(chunk).toString("latin1")).slice(0, DIGITS_MAX);
  };

  /** Zero when nothing was printed. */
  get value(): number {
    return Number.parseInt(this.#text, 10) || 0;
  }
}
