import type { Literals } from "./literals.ts";

/** Which of the 256 bytes belong to something. */
export type ByteClass = Uint8Array;

/** The bytes that a judge may look at. Positions are places in `bytes`; what lies before a candidate is there for 32 bytes at least. */
export interface View {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Nothing comes after `end`. */
  readonly isEnd: boolean;
  /** The bytes as text of one character each. */
  text(): string;
  /** Where the line of a position ends; -1 when its end has not come yet. Ask in ascending order. */
  lineEnd(at: number): number;
  /** The next place of these bytes; -1 when there is none. Asked in ascending order, each byte is searched once. */
  indexOf(needle: Uint8Array, from: number): number;
}

/** What is to be replaced. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly mask: Uint8Array;
  /** Of these, all that follow the end belong to it as well, however many. */
  readonly rest: ByteClass | null;
  /** Of two spans that are alike the lower one counts. */
  readonly priority: number;
}

/** `start` is not before the candidate. `wait`: more bytes are needed. */
export type Verdict =
  | { readonly kind: "no" }
  | { readonly kind: "wait" }
  | { readonly kind: "found"; readonly span: Span };

export const NO: Verdict = { kind: "no" };
export const WAIT: Verdict = { kind: "wait" };

/**
 * What one layer looks for: literals that are cheap to find, and what decides whether one of them is a secret. A verdict
 * depends on the text alone and never on how much of it has come; otherwise the judge waits.
 */
export interface Search {
  readonly literals: Literals;
  /** What begins inside something found is no longer looked at: it goes with it, and judging it again and again costs time. */
  readonly skipsCovered: boolean;
  judge(literal: number, view: View, at: number): Verdict;
}

/** A found secret as `nightshift redact` reports it. */
export interface Finding {
  readonly name: string;
  /** Of its first byte, in the layer's own input, from 1. */
  readonly line: number;
  /** Line breaks that went with it. */
  readonly lineBreaks: number;
}

export interface LayerOptions {
  emit(part: Uint8Array): void;
  count(name: string): void;
  /** Null: nobody asks, and lines are not counted. */
  readonly onFinding: ((finding: Finding) => void) | null;
}

/** A stage of the redactor. The parts it emits are valid only until the call returns. */
export interface Layer {
  push(chunk: Uint8Array): void;
  end(): void;
}

/** What stands in the place of a secret. */
export function maskOf(name: string): string {
  return `[redacted:${name}]`;
}

/** Whether the byte belongs to a word, so that a short secret beside it is only a part of one. */
export function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x5f
  );
}

/** Such as `byteClass(/[A-Za-z0-9]/)`. */
export function byteClass(pattern: RegExp): ByteClass {
  return Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0));
}
