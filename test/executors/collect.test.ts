// Proves what is gathered from a host, what is said about the rest, and how a collection ends early.
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CollectedFile } from "../../src/executors/collect.ts";
import { type CollectArguments, type Collecting, openCollecting } from "./collecting.ts";
import { absenceOf, TRANSPORTS } from "./transports.ts";

for (const transport of TRANSPORTS) {
  const absence = absenceOf(transport);
  if (absence !== null) console.warn(`SKIPPED gathering by ${transport}: ${absence}`);
}

let collecting: Collecting;
let root = "";
beforeAll(async () => {
  collecting = await openCollecting();
});
afterAll(() => collecting.close());
beforeEach(() => {
  root = collecting.makeFolder("root");
  collecting.setReadable([`${root}/**`]);
});

describe.each(TRANSPORTS)("on %s", (transport) => {
  const isSkipped = absenceOf(transport) !== null;
  const collect = (paths: readonly string[], more?: CollectArguments) =>
    collecting.collect(transport, paths, more);

  describe.skipIf(isSkipped)("what is gathered", () => {
    test("files that globs match, each once, in the order of their paths", async () => {
      mkdirSync(join(root, "a/b"), { recursive: true });
      for (const name of ["2.log", "1.log", "x.txt", "a/3.log", "a/b/4.log", ".hidden.log"])
        writeFileSync(join(root, name), name);
      const order: string[] = [];
      const gathered = await collect([`${root}/*.log`, `${root}/**/*.log`, `${root}/x.txt`], {
        before: (path) => order.push(path.slice(root.length + 1)),
      });
      expect(order).toEqual([".hidden.log", "1.log", "2.log", "a/3.log", "a/b/4.log", "x.txt"]);
      expect(Object.entries(gathered.files).every(([path, text]) => path === `${root}/${text}`)).toBe(true);
      expect([gathered.end, gathered.problems]).toEqual(["finished", []]);
    });

    test("bytes exactly as they are, in any number of chunks", async () => {
      const content = randomBytes(3_000_017);
      writeFileSync(join(root, "big"), content);
      const gathered = await collect([`${root}/big`], { request: { fileBytesMax: 5_000_000 } });
      const text = gathered.files[`${root}/big`] ?? "";
      expect(sha256(Buffer.from(text, "latin1"))).toBe(sha256(content));
    });

    test("empty files and files without a final newline", async () => {
      writeFileSync(join(root, "empty"), "");
      writeFileSync(join(root, "open"), "no newline");
      const gathered = await collect([`${root}/*`]);
      expect(gathered.files).toEqual({ [`${root}/empty`]: "", [`${root}/open`]: "no newline" });
    });

    test("the end of a file that is too big, or nothing of it", async () => {
      writeFileSync(join(root, "big"), `${"x".repeat(5_000)}the end`);
      const tail = await collect([`${root}/big`], { request: { fileBytesMax: 7 } });
      expect([tail.files, tail.truncated]).toEqual([{ [`${root}/big`]: "the end" }, [`${root}/big`]]);
      const skip = await collect([`${root}/big`], { request: { fileBytesMax: 7, onTooBig: "skip" } });
      expect([skip.files, skip.codes]).toEqual([{}, ["too-big"]]);
    });

    test("no more than all files together may have", async () => {
      for (const name of ["1", "2", "3"]) writeFileSync(join(root, name), `${name}234567890`);
      const gathered = await collect([`${root}/*`], { request: { totalBytesMax: 15 } });
      expect(gathered.files).toEqual({ [`${root}/1`]: "1234567890", [`${root}/2`]: "67890" });
      expect(gathered.codes).toEqual(["too-big"]);
    });

    test("no more files than asked for", async () => {
      for (const name of ["1", "2", "3"]) writeFileSync(join(root, name), name);
      const gathered = await collect([`${root}/*`], { request: { filesMax: 2 } });
      expect([Object.values(gathered.files), gathered.codes]).toEqual([["1", "2"], ["too-many"]]);
    });

    test("only files changed since the time asked for", async () => {
      writeFileSync(join(root, "new"), "new");
      writeFileSync(join(root, "old"), "old");
      utimesSync(join(root, "old"), 1_000_000, 1_000_000);
      const gathered = await collect([`${root}/*`], { request: { changedSinceMs: Date.now() - 3_600_000 } });
      expect(Object.values(gathered.files)).toEqual(["new"]);
    });

    test("names that break programs arrive unchanged", async () => {
      const names = [
        "-rf",
        "--",
        "a b",
        "$(touch x)",
        "`id`",
        "new\nline",
        "quote'\"",
        "*",
        "[x]",
        "tab\t",
        "\u001b[31m",
        "ü 🦊",
        "last\n",
        "end ",
      ];
      for (const name of names) writeFileSync(join(root, name), `content of ${name}`);
      const gathered = await collect([`${root}/*`], { request: { filesMax: 50 } });
      expect(
        Object.keys(gathered.files)
          .map((path) => path.slice(root.length + 1))
          .sort(),
      ).toEqual(names.sort());
      expect(gathered.problems).toEqual([]);
    });

    test("more files than one session is given at once", async () => {
      for (let index = 0; index < 230; index += 1) writeFileSync(join(root, `file-${index}`), String(index));
      const gathered = await collect([`${root}/*`], { request: { filesMax: 1_000 } });
      expect(Object.keys(gathered.files)).toHaveLength(230);
    });

    test("content that looks like our own frames is content", async () => {
      const text = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a end 0 3 0\n".repeat(50);
      writeFileSync(join(root, "frames"), text);
      expect((await collect([`${root}/frames`])).files).toEqual({ [`${root}/frames`]: text });
    });

    test("what the caller does not read does not spoil the next file", async () => {
      for (const name of ["1", "2"]) writeFileSync(join(root, name), name.repeat(200_000));
      const lengths: number[] = [];
      const onFile = async (file: CollectedFile) => {
        for await (const chunk of file.content) {
          lengths.push(chunk.length);
          break;
        }
      };
      await collect([`${root}/*`], { options: { onFile } });
      expect(lengths).toHaveLength(2);
    });

    test("what the caller throws ends the collection, and comes back to it", async () => {
      for (const name of ["1", "2"]) writeFileSync(join(root, name), name);
      const seen: string[] = [];
      const failing = collect([`${root}/*`], {
        before: (path) => {
          seen.push(path);
          throw new Error("the disk is full");
        },
      });
      await expect(failing).rejects.toThrow("the disk is full");
      expect(seen).toHaveLength(1);
    });
  });

  describe.skipIf(isSkipped)("what is said about the rest", () => {
    test("a glob that matches nothing, one that is none", async () => {
      const gathered = await collect([`${root}/*.none`, `${root}/none`, "relative", `${root}/../x`]);
      expect(gathered.codes.toSorted()).toEqual(["failed", "failed", "no-match", "no-match"]);
    });

    test("a file that grows, one that shrinks", async () => {
      writeFileSync(join(root, "grows"), "x".repeat(1_000));
      const grown = await collect([`${root}/grows`], { before: (path) => appendFileSync(path, "more") });
      writeFileSync(join(root, "shrinks"), "x".repeat(3_000_000));
      const shrunk = await collect([`${root}/shrinks`], { before: (path) => truncateSync(path, 0) });
      // Over SSH the host may have read it all before it changed here: what came is whole then.
      const fewest = transport === "local" ? 1 : 0;
      for (const problems of [grown.codes, shrunk.codes]) {
        expect(problems.every((code) => code === "changed")).toBe(true);
        expect([fewest, 1]).toContain(problems.length);
      }
      expect(grown.files[`${root}/grows`]).toHaveLength(1_000);
    });
  });

  describe.skipIf(isSkipped)("an end before the end", () => {
    test("the time limit", async () => {
      for (const name of ["1", "2"]) writeFileSync(join(root, name), name);
      const startedAt = performance.now();
      const gathered = await collect([`${root}/*`], { options: { timeoutMs: 1 } });
      // A connection that takes longer than the limit is no result at all.
      expect(["timed_out", "finished"]).toContain(gathered.end);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    });

    test("a cancellation while a file is read", async () => {
      const cancel = new AbortController();
      for (const name of ["1", "2"]) writeFileSync(join(root, name), "x".repeat(8_000_000));
      const gathered = await collect([`${root}/*`], {
        before: () => cancel.abort(),
        options: { signal: cancel.signal },
      });
      expect(gathered).toMatchObject({ end: "cancelled", files: {} });
    });
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
