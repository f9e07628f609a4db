import { type Automaton, buildAutomaton } from "./automaton.ts";
import { buildPairFilter, type PairFilter } from "./pair-filter.ts";

export interface LiteralOptions {
  /** The literals are lower case, and found whatever case the text has. */
  readonly isFolded: boolean;
  /** They are found across line breaks, too: base64 is wrapped at 64 or 76 characters. */
  readonly skipsLineBreaks: boolean;
}

/** Many literals, made ready to be found by a {@link LiteralScan}. */
export interface Literals {
  readonly automaton: Automaton;
  readonly filter: PairFilter;
  readonly skipsLineBreaks: boolean;
}

/** Each of `LITERAL_BYTES_MIN` bytes at least; a shorter one is an error of the program. */
export function buildLiterals(literals: readonly Uint8Array[], options: LiteralOptions): Literals {
  return {
    automaton: buildAutomaton(literals, options.isFolded),
    filter: buildPairFilter(literals, options),
    skipsLineBreaks: options.skipsLineBreaks,
  };
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Of one line break; more of them in a row are no wrapped text. */
const LINE_BREAK_BYTES_MAX = 2;

/**
 * Finds literals in bytes that come in pieces. Most text is passed over by the filter of pairs; the automaton reads only what is
 * around a pair, and the end of what has come, where a literal may be under way. It finds the same as if it had read everything.
 */
export class LiteralScan {
  readonly #literals: Literals;
  readonly #found: (literal: number, at: number) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #words: Uint16Array = new Uint16Array(0);
  /** Up to here everything was found. */
  #scanned = 0;
  /** Of the automaton at `#scanned`. */
  #state = 0;
  #lineBreakBytes = 0;

  /** `found` is told each literal once, as soon as it has come, and where it begins. */
  constructor(literals: Literals, found: (literal: number, at: number) => void) {
    this.#literals = literals;
    this.#found = found;
  }

  /** The bytes lie in this buffer from now on, so much nearer to its beginning than before. */
  move(bytes: Buffer, by: number): void {
    if (bytes !== this.#bytes)
      this.#words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
    this.#bytes = bytes;
    this.#scanned -= by;
  }

  /** Goes on to `end`. */
  scan(end: number): void {
    const { chosen, reach } = this.#literals.filter;
    if (this.#state !== 0) this.#walk(this.#scanned, end);
    while (this.#scanned < end) {
      // At the end a literal may be under way whose pair has not come: it is as good as a pair.
      const pair = 2 * nextChosen(chosen, this.#words, (this.#scanned + 1) >> 1, end >> 1);
      this.#scanned = Math.max(this.#scanned, pair - reach);
      this.#walk(pair + 2, end);
    }
  }

  /** From here on a literal may be under way whose end has not come. */
  get undecidedFrom(): number {
    return this.#back(this.#scanned, this.#literals.automaton.depthOf(this.#state));
  }

  /** Reads to `until`, and on for as long as a literal is under way, to `end` at most. */
  #walk(until: number, end: number): void {
    const { skipsLineBreaks } = this.#literals;
    const { next, classOf, acceptFrom } = this.#literals.automaton;
    const bytes = this.#bytes;
    let state = this.#state;
    let index = this.#scanned;
    for (; index < end && (index < until || state !== 0); index += 1) {
      const byte = bytes[index] ?? 0;
      if (skipsLineBreaks && (byte === LINE_FEED || byte === CARRIAGE_RETURN)) {
        this.#lineBreakBytes += 1;
        if (this.#lineBreakBytes > LINE_BREAK_BYTES_MAX) state = 0;
        continue;
      }
      if (skipsLineBreaks) this.#lineBreakBytes = 0;
      state = next[state + (classOf[byte] ?? 0)] ?? 0;
      if (state >= acceptFrom) this.#tell(state, index + 1);
    }
    this.#state = state;
    this.#scanned = index;
  }

  #tell(state: number, end: number): void {
    const { automaton } = this.#literals;
    for (const literal of automaton.endingAt(state))
      this.#found(literal, this.#back(end, automaton.lengths[literal] ?? 0));
  }

  /** So many bytes back, line breaks not counted where they are skipped. */
  #back(from: number, count: number): number {
    if (!this.#literals.skipsLineBreaks) return from - count;
    let at = from;
    for (let left = count; left > 0 && at > 0; ) {
      at -= 1;
      const byte = this.#bytes[at];
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) left -= 1;
    }
    return at;
  }
}

/** The first word from `from` on that is a chosen pair; `to` when there is none. Most of the time is spent here. */
function nextChosen(chosen: Uint8Array, words: Uint16Array, from: number, to: number): number {
  let at = from;
  while (at < to && chosen[words[at] ?? 0] === 0) at += 1;
  return at;
}
