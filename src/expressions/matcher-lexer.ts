/** The text is no matcher; `offset` is where it stops being one. */
export class MatcherError extends Error {
  override readonly name = "MatcherError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export type TokenKind = "{" | "}" | "," | "=" | "!=" | "=~" | "!~" | "quoted" | "unquoted" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The text as written; of a quoted one without its quotes and escapes. */
  readonly value: string;
  readonly start: number;
}

/** What Go's `unicode.IsSpace` accepts; JavaScript's own class has U+FEFF too. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const RESERVED = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}!=~,\\"'`]/;

const ESCAPES = new Map([
  ["a", 7],
  ["b", 8],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
  ["\\", 92],
  ['"', 34],
]);

/**
 * The tokens of Alertmanager's UTF-8 matcher syntax, ending with one `end`; as `matcher/parse/lexer.go` and Go's
 * `strconv.Unquote` cut them. Throws {@link MatcherError}.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text.charAt(position);
    if (SPACE.test(character)) {
      position += 1;
      continue;
    }
    const { token, end } = scan(text, position, character);
    tokens.push(token);
    position = end;
  }
  return [...tokens, { kind: "end", value: "", start: text.length }];
}

function scan(text: string, start: number, character: string): { token: Token; end: number } {
  switch (character) {
    case "{":
    case "}":
    case ",":
      return { token: { kind: character, value: character, start }, end: start + 1 };
    case "=":
    case "!":
      return scanOperator(text, start, character);
    case '"':
      return scanQuoted(text, start);
    default:
      return scanUnquoted(text, start, character);
  }
}

function scanOperator(text: string, start: number, first: "=" | "!"): { token: Token; end: number } {
  const next = text.charAt(start + 1);
  if (first === "=" && next !== "~") return { token: { kind: "=", value: "=", start }, end: start + 1 };
  const kind = `${first}${next}`;
  if (kind === "=~" || kind === "!=" || kind === "!~")
    return { token: { kind, value: kind, start }, end: start + 2 };
  throw new MatcherError('"!" needs "=" or "~" after it', start);
}

function scanUnquoted(text: string, start: number, character: string): { token: Token; end: number } {
  if (RESERVED.test(character))
    throw new MatcherError(`${character} must stand in a text in double quotes`, start);
  let end = start + 1;
  while (end < text.length && !RESERVED.test(text.charAt(end))) end += 1;
  const value = text.slice(start, end);
  if (!value.isWellFormed()) throw new MatcherError("the text is not valid Unicode", start);
  return { token: { kind: "unquoted", value, start }, end };
}

function scanQuoted(text: string, start: number): { token: Token; end: number } {
  let end = start + 1;
  while (end < text.length && text.charAt(end) !== '"') end += text.charAt(end) === "\\" ? 2 : 1;
  if (end >= text.length) throw new MatcherError('the text in quotes has no closing "', start);
  return { token: { kind: "quoted", value: unquote(text, start + 1, end), start }, end: end + 1 };
}

/** Go's double-quoted string: escapes make bytes, and all bytes together must be UTF-8. */
function unquote(text: string, start: number, end: number): string {
  const bytes: Buffer[] = [];
  let position = start;
  while (position < end) {
    const next = text.indexOf("\\", position);
    const plainEnd = next < 0 || next > end ? end : next;
    const plain = text.slice(position, plainEnd);
    if (plain.includes("\n"))
      throw new MatcherError("a line break inside quotes is written \\n", position + plain.indexOf("\n"));
    if (!plain.isWellFormed()) throw new MatcherError("the text is not valid Unicode", position);
    bytes.push(Buffer.from(plain));
    if (plainEnd === end) break;
    const escape = unescape(text, plainEnd);
    bytes.push(escape.bytes);
    position = plainEnd + escape.length;
  }
  const joined = Buffer.concat(bytes);
  const value = joined.toString("utf8");
  if (!Buffer.from(value).equals(joined))
    throw new MatcherError("the escapes make no valid UTF-8", start - 1);
  return value;
}

function unescape(text: string, start: number): { bytes: Buffer; length: number } {
  const simple = ESCAPES.get(text.charAt(start + 1));
  if (simple !== undefined) return { bytes: Buffer.from([simple]), length: 2 };
  const rest = text.slice(start, start + 10);
  const byte = /^\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))/.exec(rest);
  if (byte !== null) {
    const value = byte[1] === undefined ? Number.parseInt(byte[2] ?? "", 8) : Number.parseInt(byte[1], 16);
    if (value <= 0xff) return { bytes: Buffer.from([value]), length: 4 };
  }
  const [escape, short, long] = /^\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest) ?? [];
  const point = Number.parseInt(short ?? long ?? "", 16);
  if (escape !== undefined && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff))
    return { bytes: Buffer.from(String.fromCodePoint(point)), length: escape.length };
  throw new MatcherError(`\\${text.charAt(start + 1)} is no escape; write \\\\ for a backslash`, start);
}
