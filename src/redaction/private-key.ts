import type { OwnJudge } from "./pattern.ts";
import { byteClass, maskOf, NO, type Verdict, type View, WAIT } from "./search.ts";

/** How far from its first line the last line of a key is looked for. An RSA key of 16,384 bits has 13 KiB. */
export const PRIVATE_KEY_BYTES_MAX = 32 * 1024;
/** Of a BEGIN or END line. */
const LINE_BYTES_MAX = 128;

const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y;
const END = /-----END [A-Z0-9 ]{1,80}-----/y;
const END_START = Buffer.from("-----END ");
/** Of an encrypted key, and of PGP. `\n` as two characters is a line break inside JSON. */
const HEADERS = /(?:(?:[\r\n]|\\[rn]){1,4}[A-Za-z-]{1,40}: [^\r\n\\]{0,200}){1,8}/y;
/** Whole lines of it, so that a line of a log that follows stays. */
const LINES = /(?:(?:[\r\n]|\\[rn]){1,4}[A-Za-z0-9+/=]{1,200}(?![^\r\n\\"']))*/y;
const BODY = byteClass(/[A-Za-z0-9+/=\r\n\\]/);

const NAME = "private-key";
const MASK = Buffer.from(maskOf(NAME));

/**
 * A private key in PEM, from its BEGIN to its END, whatever stands in the lines between (a log may begin each with a time).
 * Where no END comes in {@link PRIVATE_KEY_BYTES_MAX}, what looks like base64 behind the BEGIN.
 */
export const PRIVATE_KEY: OwnJudge = {
  name: NAME,
  anchors: ["-----begin "],
  judge(view, at, priority): Verdict {
    const available = view.end - at;
    const head = matchAt(BEGIN, view.text(), at);
    if (head === null) return available < LINE_BYTES_MAX && !view.isEnd ? WAIT : NO;
    const span = { start: at, name: NAME, mask: MASK, priority };
    const end = findEnd(view, at + head.length, at + PRIVATE_KEY_BYTES_MAX);
    if (end !== null) return { kind: "found", span: { ...span, end, rest: null } };
    // An END that begins near the limit must be whole before it is known to be missing.
    if (available < PRIVATE_KEY_BYTES_MAX + LINE_BYTES_MAX && !view.isEnd) return WAIT;
    const reach = view.text().slice(at, at + PRIVATE_KEY_BYTES_MAX);
    const headers = matchAt(HEADERS, reach, head.length) ?? "";
    const length =
      head.length + headers.length + (matchAt(LINES, reach, head.length + headers.length) ?? "").length;
    const rest = length === PRIVATE_KEY_BYTES_MAX ? BODY : null;
    return { kind: "found", span: { ...span, end: at + length, rest } };
  },
};

/** Behind the first END, of whatever: a key does not go on after one. */
function findEnd(view: View, from: number, limit: number): number | null {
  const at = view.indexOf(END_START, from);
  if (at === -1 || at >= limit) return null;
  const match = matchAt(END, view.text(), at);
  return match === null ? null : at + match.length;
}

function matchAt(expression: RegExp, text: string, at: number): string | null {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? null;
}
