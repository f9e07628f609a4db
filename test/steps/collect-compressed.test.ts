// Compressed logs: what can be unpacked is, so that no secret in them reaches the archive; what cannot is for few.
import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CollectSpec } from "../../src/runbooks/verbs/collect.ts";
import { KNOWN_SECRET, stepBench } from "./step-fixture.ts";

function collect(paths: readonly string[], changes: Partial<CollectSpec> = {}) {
  const spec: CollectSpec = {
    paths,
    journal: null,
    commands: [],
    sinceMs: null,
    fileBytesMax: 1024 * 1024,
    hostBytesMax: 10 * 1024 * 1024,
    filesMax: 100,
    onTooBig: "tail",
    isSensitive: false,
    ...changes,
  };
  return { verb: "collect", spec } as const;
}

const LOG = `started\nthe password is ${KNOWN_SECRET}\nended\n`;

describe("compressed logs", () => {
  test.each([
    ["gz", "gzip", gzipSync(LOG)],
    ["gz", "gzip", Buffer.concat([gzipSync(LOG.slice(0, 30)), gzipSync(LOG.slice(30))])],
    ["zst", "zstd", zstdCompressSync(LOG)],
  ])("a .%s file (%s) is kept unpacked and redacted", async (suffix, compression, packed) => {
    const bench = await stepBench();
    const path = await bench.put(`app.log.1.${suffix}`, packed);
    const result = await bench.attempt(collect([path]));
    const stored = `files/local${bench.folder}/app.log.1`;
    expect([...bench.evidence.keys()]).toEqual([stored]);
    expect(bench.evidence.get(stored)).toMatchObject({
      contentType: `text/plain; unpacked=${compression}`,
      isTruncated: false,
      isSensitive: false,
    });
    expect(await bench.read(stored)).toMatch(/^started\nthe password is \S*KNOWN\S*\nended\n$/);
    const all = await bench.stored();
    expect([all.includes(KNOWN_SECRET), all.includes(packed.subarray(0, 20))]).toEqual([false, false]);
    expect([result.json, bench.problems]).toEqual([{ files: 1, bytes: LOG.length }, []]);
  });

  test("the bytes decide, not the name; what is not there twice keeps its own name", async () => {
    const bench = await stepBench();
    await bench.put("plain.gz", LOG);
    await bench.put("packed", gzipSync(LOG));
    await bench.put("app.log", "of today\n");
    await bench.put("app.log.gz", gzipSync(LOG));
    await bench.attempt(collect([`${bench.folder}/*`]));
    const names = [...bench.evidence.keys()].map((path) => path.split("/").at(-1));
    expect(names).toEqual(["app.log", "app~2.log", "packed", "plain.gz"]);
    expect((await bench.stored()).includes(KNOWN_SECRET)).toBe(false);
  });

  test("a file that unpacks to very much stops at the limit", async () => {
    const bench = await stepBench();
    const bomb = gzipSync(Buffer.alloc(100_000_000, "x"));
    expect(bomb.length).toBeLessThan(200_000);
    const path = await bench.put("bomb.gz", bomb);
    const after = await bench.put("then.log", "goes on\n");
    const result = await bench.attempt(collect([path, after]));
    expect(result.json).toEqual({ files: 2, bytes: 1024 * 1024 + 8 });
    expect(bench.evidence.get(`files/local${bench.folder}/bomb`)?.isTruncated).toBe(true);
    expect(bench.problems).toEqual([
      { path, message: "unpacks to more than 1.0 MiB: only its beginning was kept" },
    ]);
  });

  test("what is unpacked counts for all files together", async () => {
    const bench = await stepBench();
    for (const name of ["1.gz", "2.gz", "3.gz"]) await bench.put(name, gzipSync("x".repeat(1_000)));
    const result = await bench.attempt(collect([`${bench.folder}/*`], { hostBytesMax: 1_500 }));
    expect(result.json).toMatchObject({ bytes: 1_500 });
    expect(bench.problems.length).toBeGreaterThan(0);
  });

  test("a damaged file gives what can be unpacked, or nothing, and never its bytes as they are", async () => {
    const bench = await stepBench();
    const text = Array.from(
      { length: 20_000 },
      (_, index) => `line ${index} ${randomBytes(6).toString("hex")}\n`,
    ).join("");
    const packed = gzipSync(text);
    const cut = await bench.put("cut.gz", packed.subarray(0, packed.length >> 1));
    const broken = await bench.put(
      "broken.gz",
      Buffer.concat([packed.subarray(0, 10), Buffer.alloc(5_000, 0xff)]),
    );
    await bench.attempt(collect([cut, broken]));
    expect([...bench.evidence.keys()]).toEqual([`files/local${bench.folder}/cut`]);
    const kept = await bench.read(`files/local${bench.folder}/cut`);
    expect([kept.length > 10_000, text.startsWith(kept)]).toEqual([true, true]);
    expect(bench.evidence.get(`files/local${bench.folder}/cut`)?.isTruncated).toBe(true);
    expect(bench.problems.map(({ path, message }) => [path, message.startsWith("is damaged (")])).toEqual([
      [broken, true],
      [cut, true],
    ]);
  });

  test("the end of a compressed file is of no use, so one that is too big is left out", async () => {
    const bench = await stepBench();
    const path = await bench.put("big.log.gz", gzipSync(randomBytes(5_000)));
    await bench.attempt(collect([path], { fileBytesMax: 1_000 }));
    expect(bench.evidence.size).toBe(0);
    expect(bench.problems[0]?.message).toContain("it is compressed, so that its end alone cannot be read");
  });

  test.each([
    ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4])],
    ["bzip2", Buffer.from("BZh91AY&SY....", "latin1")],
    ["zip", Buffer.from("PK\u0003\u0004....", "latin1")],
    ["gzip", gzipSync(gzipSync(LOG))],
  ])("%s that cannot be looked into is sensitive, and told", async (compression, content) => {
    const bench = await stepBench();
    const path = await bench.put("app.log.packed", content);
    await bench.attempt(collect([path]));
    expect([...bench.evidence.values()]).toMatchObject([{ isSensitive: true }]);
    expect(bench.problems).toMatchObject([
      { path, message: expect.stringContaining(`compressed with ${compression}`) },
    ]);
  });

  test("text that only begins like one is text", async () => {
    const bench = await stepBench();
    await bench.put("a.log", "BZh, said the operator\n");
    await bench.put("b.log", "7z\n");
    await bench.put("empty.gz", "");
    await bench.attempt(collect([`${bench.folder}/*`]));
    expect(
      [...bench.evidence.values()].map(({ contentType, isSensitive }) => [contentType, isSensitive]),
    ).toEqual([
      ["text/plain", false],
      ["text/plain", false],
      ["text/plain", false],
    ]);
  });
});
