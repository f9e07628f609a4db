import { isUtf8 } from "node:buffer";

// File names are bytes. Those that are not UTF-8 are kept as lone surrogates, U+DC80 to U+DCFF for the bytes 80 to FF, which no
// UTF-8 text holds: so a path is a string that globs can match, and becomes the very same bytes again.

const ESCAPED = /[\uDC80-\uDCFF]/;

/** A path as a string, every byte of it kept. */
export function decodePath(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  let path = "";
  for (let at = 0; at < buffer.length; ) {
    const length = characterLength(buffer, at);
    path +=
      length === 0
        ? String.fromCharCode(0xdc00 + (buffer[at] ?? 0))
        : buffer.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return path;
}

/** The bytes of a path that {@link decodePath} made. */
export function encodePath(path: string): Buffer {
  if (!ESCAPED.test(path)) return Buffer.from(path, "utf8");
  const parts = path.split(/([\uDC80-\uDCFF])/);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part, "utf8") : Buffer.from([part.charCodeAt(0) & 0xff]),
    ),
  );
}

/** For people, storage and messages: bytes that are not UTF-8 as `\xE4`. */
export function shownPath(text: string): string {
  return text.replaceAll(
    /[\uDC80-\uDCFF]/g,
    (escaped) => `\\x${(escaped.charCodeAt(0) & 0xff).toString(16).toUpperCase()}`,
  );
}

/**
 * A path as an argument for a script: after `=` as it is, or after `%` with everything that is not plain text as `printf %b`
 * takes it.
 */
export function pathArgument(path: string): string {
  if (!ESCAPED.test(path)) return `=${path}`;
  const escaped = [...encodePath(path)].map((byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\0${byte.toString(8).padStart(3, "0")}`,
  );
  return `%${escaped.join("")}`;
}

/** How many bytes the character that begins here has in UTF-8; 0 when there is none. */
function characterLength(buffer: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= buffer.length; length += 1)
    if (isUtf8(buffer.subarray(at, at + length))) return length;
  return 0;
}
