// Proves that a marked stream is taken apart rightly wherever its chunks are cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkQueue } from "../../src/executors/chunk-queue.ts";
import { FrameReader } from "../../src/executors/frame-reader.ts";
import { StartGate } from "../../src/executors/start-gate.ts";

const MARK = "0e8f5d9c-mark";

/** Text cut into chunks at any places, also within the mark. */
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 200 });

function chunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

// Bytes that often look like the beginning of a mark.
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom(MARK.slice(0, 5), MARK, `${MARK}-`, "\n", "0", "0e"),
      fc.string({ maxLength: 5 }),
    ),
  )
  .map((parts) => Buffer.from(parts.join("").replaceAll(`${MARK} `, "")));

describe("a frame reader", () => {
  test("gives back lines and bytes", async () => {
    await fc.assert(
      fc.asyncProperty(content, content, cuts, async (first, second, sizes) => {
        const stream = Buffer.concat([
          Buffer.from(`${MARK} file 0 7\n`),
          first,
          Buffer.from(`${MARK} file 1 8\n`),
          second,
          Buffer.from(`${MARK} done\n`),
        ]);
        const queue = new ChunkQueue({ pause: () => {}, resume: () => {} });
        for (const chunk of chunks(stream, sizes)) queue.push(chunk);
        queue.end();
        const reader = new FrameReader(queue, MARK);
        const bytes = async () => {
          const parts: Buffer[] = [];
          for (let part = await reader.bytes(); part !== "mark"; part = await reader.bytes()) {
            if (part === null) throw new Error("the stream ended early");
            parts.push(part);
          }
          return Buffer.concat(parts);
        };
        expect(await reader.line()).toEqual(["file", "0", "7"]);
        expect((await bytes()).equals(first)).toBe(true);
        expect(await reader.line()).toEqual(["file", "1", "8"]);
        expect((await bytes()).equals(second)).toBe(true);
        expect(await reader.line()).toEqual(["done"]);
        expect(await reader.line()).toBeNull();
      }),
    );
  });

  test("takes nothing for a line of ours that does not begin with the mark, or never ends", async () => {
    for (const text of ["other text\n", "x".repeat(5_000), ""]) {
      const queue = new ChunkQueue({ pause: () => {}, resume: () => {} });
      queue.push(Buffer.from(text));
      queue.end();
      expect(await new FrameReader(queue, MARK).line()).toBeNull();
    }
  });
});

test("a chunk queue asks its source to wait, and to go on", async () => {
  const asked: string[] = [];
  const queue = new ChunkQueue({ pause: () => asked.push("pause"), resume: () => asked.push("resume") });
  for (let turn = 0; turn < 20; turn += 1) queue.push(Buffer.alloc(100_000));
  expect(asked).toEqual(["pause"]);
  for (let bytes = 0; bytes < 2_000_000; ) bytes += (await queue.next())?.byteLength ?? 0;
  expect(asked).toEqual(["pause", "resume"]);
});

test("a chunk queue hands its failure to the reader at once", async () => {
  const queue = new ChunkQueue({ pause: () => {}, resume: () => {} });
  const waiting = queue.next();
  queue.end(new Error("cut off"));
  await expect(waiting).rejects.toThrow("cut off");
  await expect(queue.next()).rejects.toThrow("cut off");
});

describe("a start gate", () => {
  test("passes on what follows the mark, and nothing before it", () => {
    fc.assert(
      fc.property(content, content, cuts, (noise, output, sizes) => {
        const before = Buffer.from(noise.toString("latin1").replaceAll(MARK, ""), "latin1");
        const seen: Buffer[] = [];
        const gate = new StartGate(MARK, (chunk) => seen.push(Buffer.from(chunk)));
        for (const chunk of chunks(Buffer.concat([before, Buffer.from(`${MARK}\n`), output]), sizes))
          gate.write(chunk);
        expect(gate.isOpen).toBe(true);
        expect(Buffer.concat(seen).equals(output)).toBe(true);
      }),
    );
  });

  test("stays shut without the mark, and keeps the last line to explain it", () => {
    const gate = new StartGate(MARK, () => {
      throw new Error("nothing may pass");
    });
    gate.write(Buffer.from("x".repeat(100_000)));
    gate.write(Buffer.from("\nsudo: a password is required\n\n"));
    expect([gate.isOpen, gate.lastLine()]).toEqual([false, "sudo: a password is required"]);
  });
});
