import fc from "fast-check";
import { expect, test } from "vitest";
import { hasSealComment, SEAL_COMMENT, sealed } from "../../src/archive/seal.ts";
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
        expect(hasSealComment(whole.subarray(-SEAL_COMMENT.length).toString())).toBe(true);
      },
    ),
  );
});

test("refuses a zip that does not end with the comment", async () => {
  await expect(seal([Buffer.from("x".repeat(500))])).rejects.toThrow("does not end");
});
