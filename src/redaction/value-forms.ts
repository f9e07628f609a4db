import { isWordByte, type View } from "./search.ts";

/** One way in which a secret may be written. */
export interface Form {
  /** Bytes it may begin with: what is looked for. */
  readonly anchors: readonly Uint8Array[];
  /** Where it ends when it stands at this place. */
  match(view: View, at: number): number | "no" | "wait";
  /** Whether these bytes beside it make it a part of something longer. */
  isWithin(before: number | undefined, after: number | undefined): boolean;
  /** In an encoding of its own; absent where plain bytes do. */
  readonly encodeMask?: (mask: string) => Uint8Array;
}

/** Bytes of a form that are looked for; the rest is compared. */
const ANCHOR_BYTES = 8;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** As text, in a URL, in JSON (once and twice escaped), as UTF-16. */
export function textForms(value: string): Form[] {
  const bytes = Buffer.from(value, "utf8");
  const json = jsonTexts(value).filter((text) => text !== value);
  return [
    urlForm(bytes),
    ...[...new Set(json)].map((text) => fixedForm(Buffer.from(text, "utf8"))),
    ...utf16Forms(value),
  ];
}

/**
 * UTF-16 in either order of its bytes. Of a value that begins and ends with plain letters both are found by what they share, since
 * the one looks like the other moved by a byte.
 */
function utf16Forms(value: string): Form[] {
  const wide = Buffer.from(value, "utf16le");
  const encode = (mask: string) => Buffer.from(mask, "utf16le");
  const wideForm = (bytes: Uint8Array, encodeMask: (mask: string) => Uint8Array): Form => ({
    ...fixedForm(bytes),
    isWithin: () => false,
    encodeMask,
  });
  if (wide[1] === 0 && wide.at(-1) === 0)
    return [wideForm(wide.subarray(0, -1), (mask) => encode(mask).subarray(0, -1))];
  return [wideForm(wide, encode), wideForm(Buffer.from(wide).swap16(), (mask) => encode(mask).swap16())];
}

/** How JSON writers write it: plainly, with `/` or all of `<>&` escaped, in ASCII only; and that again inside a JSON text. */
function jsonTexts(value: string): string[] {
  const plain = escapeJson(value);
  const escapeCharacter = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const ascii = plain.replaceAll(/[^ -~]/g, escapeCharacter);
  const forms = [plain, ascii].flatMap((text) => [
    text,
    text.replaceAll("/", "\\/"),
    text.replaceAll(/[<>&]/g, escapeCharacter),
    text.replaceAll(/[<>&']/g, (character) => escapeCharacter(character).toUpperCase().replace("U", "u")),
  ]);
  return [...forms, ...forms.map(escapeJson)];
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function fixedForm(bytes: Uint8Array): Form {
  return {
    anchors: [bytes.subarray(0, ANCHOR_BYTES)],
    isWithin: (before, after) => isWordByte(before) || isWordByte(after),
    match({ bytes: text, end, isEnd }, at) {
      for (let index = 0; index < bytes.byteLength; index += 1) {
        if (at + index >= end) return isEnd ? "no" : "wait";
        if (text[at + index] !== bytes[index]) return "no";
      }
      return at + bytes.byteLength;
    },
  };
}

/** Each byte as itself or as `%XX`, whatever the writer thinks must be escaped; a space also as `+`. */
function urlForm(value: Uint8Array): Form {
  return {
    anchors: urlAnchors(value),
    isWithin: (before, after) => isWordByte(before) || isWordByte(after),
    match({ bytes: text, end, isEnd }, from) {
      let at = from;
      for (const byte of value) {
        if (at >= end) return isEnd ? "no" : "wait";
        if (text[at] === byte || (byte === SPACE && text[at] === PLUS)) {
          at += 1;
          continue;
        }
        if (text[at] !== PERCENT) return "no";
        if (at + 2 >= end) return isEnd ? "no" : "wait";
        if (hexValue(text[at + 1]) * 16 + hexValue(text[at + 2]) !== byte) return "no";
        at += 3;
      }
      return at;
    },
  };
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN;
  return Number.parseInt(String.fromCharCode(byte), 16);
}

const URL_ANCHOR_SOURCE_BYTES = 4;

/**
 * The ways in which the first bytes may be written: letters and digits plainly and the others in every way, or all of them
 * escaped.
 */
function urlAnchors(value: Uint8Array): Uint8Array[] {
  const first = [...value.subarray(0, URL_ANCHOR_SOURCE_BYTES)];
  const hexOf = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;
  let texts = [""];
  for (const byte of first) {
    const hex = isWordByte(byte) ? [] : [hexOf(byte), hexOf(byte).toUpperCase()];
    const ways = [String.fromCharCode(byte), ...hex, ...(byte === SPACE ? ["+"] : [])];
    texts = texts.flatMap((text) => ways.map((way) => text + way));
  }
  const escaped = first.map(hexOf).join("");
  return [...new Set([...texts, escaped, escaped.toUpperCase()])].map((text) => Buffer.from(text, "latin1"));
}

/** Fewer characters of base64 are found everywhere. */
const BASE64_CHARS_MIN = 8;

/** The characters of base64 that the value alone decides, for each of its three places in what was encoded; both alphabets. */
export function base64Forms(value: string, isWord: boolean): Form[] {
  const bytes = Buffer.from(value, "utf8");
  const texts = isWord
    ? [bytes.toString("base64").replaceAll("=", "")]
    : [0, 1, 2].map((offset) => {
        const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
        const first = Math.ceil((offset * 8) / 6);
        return encoded.slice(first, Math.floor(((offset + bytes.byteLength) * 8) / 6));
      });
  const both = texts.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
  return [...new Set(both)]
    .filter((text) => isWord || text.length >= BASE64_CHARS_MIN)
    .map((text) => base64Form(Buffer.from(text)));
}

/** CR and LF. */
const LINE_BREAK_BYTES_MAX = 2;

/** A line break in it is passed over. */
function base64Form(form: Uint8Array): Form {
  return {
    anchors: [form.subarray(0, ANCHOR_BYTES)],
    isWithin: (before, after) => isBase64Byte(before) || isBase64Byte(after),
    match({ bytes: text, end, isEnd }, from) {
      let at = from;
      for (const byte of form) {
        const afterBreak = at + LINE_BREAK_BYTES_MAX;
        while (at < end && at < afterBreak && (text[at] === LINE_FEED || text[at] === CARRIAGE_RETURN))
          at += 1;
        if (at >= end) return isEnd ? "no" : "wait";
        if (text[at] !== byte) return "no";
        at += 1;
      }
      return at;
    },
  };
}

function isBase64Byte(byte: number | undefined): boolean {
  return isWordByte(byte) || byte === 0x2b || byte === 0x2f || byte === 0x2d;
}
