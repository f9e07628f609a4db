// What only SQLite has: durability that must be asked for, one process for one file, a disk that is our own.
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { openStore } from "../../src/store/open.ts";
import { type Store, StoreUnavailableError } from "../../src/store/store.ts";
import { newDelivery } from "./rows.ts";

const HOLDER = fileURLToPath(new URL("holder.ts", import.meta.url));
const IN_USE = /another process has .*nightshift\.db open; one database file belongs to one node/;

const opened: { folder: string; stores: Store[]; holders: Holder[] } = {
  folder: "",
  stores: [],
  holders: [],
};
beforeEach(() => {
  opened.folder = mkdtempSync(join(tmpdir(), "nightshift-store-"));
});
afterEach(async () => {
  for (const holder of opened.holders.splice(0)) holder.child.kill("SIGKILL");
  for (const store of opened.stores.splice(0)) await store.close();
  rmSync(opened.folder, { recursive: true, force: true });
});

async function open(folder = opened.folder): Promise<Store> {
  const store = await openStore({ folder, databaseUrl: null, clock: systemClock });
  opened.stores.push(store);
  return store;
}

function store256KiB(store: Store): Promise<void> {
  const delivery = newDelivery({ body: Buffer.alloc(256 * 1024, 1) });
  return store.transaction((tx) => insertDeliveries(tx, "sqlite", [delivery]));
}

interface Holder {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line it prints; null when it has ended. */
  readLine(): Promise<string | null>;
  write(): Promise<string | null>;
}

/** Another process with the file open; it has said so. */
async function startHolder(): Promise<Holder> {
  const child = spawn(process.execPath, [HOLDER, opened.folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const readLine = async () => {
    const next = await lines.next();
    return next.done === true ? null : next.value;
  };
  const holder: Holder = {
    child,
    readLine,
    write() {
      child.stdin.write("write\n");
      return readLine();
    },
  };
  opened.holders.push(holder);
  expect(await readLine()).toBe("open");
  return holder;
}

describe("durability", () => {
  test("synchronous is FULL, the journal a WAL and foreign keys hold, at the first opening and the next", async () => {
    for (let time = 0; time < 2; time += 1) {
      const store = await open();
      const pragmas = await store.transaction(async (tx) => [
        (await sql<{ synchronous: number }>`pragma synchronous`.execute(tx)).rows[0]?.synchronous,
        (await sql<{ journal_mode: string }>`pragma journal_mode`.execute(tx)).rows[0]?.journal_mode,
        (await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(tx)).rows[0]?.foreign_keys,
      ]);
      expect(pragmas).toEqual([2, "wal", 1]);
      await opened.stores.pop()?.close();
    }
  });

  test("the reader cannot write, and sees what was committed at once", async () => {
    const store = await open();
    await store256KiB(store);
    expect(await store.reader.selectFrom("delivery").select("alerts").execute()).toHaveLength(1);
    await expect(store.reader.deleteFrom("delivery").execute()).rejects.toThrow(/readonly/);
  });

  test("the reader sees nothing of a transaction that is open, or that failed", async () => {
    const store = await open();
    const failing = store.transaction(async (tx) => {
      await insertDeliveries(tx, "sqlite", [newDelivery()]);
      expect(await store.reader.selectFrom("delivery").select("id").execute()).toEqual([]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await store.reader.selectFrom("delivery").select("id").execute()).toEqual([]);
    await store256KiB(store);
  });

  test("transactions that are asked for at once are taken one after the other, in order", async () => {
    const store = await open();
    const seen: string[] = [];
    const work = (name: string) =>
      store.transaction(async (tx) => {
        seen.push(`${name} begins`);
        await tx.selectFrom("delivery").select("id").execute();
        seen.push(`${name} ends`);
      });
    await Promise.all([work("a"), work("b"), work("c")]);
    expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });
});

describe("one node for one file", () => {
  test("a second opening in the same process is refused, until the first is closed", async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(IN_USE);
    await store.close();
    opened.stores.length = 0;
    await open();
  });

  test("another process is refused while one has the file, and not after it was killed", async () => {
    const holder = await startHolder();
    expect(await holder.write()).toBe("stored");
    await expect(open()).rejects.toThrow(IN_USE);
    holder.child.kill("SIGKILL");
    await once(holder.child, "exit");
    const store = await open();
    expect(await store.reader.selectFrom("delivery").select("id").execute()).toHaveLength(1);
  });

  test("a folder that cannot be used is told as what it is", async () => {
    writeFileSync(join(opened.folder, "file"), "");
    await expect(open(join(opened.folder, "file", "data"))).rejects.toThrow(/file/);
    mkdirSync(join(opened.folder, "data", "nightshift.db.lock"), { recursive: true });
    await expect(open(join(opened.folder, "data"))).rejects.toThrow(/nightshift\.db.*could not be opened/);
  });

  test("a file that is no database is refused, and left as it is", async () => {
    writeFileSync(join(opened.folder, "nightshift.db"), "these are my notes, not a database\n".repeat(100));
    await expect(open()).rejects.toThrow(/nightshift\.db/);
    await expect(open()).rejects.not.toThrow(IN_USE);
  });
});

const HAS_PRLIMIT = spawnSync("prlimit", ["--version"]).status === 0;
if (!HAS_PRLIMIT) console.warn("skipped: the file size limit; prlimit is not installed");
/** A small disk of its own; false where mounting is not allowed. */
function mountSmallDisk(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "nightshift-test", folder]).status === 0;
}

describe("a full disk", () => {
  test.skipIf(!HAS_PRLIMIT)(
    "a file size limit: refused as disk-full, and stored again without a restart",
    async () => {
      const holder = await startHolder();
      expect(await holder.write()).toBe("stored");
      const limit = (bytes: string) =>
        execFileSync("prlimit", ["--pid", String(holder.child.pid), `--fsize=${bytes}:`]);
      limit("1000000");
      const answers = new Set<string | null>();
      for (let time = 0; time < 10; time += 1) answers.add(await holder.write());
      expect(answers).toContain("disk-full");
      expect(await holder.write()).toBe("disk-full");
      limit("unlimited");
      expect(await holder.write()).toBe("stored");
    },
  );

  test("a small disk: what was committed stays, the reader reads, and it goes on when there is room", async (context) => {
    const disk = join(opened.folder, "disk");
    if (!mountSmallDisk(disk)) {
      console.warn("skipped: the small disk; mounting a tmpfs is not allowed here");
      context.skip();
    }
    try {
      const store = await open(disk);
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(4 * 2 ** 20));
      let stored = 0;
      const refusals: unknown[] = [];
      for (let time = 0; time < 40 && refusals.length < 5; time += 1) {
        await store256KiB(store).then(
          () => (stored += 1),
          (error: unknown) => refusals.push(error),
        );
      }
      expect(refusals).toHaveLength(5);
      for (const error of refusals) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error).toMatchObject({ code: "disk-full" });
      }
      const count = async () => (await store.reader.selectFrom("delivery").select("id").execute()).length;
      expect(await count()).toBe(stored);
      rmSync(ballast);
      await store256KiB(store);
      expect(await count()).toBe(stored + 1);
      const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(store.reader);
      expect(check.rows).toEqual([{ integrity_check: "ok" }]);
    } finally {
      for (const store of opened.stores.splice(0)) await store.close();
      if (existsSync(disk)) spawnSync("umount", [disk]);
    }
  });
});
