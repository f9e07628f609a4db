// Searching logs: as lines are seen, each matching line once, with true counts, wherever parts end.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { LogScan } from "../../src/archive/log-scan.ts";
import type { FoundMatches, MatchQuery } from "../../src/archive/log-search.ts";
import { StretchCutter } from "../../src/archive/log-stretches.ts";
import { OutputLog } from "../../src/archive/output-log.ts";
import { searchRunning } from "../../src/archive/running-search.ts";
import { seenLine, seenText } from "../../src/archive/seen-text.ts";
import { StoredLines } from "../../src/archive/stored-lines.ts";
import { StoredSearches } from "../../src/archive/stored-search.ts";
import { newId } from "../../src/platform/ids.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PATH = "steps/01-x/attempt-1/stdout.log";
const never = new AbortController().signal;
const asked = (text: string, more: Partial<MatchQuery> = {}): MatchQuery => ({
  text,
  isCaseSensitive: false,
  after: 0,
  line: null,
  limit: 50,
  ...more,
});

async function putLog(store: ArtifactStore, content: Buffer) {
  const runId = newId();
  const writer = await store.createFile(runId, PATH);
  await writer.write(content);
  await writer.commit();
  return { runId, path: PATH, bytes: content.byteLength };
}

async function openSearch(content: string | Buffer) {
  const store = await openArtifactStore(await temporaryFolder());
  const log = await putLog(store, Buffer.from(content));
  const searches = new StoredSearches(store, new StoredLines(store));
  return (query: MatchQuery): Promise<FoundMatches> => searches.find(log, query, never);
}

describe("what is seen of a line", () => {
  test.each([
    ["\u001b[1;31mred\u001b[0m text", "red text"],
    ["\u001b]8;;http://x\u0007link\u001b]8;;\u001b\\ end", "link end"],
    ["10%\r50%\r100%", "100%"],
    ["done\r", "done"],
    ["a\u0000\u0008b\u009b", "ab"],
    ["\u001b(Bplain\u001b7\u001b[2K", "plain"],
    ["tab\tstays", "tab\tstays"],
  ])("%j is %j", (line, seen) => {
    expect(seenLine(line)).toBe(seen);
  });

  test("has as many line feeds as before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("\n", "\r", "\u001b", "[", "31m", "]", "x", "\u0007"), { maxLength: 60 }),
        (parts) => {
          const text = parts.join("");
          expect(seenText(text).split("\n").length).toBe(text.split("\n").length);
        },
      ),
    );
  });
});

describe("searching", () => {
  test("finds lines as they are seen, whatever the case, unless it is asked to mind it", async () => {
    const search = await openSearch(
      "One error here\nnothing\n\u001b[31mERR\u001b[0mOR in colour\r\nGRÖSSE error\nerror error\n",
    );
    const found = await search(asked("Error"));
    expect(found).toMatchObject({ total: 4 });
    expect(found.matches).toEqual([
      { number: 1, line: 1, offset: 0, column: 5, text: "One error here" },
      { number: 2, line: 3, offset: 23, column: 1, text: "ERROR in colour" },
      { number: 3, line: 4, offset: 49, column: 8, text: "GRÖSSE error" },
      { number: 4, line: 5, offset: 63, column: 1, text: "error error" },
    ]);
    expect((await search(asked("größe"))).total).toBe(0);
    expect((await search(asked("grösse"))).total).toBe(1);
    expect((await search(asked("ERROR", { isCaseSensitive: true }))).total).toBe(1);
    expect((await search(asked("absent"))).matches).toEqual([]);
  });

  test("gives page after page, from any match and from any line", async () => {
    // 100,000 lines, every third of them with the word.
    const lines = Array.from(
      { length: 100_000 },
      (_, at) => `line ${at + 1} ${at % 3 === 0 ? "wanted" : "other"}`,
    );
    const search = await openSearch(lines.join("\n"));
    const last = await search(asked("wanted", { after: 33_332, limit: 5 }));
    expect(last).toMatchObject({ total: 33_334 });
    expect(last.matches.map(({ number, line }) => [number, line])).toEqual([
      [33_333, 99_997],
      [33_334, 100_000],
    ]);
    const from = await search(asked("wanted", { line: 50_000, limit: 2 }));
    expect(from.matches.map(({ line }) => line)).toEqual([50_002, 50_005]);
    expect(from.matches[0]).toMatchObject({ number: 16_668, text: "line 50002 wanted" });
    for (const { offset, text } of from.matches)
      expect(lines.join("\n").slice(offset, offset + text.length)).toBe(text);
    expect((await search(asked("wanted", { line: 100_001 }))).matches).toEqual([]);
    expect((await search(asked("wanted", { after: 99_999 }))).matches).toEqual([]);
  });

  test("counts a line without an end once, and finds what lies across its pieces", async () => {
    const long = Buffer.alloc(3_000_000, "x");
    for (const at of [262_140, 1_000_000, 2_999_990]) long.write("needle", at);
    const search = await openSearch(
      Buffer.concat([Buffer.from("first\n"), long, Buffer.from("\nthe last needle")]),
    );
    const { total, matches } = await search(asked("NEEDLE"));
    expect(total).toBe(2);
    expect(matches.map(({ line, offset }) => [line, offset])).toEqual([
      [2, 6],
      [3, 3_000_007],
    ]);
    expect(matches[0]?.text.length).toBeLessThanOrEqual(400);
    expect(matches[0]?.text).toContain("needle");
  });

  test("counts the same however the log is cut into chunks", () => {
    const words = fc.constantFrom("ab", "a", "b", "\n", "\u001b[1m", "\r\n", "ü", "A");
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 60 }),
        fc.integer({ min: 1, max: 11 }),
        (parts, chunkBytes) => {
          const log = Buffer.from(parts.join(""));
          const [counted, found] = [new LogScan(asked("ab")), new LogScan(asked("ab"))];
          const lines: (number | null)[] = [];
          const cutter = new StretchCutter(0);
          const take = (stretch: ReturnType<typeof cutter.push>) => {
            if (stretch === null) return;
            counted.count(stretch);
            found.find(stretch, ({ line, whole }) => {
              lines.push(line);
              expect(whole().text.toLowerCase()).toContain("ab");
            });
          };
          for (let at = 0; at < log.byteLength; at += chunkBytes)
            take(cutter.push(log.subarray(at, at + chunkBytes)));
          take(cutter.end());
          const wanted = log
            .toString()
            .split("\n")
            .flatMap((line, at) => (seenLine(line).toLowerCase().includes("ab") ? [at + 1] : []));
          expect(lines).toEqual(wanted);
          expect([counted.state.number, found.state.number]).toEqual([wanted.length, wanted.length]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("looks through what is kept of a running output, with the lines as they were written", async () => {
    const [store, runId] = [await openArtifactStore(await temporaryFolder()), newId()];
    const output = new OutputLog(store.scratch(runId, PATH), { headBytes: 128 * 1024, tailBytes: 200_000 });
    for (let line = 1; line <= 100_000; line += 1)
      output.write(Buffer.from(`${String(line).padStart(9)} ab\n`));
    await expect.poll(async () => (await output.readLive({ offset: 1_300_000 }, 1)).start).toBe(1_300_000);
    const read = (offset: number, lengthMax: number) => output.readLive({ offset }, lengthMax);
    const all = await searchRunning(read, asked("ab", { limit: 200 }), never);
    // The beginning, and the end, whose first line is cut.
    expect(all.total).toBe(Math.ceil((128 * 1024) / 13) - 1 + Math.ceil(200_000 / 13));
    expect(all.matches.every(({ line, text }) => Number.parseInt(text, 10) === line)).toBe(true);
    const end = await searchRunning(read, asked("ab", { line: 99_999 }), never);
    expect(end.matches.map(({ line, text }) => [line, text.trim()])).toEqual([
      [99_999, "99999 ab"],
      [100_000, "100000 ab"],
    ]);
    await output.finish(store, runId, PATH);
  });
});
