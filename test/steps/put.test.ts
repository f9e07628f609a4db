// `put` as a step: where its content comes from, what its result says, and that the content is told nowhere.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import type { PutSpec } from "../../src/runbooks/verbs/put.ts";
import { KNOWN_SECRET, stepBench } from "./step-fixture.ts";

function put(to: string, changes: Partial<PutSpec> = {}) {
  const from = { kind: "text", text: `key: ${KNOWN_SECRET}\n` } as const;
  const spec: PutSpec = { from, to, mode: "0640", owner: null, isBackedUp: false, ...changes };
  return { verb: "put", spec } as const;
}

describe("put", () => {
  test("writes a text, says so, and is unchanged the second time", async () => {
    const bench = await stepBench();
    const path = join(bench.folder, "web.pem");
    const first = await bench.attempt(put(path));
    expect(first).toMatchObject({ status: "succeeded", json: { changed: true, path, backup: null } });
    expect(first.stdout).toBe(`wrote ${path} on local\n`);
    expect(await readFile(path, "utf8")).toBe(`key: ${KNOWN_SECRET}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    const second = await bench.attempt(put(path));
    expect(second).toMatchObject({ status: "succeeded", json: { changed: false, path, backup: null } });
    expect(second.stdout).toContain("unchanged");
    expect((await bench.stored()).includes(KNOWN_SECRET)).toBe(false);
  });

  test("puts an uploaded file byte for byte", async () => {
    const bench = await stepBench();
    const bytes = Buffer.from([0, 255, 13, 10, 0xc3, 0x28]);
    const from = { kind: "file", path: join(bench.folder, "upload") } as const;
    await writeFile(from.path, bytes);
    const path = join(bench.folder, "web.pem");
    expect(await bench.attempt(put(path, { from }))).toMatchObject({ status: "succeeded" });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  test("keeps the old file under the name of the run, and says where", async () => {
    const bench = await stepBench();
    const path = await bench.put("web.pem", "old");
    const result = await bench.attempt(put(path, { isBackedUp: true }));
    const { backup } = result.json as { readonly backup: string };
    expect(backup).toMatch(/\/web\.pem\.nightshift-[\w-]{10,}$/);
    expect(await readFile(backup, "utf8")).toBe("old");
    expect(result.stdout).toContain(`the old file is ${backup}\n`);
  });

  test("what is refused has provably not begun, and is not tried again", async () => {
    const bench = await stepBench();
    for (const path of ["/etc/nightshift-test", "relative", join(bench.folder, "none/x")]) {
      const result = await bench.attempt(put(path));
      expect(result).toMatchObject({ status: "failed", didNotStart: true });
      expect(result.message).not.toContain(KNOWN_SECRET);
    }
    expect(await bench.attempt(put("/etc/nightshift-test"))).toMatchObject({ isPermanent: true });
  });

  test("a host that cannot be reached has not begun; a broken connection leaves it open", async () => {
    const host = { name: "web-1", address: "192.0.2.1", port: 22, user: "x", labels: {} };
    const attempt = async (run: Executor["run"]) => {
      const bench = await stepBench({
        executorFor: () => ({ run }) as Executor,
        writableOn: () => ["/etc/*"],
      });
      return bench.attempt(put("/etc/x"), { context: { host } });
    };
    const away = new ExecutorError("host-unreachable", "web-1 is away", { isRetryable: true });
    expect(await attempt(() => Promise.reject(away))).toMatchObject({ status: "failed", didNotStart: true });
    const lost = { kind: "lost", message: "the connection closed" } as const;
    expect(await attempt(async () => lost)).toMatchObject({ status: "failed", didNotStart: true });
    let calls = 0;
    const later = await attempt(async (_host, _command, { output }) => {
      calls += 1;
      if (calls > 1) return lost;
      output.stdout.write(Buffer.from("/etc\n"));
      return { kind: "exited", exitCode: 0 };
    });
    expect(later).toMatchObject({ status: "interrupted", didNotStart: false });
    expect(later.message).toContain("the old one or the new one");
  });
});
