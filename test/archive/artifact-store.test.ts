// One suite for every backend of the artifact store: what its contract promises.
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { sha256 } from "../../src/platform/digest.ts";
import { newId } from "../../src/platform/ids.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe.each([["on disk", async () => openArtifactStore(await temporaryFolder())]])(
  "artifact store %s",
  (_name, open) => {
    async function put(store: ArtifactStore, runId: string, path: string, content: string) {
      const writer = await store.createFile(runId, path);
      await writer.write(Buffer.from(content));
      return writer.commit();
    }

    test("gives back what was committed, with its size and digest", async () => {
      const [store, runId] = [await open(), newId()];
      const writer = await store.createFile(runId, "files/web-1/var/log/app.log");
      await writer.write(Buffer.from("hello "));
      await writer.write(Buffer.from("world".repeat(20_000)));
      const content = `hello ${"world".repeat(20_000)}`;
      const path = "files/web-1/var/log/app.log";
      expect(await writer.commit()).toEqual({ path, bytes: content.length, sha256: sha256(content) });
      expect(await text(await store.read(runId, path))).toBe(content);
      expect(await store.stat(runId, path)).toEqual({ path, bytes: content.length });
    });

    test("reads a range with an exclusive end", async () => {
      const [store, runId] = [await open(), newId()];
      await put(store, runId, "a.txt", "0123456789");
      expect(await text(await store.read(runId, "a.txt", { start: 2, end: 5 }))).toBe("234");
      expect(await text(await store.read(runId, "a.txt", { start: 8, end: 100 }))).toBe("89");
      expect(await buffer(await store.read(runId, "a.txt", { start: 5, end: 5 }))).toHaveLength(0);
    });

    test("goes through any part of a large file, chunk by chunk, and stops where it is left", async () => {
      const [store, runId] = [await open(), newId()];
      const content = Array.from({ length: 400_000 }, (_, at) => `${at}\n`).join("");
      await put(store, runId, "large.txt", content);
      const scanned = async (start: number, end: number) => {
        const digest = createHash("sha256");
        for await (const chunk of store.scan(runId, "large.txt", { start, end })) digest.update(chunk);
        return digest.digest("hex");
      };
      for (const [start, end] of [
        [0, content.length],
        [1, 1_500_000],
        [524_288, 1_048_576],
        [content.length - 1, content.length + 5],
        [7, 7],
      ] as const)
        expect([start, await scanned(start, end)]).toEqual([start, sha256(content.slice(start, end))]);
      for await (const chunk of store.scan(runId, "large.txt", { start: 0, end: content.length })) {
        expect(Buffer.from(chunk).subarray(0, 4).toString()).toBe("0\n1\n");
        break;
      }
      const missing = store.scan(runId, "missing.txt", { start: 0, end: 1 })[Symbol.asyncIterator]();
      await expect(missing.next()).rejects.toMatchObject({ code: "not-found" });
    });

    test("shows nothing of a file that was begun, or discarded", async () => {
      const [store, runId] = [await open(), newId()];
      const begun = await store.createFile(runId, "begun.txt");
      await begun.write(Buffer.from("x"));
      const discarded = await store.createFile(runId, "discarded.txt");
      await discarded.write(Buffer.from("x"));
      await discarded.discard();
      await discarded.discard();
      expect(await store.list(runId)).toEqual([]);
      expect(await store.stat(runId, "begun.txt")).toBeNull();
      await expect(store.read(runId, "begun.txt")).rejects.toMatchObject({ code: "not-found" });
      await begun.discard();
    });

    test("never replaces a committed file", async () => {
      const [store, runId] = [await open(), newId()];
      const paths = await Promise.all(
        ["1", "2", "3"].map(async (content) => (await put(store, runId, "a/b.txt", content)).path),
      );
      expect(paths.toSorted()).toEqual(["a/b.txt", "a/b~2.txt", "a/b~3.txt"]);
      const contents = await Promise.all(paths.map(async (path) => text(await store.read(runId, path))));
      expect(contents).toEqual(["1", "2", "3"]);
    });

    test.each([
      ["metrics/latency.svg", "metrics/latency~2.svg"],
      ["dump.tar.gz", "dump~2.tar.gz"],
      ["app.log.gz", "app.log~2.gz"],
      ["syslog.1", "syslog.1~2"],
      ["app.log-2026.11.26", "app.log-2026.11.26~2"],
      [".bashrc", ".bashrc~2"],
      ["conf.d/README", "conf.d/README~2"],
    ])("a second file named %s is %s", async (path, second) => {
      const [store, runId] = [await open(), newId()];
      await put(store, runId, path, "1");
      expect((await put(store, runId, path, "2")).path).toBe(second);
    });

    test("keeps a file and a folder of the same name", async () => {
      const [store, runId] = [await open(), newId()];
      expect((await put(store, runId, "a", "file")).path).toBe("a");
      expect((await put(store, runId, "a/b", "below")).path).toBe("a~2/b");
      expect((await put(store, runId, "c/d", "below")).path).toBe("c/d");
      expect((await put(store, runId, "c", "file")).path).toBe("c~2");
      expect((await put(store, runId, "conf.d", "file")).path).toBe("conf.d");
      expect((await put(store, runId, "conf.d/x.conf", "below")).path).toBe("conf.d~2/x.conf");
    });

    test("lists in the order of paths, and nothing of other runs", async () => {
      const [store, runId, other] = [await open(), newId(), newId()];
      for (const path of ["b", "a/z", "a/b/c", "B"]) await put(store, runId, path, "x");
      await put(store, other, "other", "x");
      expect((await store.list(runId)).map(({ path }) => path)).toEqual(["B", "a/b/c", "a/z", "b"]);
      expect(await store.list(newId())).toEqual([]);
    });

    test("removes a run as often as it is asked to", async () => {
      const [store, runId] = [await open(), newId()];
      await put(store, runId, "a/b", "x");
      await store.scratch(runId, "steps/01-x/stdout.log").write(Buffer.from("x"), 0);
      await store.remove(runId);
      await store.remove(runId);
      expect(await store.list(runId)).toEqual([]);
      expect(await store.scratch(runId, "steps/01-x/stdout.log").size()).toBe(0);
    });

    test("refuses paths that lead out, and ids that are none", async () => {
      const [store, runId] = [await open(), newId()];
      for (const path of ["../x", "/etc/passwd", "a/../../x", ""]) {
        await expect(store.read(runId, path)).rejects.toMatchObject({ code: "invalid-path" });
        await expect(store.stat(runId, path)).rejects.toMatchObject({ code: "invalid-path" });
      }
      await expect(store.list("../..")).rejects.toMatchObject({ code: "invalid-run" });
      await expect(store.remove("../..")).rejects.toMatchObject({ code: "invalid-run" });
      await expect(store.createFile(".", "x")).rejects.toMatchObject({ code: "invalid-run" });
      expect((await put(store, runId, "../../etc/passwd", "x")).path).toBe("%2E%2E/%2E%2E/etc/passwd");
    });

    test("keeps a scratch file for the next process", async () => {
      const [store, runId] = [await open(), newId()];
      const first = store.scratch(runId, "a");
      await first.write(Buffer.from("world"), 6);
      await first.write(Buffer.from("hello "), 0);
      await first.close();
      const second = store.scratch(runId, "a");
      expect((await second.read(0, 100)).toString()).toBe("hello world");
      await second.remove();
      await second.remove();
      expect(await second.size()).toBe(0);
      expect(await second.read(0, 10)).toHaveLength(0);
    });
  },
);

test("a start removes half-written files and keeps committed ones", async () => {
  const folder = await temporaryFolder();
  const [store, runId] = [await openArtifactStore(folder), newId()];
  const committed = await store.createFile(runId, "kept");
  await committed.commit();
  const begun = await store.createFile(runId, "lost");
  await begun.write(Buffer.alloc(100_000));
  expect(await readdir(join(folder, "aside"))).toHaveLength(1);
  const reopened = await openArtifactStore(folder);
  expect(await readdir(join(folder, "aside"))).toEqual([]);
  expect(await reopened.list(runId)).toEqual([{ path: "kept", bytes: 0 }]);
  await begun.discard();
});

test("files are for the service's own user", async () => {
  const folder = await temporaryFolder();
  const [store, runId] = [await openArtifactStore(folder), newId()];
  await (await store.createFile(runId, "secret/file")).commit();
  expect((await stat(join(folder, "runs", runId, "secret", "file"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "runs", runId, "secret"))).mode & 0o777).toBe(0o700);
});

test("a failed write leaves no trace", async () => {
  const folder = await temporaryFolder();
  const [store, runId] = [await openArtifactStore(folder), newId()];
  const writer = await store.createFile(runId, "a/b");
  await writer.write(Buffer.from("x"));
  await writer.discard();
  await expect(writer.write(Buffer.alloc(64 * 1024))).rejects.toThrow("closed");
  await writer.discard();
  expect(await readdir(join(folder, "aside"))).toEqual([]);
});
