import { createHash } from "node:crypto";

// A zip ends with a comment. A bundle's comment ends with the SHA-256 of every byte before that digest, so that a single
// changed byte is found wherever it is: in a file, in compressed data that happens to unpack the same, in a header that
// no reader looks at.

const SEAL_TEXT = "nightshift bundle; SHA-256 of all bytes before this digest: ";
const DIGEST_CHARS = 64;

/** The comment to give to the zip; its digest is filled in by {@link sealed}. */
export const SEAL_COMMENT = SEAL_TEXT + "0".repeat(DIGEST_CHARS);

/** How many bytes at the end of a sealed zip its digest takes. */
export const SEAL_DIGEST_BYTES = DIGEST_CHARS;

/** Passes a zip on that ends with {@link SEAL_COMMENT}, with the digest filled in. */
export async function* sealed(zip: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  let heldBack = Buffer.alloc(0);
  for await (const chunk of zip) {
    // The last 64 bytes so far, from the two pieces; a large chunk is passed on without a copy.
    const old = heldBack.subarray(0, Math.max(0, heldBack.byteLength + chunk.byteLength - DIGEST_CHARS));
    const ready = chunk.subarray(0, Math.max(0, chunk.byteLength - DIGEST_CHARS));
    heldBack = Buffer.concat([heldBack.subarray(old.byteLength), chunk.subarray(ready.byteLength)]);
    for (const part of [old, ready]) {
      if (part.byteLength === 0) continue;
      hash.update(part);
      yield part;
    }
  }
  if (heldBack.toString("latin1") !== "0".repeat(DIGEST_CHARS))
    throw new Error("the zip does not end with the comment it was given");
  yield Buffer.from(hash.digest("hex"));
}

/** Whether a zip's comment is that of a bundle; otherwise something packed it anew. */
export function hasSealComment(comment: string): boolean {
  return comment.startsWith(SEAL_TEXT) && /^[0-9a-f]{64}$/.test(comment.slice(SEAL_TEXT.length));
}
