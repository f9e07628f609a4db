import { createHash } from "node:crypto";

// A bundle ends with the SHA-256 of every byte before that digest, so that a single changed byte is found wherever it is: in a
// file, in compressed data that happens to unpack the same, in a header that no reader looks at. A zip has it in its comment. A
// tar.gz has it in the comment of a second gzip member that holds nothing: programs read members one after the other.

const SEAL_TEXT = "nightshift bundle; SHA-256 of all bytes before this digest: ";
const DIGEST_CHARS = 64;

/** The comment to give to the zip; its digest is filled in by {@link sealed}. */
export const SEAL_COMMENT = SEAL_TEXT + "0".repeat(DIGEST_CHARS);

/** A gzip header with a comment and nothing else (RFC 1952): no time, no file name. */
const MEMBER_HEAD = Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 255]);
/** The end of the comment, an empty deflate block, and the sum and length of nothing. */
const MEMBER_END = Buffer.from([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** How a sealed file ends: with these bytes, the digest, and these. */
export interface SealPlace {
  readonly before: Buffer;
  readonly after: Buffer;
}

export const SEAL_PLACES: Readonly<Record<"zip" | "tar.gz", SealPlace>> = {
  zip: { before: Buffer.from(SEAL_TEXT), after: Buffer.alloc(0) },
  "tar.gz": { before: Buffer.concat([MEMBER_HEAD, Buffer.from(SEAL_TEXT)]), after: MEMBER_END },
};

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

/** Passes a gzip on, with a sealing member at its end. */
export async function* sealedGzip(gzip: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  for await (const chunk of gzip) {
    hash.update(chunk);
    yield chunk;
  }
  const { before, after } = SEAL_PLACES["tar.gz"];
  hash.update(before);
  yield Buffer.concat([before, Buffer.from(hash.digest("hex")), after]);
}
