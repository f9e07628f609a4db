import { LiteralScan } from "./literals.ts";
import {
  type ByteClass,
  type Layer,
  type LayerOptions,
  type Search,
  type Span,
  type View,
  WAIT,
} from "./search.ts";

/** What a judge may look back at; no pattern looks further. */
const CONTEXT_BYTES = 32;
const FIRST_BYTES = 4 * 1024;
const LINE_FEED = 0x0a;

interface Candidate {
  readonly at: number;
  readonly literal: number;
}

/**
 * Replaces what a search finds in a stream of bytes. The output does not depend on how the input is cut: bytes are given on as
 * soon as nothing that comes later could change them, and held until then.
 */
export class SearchLayer implements Layer {
  readonly #search: Search;
  readonly #options: LayerOptions;
  #bytes = Buffer.alloc(FIRST_BYTES);
  #end = 0;
  /** Everything before it was given on, or replaced. */
  #emitted = 0;
  readonly #scan: LiteralScan;
  #candidates: Candidate[] = [];
  #spans: Span[] = [];
  /** Where the furthest of all that was found so far ends. */
  #coveredTo = 0;
  /** What was replaced last goes on for as long as these follow. */
  #rest: ByteClass | null = null;
  #line = 1;

  constructor(search: Search, options: LayerOptions) {
    this.#search = search;
    this.#options = options;
    this.#scan = new LiteralScan(search.literals, (literal, at) => this.#candidates.push({ at, literal }));
    this.#scan.move(this.#bytes, 0);
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#append(chunk);
    this.#advance(false);
  }

  end(): void {
    this.#advance(true);
  }

  #append(chunk: Uint8Array): void {
    const first = Math.min(this.#emitted, this.#scan.undecidedFrom, this.#candidates[0]?.at ?? this.#end);
    const unused = Math.max(0, first - CONTEXT_BYTES);
    const needed = this.#end - unused + chunk.byteLength;
    const target =
      needed > this.#bytes.byteLength
        ? Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.byteLength * 2))
        : this.#bytes;
    if (unused > 0 || target !== this.#bytes) this.#bytes.copy(target, 0, unused, this.#end);
    this.#bytes = target;
    this.#scan.move(target, unused);
    this.#shift(unused);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.byteLength;
  }

  #shift(by: number): void {
    if (by === 0) return;
    this.#end -= by;
    this.#emitted -= by;
    this.#coveredTo -= by;
    this.#candidates = this.#candidates.map(({ at, literal }) => ({ at: at - by, literal }));
    this.#spans = this.#spans.map((span) => ({ ...span, start: span.start - by, end: span.end - by }));
  }

  #advance(isEnd: boolean): void {
    this.#followRest();
    this.#scan.scan(this.#end);
    const decided = isEnd ? this.#end : this.#scan.undecidedFrom;
    const limit = this.#judge(decided, isEnd);
    this.#replace(limit, isEnd);
    this.#emit(limit);
  }

  /** Judges what can be judged, and gives where the first one stands that cannot. */
  #judge(decided: number, isEnd: boolean): number {
    if (this.#candidates.length === 0) return decided;
    const view = viewOf(this.#bytes, this.#end, isEnd);
    const sorted = this.#candidates.sort((left, right) => left.at - right.at || left.literal - right.literal);
    for (const [index, { at, literal }] of sorted.entries()) {
      if (this.#search.skipsCovered && at < this.#coveredTo) continue;
      const verdict = at < decided || isEnd ? this.#search.judge(literal, view, at) : WAIT;
      if (verdict.kind === "found") this.#note(verdict.span);
      if (verdict.kind !== "wait") continue;
      this.#candidates = sorted.slice(index);
      return Math.min(at, decided);
    }
    this.#candidates = [];
    return decided;
  }

  #note(span: Span): void {
    this.#spans.push(span);
    this.#coveredTo = Math.max(this.#coveredTo, span.end);
  }

  #replace(limit: number, isEnd: boolean): void {
    if (this.#spans.length === 0) return;
    const sorted = this.#spans.sort(
      (left, right) => left.start - right.start || right.end - left.end || left.priority - right.priority,
    );
    for (const [index, span] of sorted.entries()) {
      if (span.start >= limit && !isEnd) {
        this.#spans = sorted.slice(index);
        return;
      }
      if (span.end <= this.#emitted) continue;
      this.#emit(span.start);
      this.#options.count(span.name);
      this.#options.emit(span.mask);
      this.#drop(span.end, span.name);
      this.#rest = span.rest;
      this.#followRest();
    }
    this.#spans = [];
  }

  #followRest(): void {
    if (this.#rest === null) return;
    let at = this.#emitted;
    while (at < this.#end && this.#rest[this.#bytes[at] ?? 0] === 1) at += 1;
    if (at < this.#end) this.#rest = null;
    this.#drop(at, null);
  }

  #emit(to: number): void {
    if (to <= this.#emitted) return;
    const part = this.#bytes.subarray(this.#emitted, to);
    if (this.#options.onFinding !== null) this.#line += countLineFeeds(part);
    this.#emitted = to;
    this.#options.emit(part);
  }

  #drop(to: number, name: string | null): void {
    if (this.#options.onFinding !== null) {
      const lineBreaks = countLineFeeds(this.#bytes.subarray(this.#emitted, to));
      if (name !== null) this.#options.onFinding({ name, line: this.#line, lineBreaks });
      this.#line += lineBreaks;
    }
    this.#emitted = to;
  }
}

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_FEED) count += 1;
  return count;
}

function viewOf(bytes: Buffer, end: number, isEnd: boolean): View {
  let text: string | null = null;
  const filled = bytes.subarray(0, end);
  const answers = new Map<Uint8Array, { readonly from: number; readonly place: number }>();
  const indexOf = (needle: Uint8Array, from: number) => {
    const last = answers.get(needle);
    if (last !== undefined && from >= last.from && (last.place === -1 || from <= last.place))
      return last.place;
    const place = filled.indexOf(needle, from);
    answers.set(needle, { from, place });
    return place;
  };
  return {
    bytes,
    end,
    isEnd,
    text: () => (text ??= bytes.toString("latin1", 0, end)),
    lineEnd: (at) => indexOf(LINE_BREAK, at),
    indexOf,
  };
}

const LINE_BREAK = Buffer.from("\n");
