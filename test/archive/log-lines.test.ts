// Numbers of lines: which line a byte belongs to and where a line begins, of logs that are stored and of those that grow.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArtifactReader,
  openArtifactReader,
  openArtifactStore,
} from "../../src/archive/artifact-store.ts";
import { countLineFeeds } from "../../src/archive/count-line-feeds.ts";
import { LineMarks } from "../../src/archive/line-marks.ts";
import { LogLines } from "../../src/archive/log-lines.ts";
import { OutputLog } from "../../src/archive/output-log.ts";
import { StoredLines } from "../../src/archive/stored-lines.ts";
import { newId } from "../../src/platform/ids.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PATH = "steps/01-x/attempt-1/stdout.log";
const never = new AbortController().signal;

const lineOf = (log: Buffer, offset: number) => countLineFeeds(log, 0, offset) + 1;

function startOf(log: Buffer, line: number): number {
  let at = 0;
  for (let number = 1; number < line; number += 1) {
    const feed = log.indexOf("\n", at);
    if (feed === -1) return log.byteLength;
    at = feed + 1;
  }
  return at;
}

/** Marks every few bytes, of a log that is read in chunks of any size. */
function linesOf(log: Buffer, blockBytes: number, chunkBytes: number): LogLines {
  const marks = new LineMarks(undefined, blockBytes);
  for (let at = 0; at < log.byteLength; at += chunkBytes) marks.add(log.subarray(at, at + chunkBytes));
  return new LogLines(marks, (start, end) => Promise.resolve(log.subarray(start, end)));
}

describe("lines of a log", () => {
  const logs = fc
    .array(fc.constantFrom("\n", "a", "ü", "\r\n", "some words", "\n\n\n"), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.join("")));

  test("are found from every byte and by every number, wherever blocks and chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 9 }),
        async (log, block, chunk) => {
          const lines = linesOf(log, block, chunk);
          for (let offset = 0; offset <= log.byteLength; offset += 1)
            expect(await lines.lineAt(offset)).toBe(lineOf(log, offset));
          const total = lineOf(log, log.byteLength) - (log.byteLength === 0 || log.at(-1) === 0x0a ? 1 : 0);
          expect(lines.totalLines).toBe(total);
          for (let line = 1; line <= total + 2; line += 1)
            expect(await lines.offsetOf(line)).toBe(startOf(log, line));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("line feeds are counted rightly in any part of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40, max: 12 }), fc.nat(40), fc.nat(40), (bytes, from, to) => {
        const [start, end] = [Math.min(from, to, bytes.length), Math.min(Math.max(from, to), bytes.length)];
        const wanted = bytes.slice(start, end).filter((byte) => byte === 0x0a).length;
        expect(countLineFeeds(bytes, start, end)).toBe(wanted);
        const shifted = new Uint8Array(bytes.length + 3).subarray(3);
        shifted.set(bytes.map((byte) => byte | 0x80));
        expect(countLineFeeds(shifted, start, end)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["", 0],
    ["\n", 1],
    ["a", 1],
    ["a\n", 1],
    ["a\nb", 2],
    ["a\r\nb\r\n", 2],
    ["\n\n\n", 3],
  ])("%j has %i", (text, total) => {
    expect(linesOf(Buffer.from(text), 4, 3).totalLines).toBe(total);
  });

  test("of a running output are right for whatever is kept, and unknown rather than wrong", async () => {
    const store = await openArtifactStore(await temporaryFolder());
    let known = 0;
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.record({ headBytes: fc.integer({ min: 1, max: 40 }), tailBytes: fc.integer({ min: 4, max: 60 }) }),
        fc.integer({ min: 1, max: 9 }),
        async (log, limits, block) => {
          const runId = newId();
          const output = new OutputLog(store.scratch(runId, PATH), limits, block);
          for (let at = 0; at < log.byteLength; at += 7) output.write(log.subarray(at, at + 7));
          await expect
            .poll(async () => (await output.readLive({ offset: log.byteLength }, 1)).start)
            .toBe(log.byteLength);
          for (let offset = 0; offset <= log.byteLength; offset += 1) {
            const part = await output.readLive({ offset }, 8);
            known += part.firstLine === null ? 0 : 1;
            expect([null, lineOf(log, part.start)]).toContain(part.firstLine);
            expect(part.content).toEqual(log.subarray(part.start, part.start + part.content.byteLength));
          }
          for (let line = 1; line < 20; line += 1) {
            const { start } = await output.readLive({ line }, 8);
            const kept = Math.max(limits.headBytes, log.byteLength - limits.tailBytes);
            // At the line, or where the end begins that is kept.
            expect([startOf(log, line), Math.min(kept, log.byteLength)]).toContain(start);
          }
          await output.finish(store, runId, PATH);
        },
      ),
      { numRuns: 60 },
    );
    expect(known).toBeGreaterThan(500);
  });

  test("of a flood beyond head and tail are counted on, and its end is numbered", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const limits = { headBytes: 128 * 1024, tailBytes: 200_000 };
    const output = new OutputLog(store.scratch(runId, PATH), limits);
    const chunk = Buffer.from("0123456789\n".repeat(1_000));
    for (let count = 0; count < 200; count += 1) output.write(chunk);
    await expect.poll(async () => (await output.readLive({ offset: 2_200_000 }, 1)).start).toBe(2_200_000);
    const tail = await output.readLive({ line: 199_000 }, 100);
    expect(tail).toMatchObject({ start: 198_999 * 11, firstLine: 199_000, totalLines: 200_000 });
    // What lies between is not kept: the end begins in the middle of a line, whose number is known.
    const gone = await output.readLive({ line: 100_000 }, 100);
    expect(gone).toMatchObject({ start: 2_000_000, firstLine: Math.floor(2_000_000 / 11) + 1 });
    await output.finish(store, runId, PATH);
  });
});

describe("stored logs", () => {
  async function stored(bytes: Buffer) {
    const folder = await temporaryFolder();
    const [store, runId] = [await openArtifactStore(folder), newId()];
    const writer = await store.createFile(runId, PATH);
    await writer.write(bytes);
    await writer.commit();
    return { store, folder, log: { runId, path: PATH, bytes: bytes.byteLength } };
  }

  test("are read once for everybody who asks at the same time, and given up when all have gone", async () => {
    const { store, folder, log } = await stored(Buffer.from("12345678\n".repeat(300_000)));
    let reads = 0;
    const counting: ArtifactReader = {
      ...openArtifactReader(folder),
      scan: (...parameters) => {
        reads += 1;
        return store.scan(...parameters);
      },
    };
    const lines = new StoredLines(counting);
    expect(await lines.ready(log, never)).toBeNull();
    const leaving = new AbortController();
    const left = lines.of(log, leaving.signal);
    const asked = [lines.of(log, never), lines.of(log, never)];
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    for (const one of await Promise.all(asked)) {
      expect(one.totalLines).toBe(300_000);
      expect(await one.offsetOf(250_001)).toBe(250_000 * 9);
      expect(await one.lineAt(250_000 * 9 - 1)).toBe(250_000);
    }
    expect(reads).toBe(1);
    expect((await lines.ready(log, never))?.totalLines).toBe(300_000);

    const alone = new StoredLines(counting);
    const only = new AbortController();
    const given = alone.of(log, only.signal);
    only.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    expect((await alone.of(log, never)).totalLines).toBe(300_000);
  });
});
