import { isUtf8 } from "node:buffer";
import { CleanLines, type LineSearch } from "./clean-lines.ts";
import { type Layer, type LayerOptions, maskOf } from "./search.ts";

/** A pattern of the settings, compiled by the engine for regular expressions that people write. */
export interface OwnPattern {
  readonly name: string;
  /** As written. */
  readonly regex: string;
  /** Throws when the text is too much for the pattern. */
  isFoundIn(text: string): boolean;
  /** Where it matches, from left to right; without empty matches. Throws when the text is too much for the pattern. */
  findAll(text: string): readonly { readonly start: number; readonly end: number }[];
  /** Looks for it, and perhaps for others, in many lines at once; null where that would not find every match in a line. */
  readonly inLines: LineSearch | null;
}

/** A line is looked at in pieces of so many bytes, each beginning {@link OVERLAP_BYTES} before the end of the one before. */
const PIECE_BYTES = 4 * 1024;
/** What a match may be long and is surely found wherever it stands. */
const OVERLAP_BYTES = 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACES = new Set([0x20, 0x09, CARRIAGE_RETURN, LINE_FEED]);

/**
 * Replaces what patterns of the settings match, line by line: what they may see is one line, or a piece of a long one. A match that
 * goes to the end of its piece goes on to the end of the word.
 */
export class OwnPatternLayer implements Layer {
  readonly #patterns: readonly OwnPattern[];
  readonly #options: LayerOptions;
  /** Null where every line has to be looked at by itself. */
  readonly #cleanLines: CleanLines | null;
  #held: Buffer = Buffer.alloc(0);
  #isInWord = false;
  #isNextSuspect = false;
  #line = 1;

  constructor(patterns: readonly OwnPattern[], options: LayerOptions) {
    this.#patterns = patterns;
    this.#options = options;
    const searches = [...new Set(patterns.map(({ inLines }) => inLines))];
    this.#cleanLines = searches.every((search) => search !== null) ? new CleanLines(searches) : null;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#held = this.#held.byteLength === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    this.#advance(false);
  }

  end(): void {
    this.#advance(true);
  }

  #advance(isEnd: boolean): void {
    const held = this.#held;
    let at = 0;
    while (at < held.byteLength) {
      const clean = this.#cleanUntil(held, at);
      if (clean > at) {
        this.#emit(held.subarray(at, clean));
        at = clean;
        continue;
      }
      const lineFeed = held.indexOf(LINE_FEED, at);
      const lineEnd = lineFeed === -1 ? held.byteLength : lineFeed + 1;
      const isLast = lineEnd - at <= PIECE_BYTES;
      if (isLast && lineFeed === -1 && !isEnd) break;
      if (isLast) this.#isNextSuspect = false;
      at += this.#piece(held.subarray(at, isLast ? lineEnd : at + PIECE_BYTES), isLast);
    }
    this.#held = held.subarray(at);
  }

  #cleanUntil(held: Buffer, from: number): number {
    if (this.#isInWord || this.#isNextSuspect || this.#cleanLines === null) return from;
    const { end, isNextSuspect } = this.#cleanLines.until(held, from);
    this.#isNextSuspect = isNextSuspect;
    return end;
  }

  /** Gives how many bytes of the piece were dealt with. */
  #piece(piece: Buffer, isLast: boolean): number {
    let at = 0;
    if (this.#isInWord) {
      at = piece.findIndex((byte) => SPACES.has(byte));
      this.#isInWord = at === -1;
      if (at === -1) return piece.byteLength;
      if (at > 0) return at;
    }
    const accepted = isLast ? piece.byteLength : piece.byteLength - OVERLAP_BYTES;
    for (const { start, end, name } of this.#find(piece)) {
      if (start >= accepted) break;
      if (end <= at) continue;
      this.#emit(piece.subarray(at, Math.max(at, start)));
      this.#options.count(name);
      this.#options.onFinding?.({ name, line: this.#line, lineBreaks: 0 });
      this.#options.emit(Buffer.from(maskOf(name)));
      at = end;
    }
    if (at === piece.byteLength && !isLast) this.#isInWord = true;
    if (at < accepted) this.#emit(piece.subarray(at, accepted));
    return Math.max(at, accepted);
  }

  /** Byte places in the piece. A pattern that the piece is too much for might have matched anywhere in it: all of it goes. */
  #find(piece: Buffer): { start: number; end: number; name: string }[] {
    const line = withoutLineBreak(piece);
    const isText = isUtf8(line);
    const text = line.toString(isText ? "utf8" : "latin1");
    const isOneByte = !isText || text.length === line.byteLength;
    const byteAt = (index: number) => (isOneByte ? index : Buffer.byteLength(text.slice(0, index)));
    const found = this.#patterns.flatMap((pattern) => {
      const { name } = pattern;
      try {
        // Where it matches is dear to know, and it hardly ever does.
        if (!pattern.isFoundIn(text)) return [];
        return pattern
          .findAll(text)
          .map(({ start, end }) => ({ start: byteAt(start), end: byteAt(end), name }));
      } catch {
        return [{ start: 0, end: line.byteLength, name }];
      }
    });
    return found
      .filter(({ start, end }) => end > start)
      .sort((left, right) => left.start - right.start || right.end - left.end);
  }

  #emit(part: Uint8Array): void {
    if (part.byteLength === 0) return;
    if (this.#options.onFinding !== null) for (const byte of part) if (byte === LINE_FEED) this.#line += 1;
    this.#options.emit(part);
  }
}

function withoutLineBreak(piece: Buffer): Buffer {
  if (piece.at(-1) !== LINE_FEED) return piece;
  return piece.subarray(0, piece.at(-2) === CARRIAGE_RETURN ? -2 : -1);
}
