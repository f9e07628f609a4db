import type { Position } from "./problems.ts";

/**
 * Turns offsets of a text into lines and columns. The `yaml` package's own counter misses line breaks inside of what it could
 * not parse, and then points at lines that do not exist.
 */
export class LineIndex {
  readonly #text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#text = text;
    this.#starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  }

  positionAt(offset: number): Position {
    const line = this.#lineAt(Math.min(offset, this.#text.length));
    return { line, column: Math.min(offset, this.#text.length) - (this.#starts[line - 1] ?? 0) + 1 };
  }

  /** A line without its line break; empty when there is none with this number. */
  lineText(line: number): string {
    const start = this.#starts[line - 1];
    if (start === undefined) return "";
    const end = (this.#starts[line] ?? this.#text.length + 1) - 1;
    return this.#text.slice(start, end).replace(/\r$/, "");
  }

  /** The last line that begins at or before the offset, by bisection. */
  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
