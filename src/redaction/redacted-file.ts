import type { RedactedStream, Redaction } from "./redaction.ts";

/** How much of a file decides whether it is text, as `grep` decides it. */
const FIRST_BYTES = 8 * 1024;

/** A file on its way into the archive. */
export interface RedactedFile {
  push(chunk: Uint8Array): void;
  end(): void;
  /** Null for a binary file, in which nothing was looked for. */
  readonly redactions: number | null;
}

/**
 * Redacts a text file and gives a binary one (a NUL in its beginning) on as it is: with other bytes in it, it would be another
 * file, or a broken one. Text in UTF-16 says so at its beginning; known values are found in it. What is emitted is valid only until
 * the call returns.
 */
export function openRedactedFile(redaction: Redaction, emit: (part: Uint8Array) => void): RedactedFile {
  let stream: RedactedStream | "binary" | null = null;
  let first: Buffer = Buffer.alloc(0);
  const decide = () => {
    stream = isBinary(first) ? "binary" : redaction.open({ emit });
    if (stream !== "binary") stream.push(first);
    else if (first.byteLength > 0) emit(first);
  };
  return {
    push(chunk) {
      if (stream === "binary") emit(chunk);
      else if (stream !== null) stream.push(chunk);
      else {
        first = Buffer.concat([first, chunk]);
        if (first.byteLength >= FIRST_BYTES) decide();
      }
    },
    end() {
      if (stream === null) decide();
      if (stream !== null && stream !== "binary") stream.end();
    },
    get redactions() {
      return stream === null || stream === "binary" ? null : stream.redactions;
    },
  };
}

function isBinary(first: Buffer): boolean {
  const isUtf16 = first[0] === 0xff ? first[1] === 0xfe : first[0] === 0xfe && first[1] === 0xff;
  return !isUtf16 && first.subarray(0, FIRST_BYTES).includes(0);
}
