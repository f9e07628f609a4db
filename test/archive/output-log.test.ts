import fc from "fast-check";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { OUTPUT_LIMITS, OutputLog, recoverOutput } from "../../src/archive/output-log.ts";
import type { OutputLimits } from "../../src/archive/pending-blocks.ts";
import type { ScratchFile } from "../../src/archive/scratch-file.ts";
import { newId } from "../../src/platform/ids.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PATH = "steps/01-x/attempt-1/stdout.log";

/** What must be stored of an output: head, one line, tail. */
function expected(
  output: string,
  { headBytes, tailBytes }: OutputLimits,
): { content: string; omitted: number } {
  if (output.length <= headBytes + tailBytes) return { content: output, omitted: 0 };
  const omitted = output.length - headBytes - tailBytes;
  const line = `\n[nightshift: ${omitted} bytes (${omitted} B) are left out here, because the log is capped]\n`;
  return { content: output.slice(0, headBytes) + line + output.slice(-tailBytes), omitted };
}

async function finish(log: OutputLog, store: ArtifactStore, runId: string) {
  const facts = await log.finish(store, runId, PATH);
  return {
    facts,
    content: facts.file === null ? null : await text(await store.read(runId, facts.file.path)),
  };
}

describe("OutputLog", () => {
  test("keeps head and tail of any output, and says how much lies between", async () => {
    const store = await openArtifactStore(await temporaryFolder());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }),
        fc.record({ headBytes: fc.integer({ min: 1, max: 60 }), tailBytes: fc.integer({ min: 1, max: 60 }) }),
        fc.boolean(),
        async (lengths, limits, isSlow) => {
          const runId = newId();
          const log = new OutputLog(store.scratch(runId, PATH), limits);
          let output = "";
          for (const length of lengths) {
            const chunk = Array.from({ length }, (_, at) =>
              String.fromCharCode(97 + ((output.length + at) % 26)),
            ).join("");
            output += chunk;
            log.write(Buffer.from(chunk));
            if (isSlow) await log.readLive({ offset: 0 }, 1);
          }
          const { facts, content } = await finish(log, store, runId);
          const wanted = expected(output, limits);
          expect(content).toBe(output === "" ? null : wanted.content);
          expect(facts).toMatchObject({
            totalBytes: output.length,
            omittedBytes: wanted.omitted,
            writeError: null,
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  test("begins the tail with a whole character", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const log = new OutputLog(store.scratch(runId, PATH), { headBytes: 2, tailBytes: 3 });
    log.write(Buffer.from("abcdéé".repeat(3)));
    expect((await finish(log, store, runId)).content).toMatch(/\]\né$/);
  });

  test("stores no file for no output", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const { facts } = await finish(new OutputLog(store.scratch(runId, PATH)), store, runId);
    expect(facts).toEqual({ file: null, totalBytes: 0, omittedBytes: 0, writeError: null });
    expect(await store.list(runId)).toEqual([]);
  });

  test("takes a flood of output without growing: 1 GiB, at most the cap stored", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const log = new OutputLog(store.scratch(runId, PATH));
    const chunk = Buffer.alloc(64 * 1024, "y\n");
    const before = process.memoryUsage().rss;
    let peak = before;
    for (let count = 0; count < 16 * 1024; count += 1) {
      log.write(chunk);
      if (count % 256 !== 0) continue;
      peak = Math.max(peak, process.memoryUsage().rss);
      await new Promise(setImmediate);
    }
    const facts = await log.finish(store, runId, PATH);
    expect(facts.totalBytes).toBe(1024 ** 3);
    expect(facts.file?.bytes).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(facts.file?.bytes).toBeGreaterThan(9 * 1024 * 1024);
    expect(peak - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("takes a million tiny writes without growing", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const log = new OutputLog(store.scratch(runId, PATH));
    const before = process.memoryUsage().rss;
    const chunk = Buffer.from("y\n");
    for (let count = 0; count < 1_000_000; count += 1) log.write(chunk);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    expect((await log.finish(store, runId, PATH)).file?.bytes).toBe(2_000_000);
  });

  test("can be read while it runs, and skips what is no longer kept", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const log = new OutputLog(store.scratch(runId, PATH), { headBytes: 10, tailBytes: 10 });
    const settled = () =>
      expect.poll(async () => (await log.readLive({ offset: log.totalBytes }, 1)).start).toBe(log.totalBytes);
    log.write(Buffer.from("0123456789abc"));
    await settled();
    expect(await log.readLive({ offset: 0 }, 4)).toMatchObject({
      start: 0,
      content: Buffer.from("0123"),
      totalBytes: 13,
      firstLine: 1,
      totalLines: 1,
    });
    expect((await log.readLive({ offset: 4 }, 100)).content.toString()).toBe("456789");
    expect((await log.readLive({ offset: 10 }, 100)).content.toString()).toBe("abc");
    log.write(Buffer.from("defghijklmnopqrstuvwxyz"));
    await settled();
    expect(await log.readLive({ offset: 12 }, 100)).toMatchObject({
      start: 26,
      content: Buffer.from("qrstuvwxyz"),
      totalBytes: 36,
    });
    expect((await log.readLive({ offset: 36 }, 100)).content).toHaveLength(0);
    await log.finish(store, runId, PATH);
  });

  test("is a fact, not an error, where the disk is full", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const full: ScratchFile = {
      ...store.scratch(runId, PATH),
      write: () => Promise.reject(new Error("ENOSPC: no space left")),
      close: async () => {},
      remove: async () => {},
    };
    const log = new OutputLog(full);
    log.write(Buffer.from("lost"));
    await expect.poll(() => log.readLive({ offset: 0 }, 1)).toMatchObject({ totalBytes: 4 });
    log.write(Buffer.alloc(20 * 1024 * 1024));
    const facts = await log.finish(store, runId, PATH);
    expect(facts).toMatchObject({ file: null, writeError: "ENOSPC: no space left" });
  });
});

describe("recoverOutput", () => {
  test.each([
    ["short", "printed before the crash\n"],
    ["long", `${"head ".repeat(30)}${"middle ".repeat(500)}${"tail ".repeat(30)}`],
  ])("stores what a killed process had written of a %s output", async (_name, output) => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const limits = { headBytes: 100, tailBytes: 100 };
    const scratch = store.scratch(runId, PATH);
    const killed = new OutputLog(scratch, limits);
    killed.write(Buffer.from(output));
    await expect
      .poll(async () => (await killed.readLive({ offset: output.length }, 1)).start)
      .toBe(output.length);
    await scratch.close();

    const facts = await recoverOutput(store, runId, PATH, limits);
    const content = await text(await store.read(runId, facts?.file?.path ?? ""));
    const wanted = expected(output, limits);
    expect(content.replace(/\(.*?\)/, "")).toBe(wanted.content.replace(/\(.*?\)/, ""));
    expect(facts).toMatchObject({ totalBytes: output.length, omittedBytes: wanted.omitted });
    expect(await recoverOutput(store, runId, PATH, limits)).toBeNull();
  });
});

test("the stored log with its line in the middle stays below 10 MiB", () => {
  expect(OUTPUT_LIMITS.headBytes + OUTPUT_LIMITS.tailBytes + 200).toBeLessThanOrEqual(10 * 1024 * 1024);
});
