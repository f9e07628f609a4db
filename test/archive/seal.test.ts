import fc from "fast-check";
import { expect, test } from "vitest";
import { gunzipSync, gzipSync } from "node:zlib";
import { SEAL_COMMENT, SEAL_PLACES, sealed, sealedGzip } from "../../src/archive/seal.ts";
import { sha256 } from "../../src/platform/digest.ts";

async function seal(chunks: readonly Uint8Array[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const zip = async function* () {
    yield* chunks;
  };
  for await (const part of sealed(zip())) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

test("fills in the digest of all bytes before it, however the zip is cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 200 })),
      async (content, cuts) => {
        const zip = Buffer.concat([content, Buffer.from(SEAL_COMMENT)]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, zip.length]) {
          chunks.push(zip.subarray(at, at + cut));
          at += cut;
        }
        const whole = await seal(chunks);
        expect(whole.subarray(0, -64)).toEqual(zip.subarray(0, -64));
        expect(whole.subarray(-64).toString()).toBe(sha256(zip.subarray(0, -64)));
        const { before } = SEAL_PLACES.zip;
        expect(whole.subarray(-SEAL_COMMENT.length, -64)).toEqual(before);
      },
    ),
  );
});

test("refuses a zip that does not end with the comment", async () => {
  await expect(seal([Buffer.from("x".repeat(500))])).rejects.toThrow("does not end");
});

test("seals a gzip without changing what is in it", async () => {
  const content = Buffer.from("some text\n".repeat(1_000));
  const gzip = gzipSync(content);
  const parts: Uint8Array[] = [];
  const chunks = async function* () {
    yield gzip.subarray(0, 10);
    yield gzip.subarray(10);
  };
  for await (const part of sealedGzip(chunks())) parts.push(part);
  const whole = Buffer.concat(parts);
  expect(gunzipSync(whole)).toEqual(content);
  const { before, after } = SEAL_PLACES["tar.gz"];
  const digestAt = whole.length - after.length - 64;
  expect(whole.subarray(digestAt, digestAt + 64).toString()).toBe(sha256(whole.subarray(0, digestAt)));
  expect(whole.subarray(digestAt - before.length, digestAt)).toEqual(before);
});
