// Proves that never a byte from outside the readable roots is gathered, however names, links and files are turned.
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { type CollectArguments, type Collecting, openCollecting } from "./collecting.ts";
import { startSwapping } from "./swapping.ts";
import { absenceOf, TRANSPORTS } from "./transports.ts";

const SECRET = "only outside the readable roots";

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
let outside = "";
beforeEach(() => {
  root = collecting.makeFolder("root");
  outside = collecting.makeFolder("outside");
  collecting.setReadable([`${root}/**`]);
  writeFileSync(join(outside, "secret"), SECRET);
});

describe.each(TRANSPORTS)("on %s", (transport) => {
  const isSkipped = absenceOf(transport) !== null;
  let attacks = 0;
  const collect = async (paths: readonly string[], more?: CollectArguments) => {
    const gathered = await collecting.collect(transport, paths, more);
    attacks += 1;
    if (Object.values(gathered.files).some((text) => text.includes(SECRET)))
      throw new Error("bytes from outside were gathered");
    return gathered;
  };

  describe.skipIf(isSkipped)("S7: nothing from outside", () => {
    test("a path outside, named plainly", async () => {
      const gathered = await collect([join(outside, "secret"), `${outside}/*`, "/etc/passwd"]);
      expect([gathered.files, gathered.codes]).toEqual([
        {},
        ["not-permitted", "not-permitted", "not-permitted"],
      ]);
    });

    test("nothing readable at all", async () => {
      collecting.setReadable([]);
      writeFileSync(join(root, "a"), "a");
      expect((await collect([`${root}/*`])).files).toEqual({});
    });

    test("the request can narrow, and never widen", async () => {
      writeFileSync(join(root, "a.log"), "a");
      writeFileSync(join(root, "b.txt"), "b");
      const narrowed = await collect([`${root}/*`], { request: { readable: [`${root}/*.log`] } });
      expect(Object.values(narrowed.files)).toEqual(["a"]);
      expect((await collect([`${outside}/*`], { request: { readable: ["/**"] } })).files).toEqual({});
    });

    test("a link to a file outside, to a folder outside, to a link outside", async () => {
      symlinkSync(join(outside, "secret"), join(root, "file.log"));
      symlinkSync(outside, join(root, "folder"));
      symlinkSync(join(root, "file.log"), join(root, "twice.log"));
      const gathered = await collect([`${root}/*`, `${root}/*/*`, `${root}/**`, `${root}/folder/secret`]);
      expect(gathered.files).toEqual({});
      expect(gathered.codes.filter((code) => code === "not-permitted").length).toBeGreaterThanOrEqual(4);
    });

    test("a link inside leads to the file itself, once", async () => {
      writeFileSync(join(root, "real.log"), "real");
      symlinkSync("real.log", join(root, "link.log"));
      expect((await collect([`${root}/*.log`])).files).toEqual({ [`${root}/real.log`]: "real" });
    });

    test("a link that leads nowhere, a link to itself", async () => {
      symlinkSync("nowhere", join(root, "broken"));
      symlinkSync("loop", join(root, "loop"));
      const gathered = await collect([`${root}/*`]);
      expect([gathered.files, gathered.end]).toEqual([{}, "finished"]);
    });

    test("a hard link to a file outside", async () => {
      linkSync(join(outside, "secret"), join(root, "hard"));
      const gathered = await collect([`${root}/*`]);
      expect([gathered.files, gathered.codes]).toEqual([{}, ["not-permitted"]]);
    });

    test("a FIFO, a device, a socket, a folder: none is read, none blocks", async () => {
      execFileSync("mkfifo", [join(root, "fifo")]);
      mkdirSync(join(root, "folder"));
      symlinkSync("/dev/zero", join(root, "zero"));
      collecting.setReadable([`${root}/**`, "/dev/**"]);
      const socket = createServer();
      await new Promise<void>((resolve) => socket.listen(join(root, "socket"), resolve));
      const startedAt = performance.now();
      const gathered = await collect([`${root}/*`, `${root}/folder`, "/dev/null"]);
      await new Promise((resolve) => socket.close(resolve));
      expect(gathered.files).toEqual({});
      expect(gathered.codes).toEqual(Array.from({ length: 5 }, () => "not-a-file"));
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    });

    test("a file exchanged for a link after it was judged", async () => {
      writeFileSync(join(root, "1"), "one");
      writeFileSync(join(root, "2"), "x".repeat(100));
      const gathered = await collect([`${root}/*`], {
        before: () => {
          rmSync(join(root, "2"));
          symlinkSync(join(outside, "secret"), join(root, "2"));
        },
      });
      expect(gathered.files[`${root}/1`]).toBe("one");
      // Over SSH the host may have read the second file, the right one, before it was exchanged.
      expect([undefined, "x".repeat(100)]).toContain(gathered.files[`${root}/2`]);
    });

    test("a folder exchanged for a link, again and again, while files are read", async () => {
      mkdirSync(join(root, "dir"));
      for (let index = 0; index < 60; index += 1) {
        writeFileSync(join(root, "dir", `f${index}`), "inside");
        writeFileSync(join(outside, `f${index}`), SECRET);
      }
      const attacker = startSwapping(join(root, "dir"), outside);
      try {
        for (let round = 0; round < 3; round += 1) {
          const gathered = await collect([`${root}/dir/*`]);
          expect(Object.values(gathered.files).every((text) => text === "inside")).toBe(true);
        }
        // The attack is a real one: a reader that trusts the name reads what is outside.
        await until(async () => (await readFile(join(root, "dir/f1"), "utf8").catch(() => "")) === SECRET);
      } finally {
        await attacker.stop();
      }
    });

    test("the sum of it", () => {
      expect(attacks).toBeGreaterThan(10);
      console.log(`PROMISE S7 transport=${transport} attacks=${attacks} bytes_from_outside=0 ok`);
    });
  });
});
