// Proves that a file is put whole or not at all, only where the host allows it, over every way to reach a host.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PutEnd, type PutOptions, putFile, type PutRequest } from "../../src/executors/put.ts";
import { processesWith } from "../support/processes.ts";
import { waitFor } from "../support/wait.ts";
import { startSwapping } from "./swapping.ts";
import { absenceOf, openTransports, TRANSPORTS, type Transports } from "./transports.ts";

const OUTSIDE = "what stood outside";

let folder = "";
let transports: Transports;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-put-")));
  transports = await openTransports(folder);
});
afterAll(async () => {
  await transports.close();
  rmSync(folder, { recursive: true });
});

let root = "";
let outside = "";
beforeEach(() => {
  root = mkdtempSync(join(folder, "root-"));
  outside = mkdtempSync(join(folder, "outside-"));
  writeFileSync(join(outside, "web.pem"), OUTSIDE);
});

for (const transport of TRANSPORTS) {
  const absence = absenceOf(transport);
  if (absence !== null) console.warn(`SKIPPED putting files by ${transport}: ${absence}`);
}

describe.each(TRANSPORTS)("by %s", (transport) => {
  const put = (more: Partial<PutRequest> & { text?: string } = {}, options: Partial<PutOptions> = {}) => {
    const { text = "new\n", ...request } = more;
    const host = transports.hosts[transport];
    return putFile(
      transports.executors.forHost(host),
      host,
      {
        path: join(root, "web.pem"),
        content: Buffer.from(text),
        mode: null,
        owner: null,
        backupSuffix: null,
        become: null,
        writable: [`${root}/**`],
        ...request,
      },
      {
        cookie: `${randomUUID()}:put:1`,
        timeoutMs: 20_000,
        signal: new AbortController().signal,
        ...options,
      },
    );
  };
  const file = () => join(root, "web.pem");
  const content = () => readFileSync(file(), "utf8");
  const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

  describe.skipIf(absenceOf(transport) !== null)("what is written", () => {
    test("a new file is for its owner alone, and its folder holds nothing else", async () => {
      expect(await put()).toEqual({ kind: "written", path: file(), backup: null });
      expect([content(), modeOf(file()), readdirSync(root)]).toEqual(["new\n", "600", ["web.pem"]]);
    });

    test("any bytes, none, and megabytes of them", async () => {
      const big = randomBytes(3_000_017);
      for (const bytes of [big, Buffer.alloc(0), Buffer.from([0, 255, 10, 13, 10])]) {
        expect((await put({ content: bytes })).kind).toBe("written");
        expect(readFileSync(file()).equals(bytes)).toBe(true);
      }
    });

    test("a file that is replaced keeps its mode, unless another one is asked for", async () => {
      writeFileSync(file(), "old\n");
      chmodSync(file(), 0o644);
      await put();
      expect([content(), modeOf(file())]).toEqual(["new\n", "644"]);
      await put({ text: "newer\n", mode: "0640" });
      expect([content(), modeOf(file())]).toEqual(["newer\n", "640"]);
    });

    test("what is so already stays untouched", async () => {
      await put({ mode: "0640" });
      const before = statSync(file());
      const { uid } = before;
      for (const request of [
        {},
        { mode: "640" },
        { mode: "0640", owner: String(uid) },
        { backupSuffix: ".old" },
      ])
        expect(await put(request)).toEqual({ kind: "unchanged", path: file() });
      const after = statSync(file());
      expect([after.ino, after.mtimeMs, after.ctimeMs]).toEqual([before.ino, before.mtimeMs, before.ctimeMs]);
      expect(readdirSync(root)).toEqual(["web.pem"]);
      // The same content alone is not enough.
      expect(await put({ mode: "0600" })).toMatchObject({ kind: "written" });
      expect(modeOf(file())).toBe("600");
    });

    test("the old file is kept when that is asked for, the oldest of a run", async () => {
      writeFileSync(file(), "old\n");
      chmodSync(file(), 0o604);
      const backup = `${file()}.nightshift-run1`;
      const kept = { backupSuffix: ".nightshift-run1" };
      expect(await put(kept)).toEqual({ kind: "written", path: file(), backup });
      expect(await put({ ...kept, text: "newer\n" })).toEqual({ kind: "written", path: file(), backup });
      expect([content(), readFileSync(backup, "utf8"), modeOf(backup)]).toEqual(["newer\n", "old\n", "604"]);
      expect(statSync(file()).nlink).toBe(1);
      expect(readdirSync(root).sort()).toEqual(["web.pem", "web.pem.nightshift-run1"]);
    });

    test("there is nothing to keep of a file that was not there", async () => {
      expect(await put({ backupSuffix: ".old" })).toEqual({ kind: "written", path: file(), backup: null });
      expect(readdirSync(root)).toEqual(["web.pem"]);
    });

    test.each(["-rf", "a b", "$(id)", "it's", "ü 🦊", "--help", "[x]*", ".hidden"])(
      "the name %s is a name and nothing else",
      async (name) => {
        expect(await put({ path: join(root, name) })).toMatchObject({ kind: "written" });
        expect(readdirSync(root)).toEqual([name]);
        expect(await put({ path: join(root, name) })).toMatchObject({ kind: "unchanged" });
      },
    );

    test("neither content nor its digest shows in the process list", async () => {
      const secret = `-----BEGIN KEY ${randomUUID()}`;
      const bytes = Buffer.concat([Buffer.from(secret), randomBytes(4_000_000)]);
      const digest = createHash("sha256").update(bytes).digest("hex");
      const told = [secret, Buffer.from(secret).toString("base64").slice(0, 30), digest];
      const cookie = `${randomUUID()}:put:1`;
      const stop = new AbortController();
      const seen: string[] = [];
      const watching = (async () => {
        while (!stop.signal.aborted) {
          for (const pid of processesWith(cookie)) {
            try {
              seen.push(
                readFileSync(`/proc/${pid}/cmdline`, "utf8"),
                readFileSync(`/proc/${pid}/environ`, "utf8"),
              );
            } catch {
              // It has gone meanwhile.
            }
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await put({ content: bytes }, { cookie });
      stop.abort();
      await watching;
      expect(seen.join("")).toContain("web.pem");
      expect(told.filter((text) => seen.some((one) => one.includes(text)))).toEqual([]);
    });
  });

  describe.skipIf(absenceOf(transport) !== null)("what is refused", () => {
    /** Why it was refused; what else came of it, when it was not. */
    const refusal = async (more: Partial<PutRequest>) => {
      const end = await put(more);
      return end.kind === "refused" ? end.message : `not refused: ${end.kind}`;
    };

    test("a path that the host does not list as writable", async () => {
      expect(await refusal({ path: join(outside, "web.pem") })).toContain("is not in the writable paths of");
      expect(await refusal({ writable: [] })).toContain("hosts.yml");
      expect(await refusal({ writable: [`${root}/*.key`] })).toContain("is not in the writable paths");
      expect([readFileSync(join(outside, "web.pem"), "utf8"), existsSync(file())]).toEqual([OUTSIDE, false]);
      expect(await put({ writable: [file()] })).toMatchObject({ kind: "written" });
    });

    test("a folder that a link leads out of the writable paths", async () => {
      symlinkSync(outside, join(root, "certs"));
      expect(await refusal({ path: join(root, "certs/web.pem") })).toContain(`${outside}/web.pem, to which`);
      expect(readFileSync(join(outside, "web.pem"), "utf8")).toBe(OUTSIDE);
    });

    test("a folder that a link leads to within the writable paths is none of that", async () => {
      mkdirSync(join(root, "real"));
      symlinkSync("real", join(root, "link"));
      expect(await put({ path: join(root, "link/x") })).toMatchObject({ path: join(root, "real/x") });
    });

    test("a link in the place of the file, wherever it leads", async () => {
      for (const target of [join(outside, "web.pem"), "nowhere", file()]) {
        symlinkSync(target, file());
        expect(await refusal({})).toContain("is a symbolic link; name the file that it leads to");
        expect(readlinkSync(file())).toBe(target);
        unlinkSync(file());
      }
      expect(readFileSync(join(outside, "web.pem"), "utf8")).toBe(OUTSIDE);
    });

    test("a folder in the place of the file, and a folder that is not there", async () => {
      mkdirSync(file());
      expect(await refusal({})).toContain("is no regular file");
      expect(await refusal({ path: join(root, "none/web.pem") })).toContain(
        "has no folder that can be entered",
      );
    });

    test.each([
      ["relative/path", "a path is an absolute path"],
      ["/etc/../etc/shadow", "has no part . or .."],
      ["/etc//shadow", "no empty part"],
      ["/etc/ssl/", "no empty part"],
      ["/etc/new\nline", "has no control characters"],
      ["/", "no empty part"],
    ])("%j is no path of a file", async (path, message) => {
      expect(await refusal({ path, writable: ["/**"] })).toContain(message);
    });

    test("an owner that is nobody", async () => {
      writeFileSync(file(), "old\n");
      expect(await refusal({ owner: "no-such-user" })).toContain("cannot be given to no-such-user");
      expect([content(), readdirSync(root)]).toEqual(["old\n", ["web.pem"]]);
    });
  });

  describe.skipIf(absenceOf(transport) !== null)("what comes in between", () => {
    test("many at once: one of them stands there, whole", async () => {
      const texts = Array.from({ length: 6 }, (_, index) => String(index).repeat(500_000));
      const ends = await Promise.all(texts.map((text) => put({ text })));
      expect(ends.every(({ kind }) => kind === "written")).toBe(true);
      expect(texts).toContain(content());
      expect(readdirSync(root)).toEqual(["web.pem"]);
    });

    test("a folder exchanged for a link, again and again: nothing outside is touched", async () => {
      mkdirSync(join(root, "certs"));
      const swapping = startSwapping(join(root, "certs"), outside);
      const ends: PutEnd[] = [];
      try {
        for (let round = 0; round < 12; round += 1)
          ends.push(await put({ path: join(root, "certs/web.pem"), text: `round ${round}` }));
        // The attack is a real one: who trusts the name finds what is outside.
        await waitFor("the link", () => readSafely(join(root, "certs/web.pem")) === OUTSIDE);
      } finally {
        await swapping.stop();
      }
      expect([readFileSync(join(outside, "web.pem"), "utf8"), readdirSync(outside)]).toEqual([
        OUTSIDE,
        ["web.pem"],
      ]);
      expect(ends.every(({ kind }) => ["written", "refused", "failed"].includes(kind))).toBe(true);
    });

    test("a link put in the place of the file while it is written is replaced, never followed", async () => {
      const target = join(outside, "web.pem");
      const stop = new AbortController();
      const swapping = (async () => {
        while (!stop.signal.aborted) {
          try {
            if (!lstatSync(file(), { throwIfNoEntry: false })?.isSymbolicLink()) {
              symlinkSync(target, join(root, "aside"));
              renameSync(join(root, "aside"), file());
            } else unlinkSync(file());
          } catch {
            // The other one was faster.
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const ends: PutEnd[] = [];
      for (let round = 0; round < 12; round += 1) ends.push(await put({ text: `round ${round}` }));
      stop.abort();
      await swapping;
      expect([readFileSync(target, "utf8"), statSync(target).nlink]).toEqual([OUTSIDE, 1]);
      expect(ends.some(({ kind }) => kind === "written")).toBe(true);
    });

    test("killed at any moment leaves the old file or the new one, and a further put makes it new", async () => {
      const texts: readonly [string, string] = ["old ".repeat(400_000), "new ".repeat(400_000)];
      let killed = 0;
      for (let round = 0; round < 15; round += 1) {
        writeFileSync(file(), texts[0]);
        const cookie = `${randomUUID()}:put:1`;
        const ending = put({ text: texts[1], backupSuffix: `.run${round}` }, { cookie });
        // Later from round to round, so that every part of the script is met.
        const killing = killWhenSeen(cookie, round * 4);
        const [end, count] = await Promise.all([ending, killing]);
        killed += count > 0 && end.kind !== "written" ? 1 : 0;
        expect(end.kind === "written" ? [texts[1]] : texts).toContain(content());
        expect(["written", "unchanged"]).toContain((await put({ text: texts[1] })).kind);
        expect(content()).toBe(texts[1]);
      }
      expect(killed).toBeGreaterThan(0);
    });

    test("a cancellation and a time limit leave the old file or the new one", async () => {
      writeFileSync(file(), "old\n");
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 5);
      const cancelled = await put({ content: Buffer.alloc(6_000_000, "x") }, { signal: stop.signal });
      expect(["cancelled", "written"]).toContain(cancelled.kind);
      const limited = await put({ content: Buffer.alloc(6_000_000, "y") }, { timeoutMs: 1 }).catch(
        (error: Error) => error.name,
      );
      expect(["old\n", "x".repeat(6_000_000), "y".repeat(6_000_000)]).toContain(content());
      expect(limited).toBeDefined();
    });
  });
});

/** Ends with KILL what carries the cookie, a moment after the first of it was seen. Resolves with how many there were. */
async function killWhenSeen(cookie: string, afterMs: number): Promise<number> {
  const deadline = performance.now() + 10_000;
  while (processesWith(cookie).length === 0 && performance.now() < deadline)
    await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const pids = processesWith(cookie);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has gone by itself.
    }
  }
  return pids.length;
}

function readSafely(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
