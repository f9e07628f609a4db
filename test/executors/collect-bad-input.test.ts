// Proves what a collection does with files that are no plain ones, that change under it, and with a host that lies.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { decodePath, encodePath, pathArgument, shownPath } from "../../src/executors/collect-path.ts";
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

  describe.skipIf(isSkipped)("files that are no plain ones", () => {
    test("links in a circle, and a way out through /proc", async () => {
      mkdirSync(join(root, "a"));
      symlinkSync("..", join(root, "a/up"));
      symlinkSync("/proc/self/root", join(root, "way"));
      writeFileSync(join(root, "a/b.log"), "b");
      const gathered = await collect([`${root}/**`, `${root}/way/etc/passwd`, "/proc/self/root/etc/passwd"]);
      expect([gathered.end, gathered.files]).toEqual(["finished", { [`${root}/a/b.log`]: "b" }]);
      expect(gathered.codes).toContain("not-permitted");
    });

    test("a sparse file of a terabyte: its end, at once", async () => {
      const fd = openSync(join(root, "sparse"), "w");
      ftruncateSync(fd, 1024 ** 4 - 4);
      closeSync(fd);
      appendFileSync(join(root, "sparse"), "end\n");
      const gathered = await collect([`${root}/sparse`], { request: { fileBytesMax: 8 } });
      expect(gathered.files).toEqual({ [`${root}/sparse`]: "\0\0\0\0end\n" });
      expect(gathered.truncated).toEqual([`${root}/sparse`]);
    });

    test("a name that is not UTF-8 is shown with its bytes, and can be named by a glob", async () => {
      const names = [
        Buffer.from([0x6c, 0xe4, 0x2e, 0x31]),
        Buffer.from([0x80, 0x0a, 0x5c, 0x25, 0xff, 0x0a]),
      ];
      for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), name);
      mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xfc])]));
      writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xfc]), Buffer.from("/x")]), "x");
      const gathered = await collect([`${root}/*`, `${root}/*/x`, `${root}/l?.1`]);
      expect(gathered.files).toEqual({
        [`${root}/l\\xE4.1`]: names[0]?.toString("latin1"),
        [`${root}/\\x80\n\\%\\xFF\n`]: names[1]?.toString("latin1"),
        [`${root}/\\xFC/x`]: "x",
      });
      expect(gathered.codes).toEqual([]);
    });

    test("a tree of 4,096 levels ends, and what can be reached in it is gathered", async () => {
      writeFileSync(join(root, "top.log"), "top");
      const dig =
        'const { chdir } = process; for (let i = 0; i < 4096; i += 1) { fs.mkdirSync("d"); chdir("d"); } fs.writeFileSync("x.log", "")';
      execFileSync(process.execPath, ["-e", dig], { cwd: root });
      try {
        const gathered = await collect([`${root}/**/*.log`]);
        expect([gathered.end, gathered.files]).toEqual(["finished", { [`${root}/top.log`]: "top" }]);
        expect(gathered.codes.every((code) => code === "not-readable" || code === "failed")).toBe(true);
        expect(gathered.codes).not.toEqual([]);
      } finally {
        execFileSync("rm", ["-rf", join(root, "d")]);
      }
    });

    test("thousands of tiny files: as many as asked for, the first of them", async () => {
      for (let index = 0; index < 3_000; index += 1)
        writeFileSync(join(root, `file-${String(index).padStart(4, "0")}`), "");
      const gathered = await collect([`${root}/*`], { request: { filesMax: 250 } });
      expect(Object.keys(gathered.files)).toHaveLength(250);
      expect(Object.keys(gathered.files).at(-1)).toBe(`${root}/file-0249`);
      expect(gathered.problems).toMatchObject([{ code: "too-many", path: `${root}/file-0250` }]);
    });

    test("the end of a compressed file is of no use", async () => {
      for (const name of ["a.gz", "b.log.xz", "c.ZST", "d.log"])
        writeFileSync(join(root, name), "0123456789");
      const gathered = await collect([`${root}/*`], { request: { fileBytesMax: 5 } });
      expect(gathered.files).toEqual({ [`${root}/d.log`]: "56789" });
      expect(gathered.codes).toEqual(["too-big", "too-big", "too-big"]);
    });
  });

  describe.skipIf(isSkipped)("files that change under it", () => {
    // Over SSH the host may have read the whole file before the test changes it, unless its pipe is full by then.
    const BIG = 12_000_000;
    const changed = async (change: (path: string) => void) => {
      const path = join(root, "app.log");
      writeFileSync(path, "x".repeat(BIG));
      const gathered = await collect([`${root}/app.log`], { before: change });
      return {
        ...gathered,
        length: gathered.files[path]?.length,
        messages: gathered.problems.map(({ message }) => message),
      };
    };

    test.each([
      ["grows", (path: string) => appendFileSync(path, "more"), BIG, "grew while it was read"],
      [
        "is rotated",
        (path: string) => {
          renameSync(path, `${path}.1`);
          writeFileSync(path, "");
        },
        BIG,
        "was rotated while it was read",
      ],
      ["is renamed", (path: string) => renameSync(path, `${path}.1`), BIG, "was rotated while it was read"],
      ["is deleted while it is open", unlinkSync, BIG, "was deleted while it was read"],
      [
        "is written over in its middle",
        (path: string) => {
          const fd = openSync(path, "r+");
          writeSync(fd, "y", BIG - 10);
          closeSync(fd);
        },
        BIG,
        "changed while it was read",
      ],
    ])("a file that %s is gathered whole, and flagged", async (_, change, length, message) => {
      const gathered = await changed(change);
      expect([gathered.end, gathered.length, gathered.codes]).toEqual(["finished", length, ["changed"]]);
      expect(gathered.messages[0]).toContain(message);
    });

    test("a file that is cut gives what was left, and is flagged", async () => {
      const gathered = await changed((path) => truncateSync(path, 0));
      expect([gathered.end, gathered.codes]).toEqual(["finished", ["changed"]]);
      expect(gathered.length).toBeLessThan(BIG);
      expect(gathered.messages[0]).toContain("became shorter while it was read");
    });

    test("of two files the one that changed is flagged, before the next one begins", async () => {
      const order: string[] = [];
      for (const name of ["1", "2"]) writeFileSync(join(root, name), "x".repeat(BIG));
      await collect([`${root}/*`], {
        before: (path) => {
          order.push(path.slice(-1));
          if (path.endsWith("1")) appendFileSync(path, "more");
        },
        options: { onProblem: ({ path, code }) => order.push(`${code} ${path.slice(-1)}`) },
      });
      expect(order).toEqual(["1", "changed 1", "2"]);
    });

    test("what others have filled meanwhile is not gathered", async () => {
      for (const name of ["1", "2"]) writeFileSync(join(root, name), "0123456789");
      let asked = 0;
      const bytesLeft = () => Promise.resolve((asked += 1) === 1 ? 4 : 0);
      const gathered = await collect([`${root}/*`], { options: { bytesLeft } });
      expect(gathered.files).toEqual({ [`${root}/1`]: "6789" });
      expect(gathered.codes).toEqual(["too-big"]);
    });

    test("a second hard link may lie anywhere", async () => {
      writeFileSync(join(root, "one"), "1");
      linkSync(join(root, "one"), join(root, "two"));
      expect((await collect([`${root}/*`])).codes).toEqual(["not-permitted", "not-permitted"]);
    });
  });
});

describe("paths", () => {
  test("any bytes become a string and the same bytes again", () => {
    const samples = [
      Buffer.from("plain ü 🦊\n"),
      Buffer.from([0xff, 0xfe, 0x41]),
      Buffer.from([0xf0, 0x9f, 0x41]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1)),
    ];
    for (const sample of samples) {
      expect(encodePath(decodePath(sample)).equals(sample)).toBe(true);
      expect(shownPath(decodePath(sample)).isWellFormed()).toBe(true);
      const argument = pathArgument(decodePath(sample));
      const decode = 'case $0 in %*) printf "%bx" "${0#%}";; *) printf "%sx" "${0#=}";; esac';
      const printed = execFileSync("sh", ["-c", decode, argument]);
      expect(printed.subarray(0, -1).equals(sample)).toBe(true);
    }
  });
});

describe.each(["ssh2", "openssh"] as const)("a host that lies, by %s", (transport) => {
  const isSkipped = absenceOf(transport) !== null;
  let lying: Collecting;
  let folder = "";
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-liar-")));
    writeFileSync(join(folder, "liar.mjs"), LIAR);
    lying = await openCollecting([
      `ForceCommand exec ${process.execPath} ${join(folder, "liar.mjs")} ${folder}`,
    ]);
    lying.setReadable(["/logs/**"]);
  });
  afterAll(async () => {
    await lying.close();
    rmSync(folder, { recursive: true });
  });
  const lie = (
    listed: readonly (readonly string[])[],
    frames: string,
    more: Partial<CollectArguments> = {},
  ) => {
    writeFileSync(
      join(folder, "listed"),
      listed
        .flat()
        .map((field) => `${field}\0`)
        .join(""),
    );
    writeFileSync(join(folder, "frames"), frames);
    return lying.collect(transport, ["/logs/*.log"], more);
  };
  const ONE = ["0", "file", "/logs/a.log", "/logs/a.log"] as const;
  const WAS = "MARK was 1:1 3 1 a b c\nMARK now 1:1 3 1 a b c 1:1 3 1 a b c\n";

  describe.skipIf(isSkipped)("about what it has", () => {
    test("the truth, for comparison", async () => {
      const gathered = await lie([ONE], `MARK file 0 3 3 1\nabc${WAS}MARK done\n`);
      expect([gathered.end, gathered.files, gathered.codes]).toEqual([
        "finished",
        { "/logs/a.log": "abc" },
        [],
      ]);
    });

    test("paths that were not asked for, lead out, or come twice", async () => {
      const paths = ["../x.log", "/logs/../etc/x.log", "/etc/shadow", "/logs/x/y.log", "", "relative.log"];
      const listed = [
        ...paths.map((path) => ["0", "file", path, path]),
        ["0", "file", "/logs/b.log", "/etc/shadow"],
        ["0", "file", "/logs/c.log", "/logs/../etc/shadow"],
        ["7", "file", "/logs/d.log", "/logs/d.log"],
        ["x", "file", "/logs/e.log", "/logs/e.log"],
        ONE,
        ONE,
      ];
      const gathered = await lie(listed, `MARK file 0 3 3 1\nabc${WAS}MARK done\n`);
      expect(gathered.files).toEqual({ "/logs/a.log": "abc" });
      expect(gathered.codes.every((code) => code === "not-permitted")).toBe(true);
      expect(gathered.codes).toHaveLength(2);
    });

    test.each([
      ["a file that nobody asked for", "MARK file 1 3 3 1\nabc"],
      ["a negative number", "MARK file -1 3 3 1\nabc"],
      ["a size that is no number", "MARK file 0 x y z\nabc"],
      ["more than it may send", "MARK file 0 999999999999 999999999999 1\nabc"],
      ["more bytes than it announced", `MARK file 0 3 3 1\nabcdef${WAS}MARK done\n`],
      ["the same file twice", `MARK file 0 3 3 1\nabc${WAS}MARK file 0 3 3 1\nabc${WAS}MARK done\n`],
      ["an end in the middle", "MARK file 0 3 3 1\nab"],
      ["a line without its mark", "file 0 3 3 1\nabc"],
      ["a line without end", `MARK file 0 3 ${"9".repeat(100_000)}`],
      ["nothing at all", ""],
      ["facts that are none", "MARK file 0 3 3 1\nabcMARK was\nMARK now\nMARK done\n"],
    ])("%s ends the collection", async (_, frames) => {
      const gathered = await lie([ONE], frames);
      expect(gathered.end).toBe("lost");
      expect(Object.values(gathered.files).every((text) => text === "abc")).toBe(true);
    });

    test.each([
      ["of a file", "MARK file 0 3 3 1\n", "lost"],
      ["before a line", "", "lost"],
    ])("a stream without end %s is left", async (_, before, end) => {
      const gathered = await lie([ONE], `${before}ENDLESS`, { options: { timeoutMs: 8_000 } });
      expect(gathered).toMatchObject({ end, files: {} });
    });

    test("a list without end is cut", async () => {
      const gathered = await lie([["0", "file", "/logs/ENDLESS", ""]], "MARK done\n");
      expect(gathered.end).toBe("finished");
      expect(gathered.codes).toContain("too-many");
    });
  });
});

/** In place of a login shell: announces a start as asked, then says what the files beside it hold. */
const LIAR = `
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
const folder = process.argv[2];
const job = await new Promise((resolve) => createInterface(process.stdin).once("line", resolve));
const nonce = /printf '%s\\\\n' ([0-9a-f-]{36});/.exec(job)[1];
const mark = /NIGHTSHIFT_MARK='([0-9a-f-]{36})'/.exec(job)?.[1];
process.stderr.write(nonce + "\\n");
const said = readFileSync(folder + (mark === undefined ? "/listed" : "/frames"), "latin1");
const [text, isEndless] = [said.split("ENDLESS")[0].replaceAll("MARK", mark), said.includes("ENDLESS")];
process.stdout.write(nonce + "\\n" + text);
process.stdout.on("error", () => process.exit());
const filler = Buffer.alloc(65536, "\\0file\\0/logs/x\\0/logs/x\\0" + "0");
const more = () => { while (process.stdout.write(filler)); process.stdout.once("drain", more); };
if (isEndless) more();
else process.stdout.end(() => process.exit());
`;
