// What people type about a bundle they have downloaded: real archives, as the service makes them and as other programs do.
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openBundleStore } from "../../src/archive/bundle-store.ts";
import { bundleCatCommand } from "../../src/cli/bundle-cat.ts";
import { bundleDiffCommand } from "../../src/cli/bundle-diff.ts";
import { bundleListCommand } from "../../src/cli/bundle-list.ts";
import { verifyCommand } from "../../src/cli/bundle.ts";
import { lineDiff } from "../../src/platform/line-diff.ts";
import type { CommandOutput } from "../../src/cli/output.ts";
import { exampleInput, exampleRun, storeArtifact } from "../archive/bundle-fixture.ts";
import { isInstalled } from "../archive/programs.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";

const made: { folder: string; first: string; second: string; tarGz: string; runId: string } = {
  folder: "",
  first: "",
  second: "",
  tarGz: "",
  runId: "",
};
const BINARY = Buffer.from([0, 255, 1, 254]);

beforeAll(async () => {
  made.folder = await mkdtemp(join(tmpdir(), "nightshift-test-"));
  const artifacts = await openArtifactStore(made.folder);
  const bundles = await openBundleStore(made.folder);
  const run = exampleRun();
  made.runId = run.id;
  const put = (path: string, content: string | Uint8Array, changes = {}) =>
    storeArtifact(artifacts, run.id, path, content, { stepId: "logs", ...changes });
  const log = await put("files/web-1/app.log", "one\ntwo\nthree\n", { isTruncated: true, isChanged: true });
  const core = await put("files/web-1/core", BINARY);
  const other = await put("files/web-1/other.log", "one\n2\nthree\n");
  const secret = await put("files/web-1/dump.sql", "secret", { isSensitive: true });
  const input = exampleInput({ run, artifacts: [log, core, secret] });
  const first = await bundles.build(input, artifacts);
  const changed = { ...other, path: "files/web-1/app.log" };
  const store = {
    ...artifacts,
    stat: async () => ({ path: "", bytes: changed.bytes }),
    read: () => artifacts.read(run.id, other.path),
  };
  const second = await bundles.build({ ...input, artifacts: [changed] }, store);
  await bundles.prepareTarGz(first.sha256);
  const fileOf = (sha256: string, format: string) => join(made.folder, "bundles", `${sha256}.${format}`);
  made.first = fileOf(first.sha256, "zip");
  made.tarGz = fileOf(first.sha256, "tar.gz");
  made.second = fileOf(second.sha256, "zip");
});
afterAll(() => rm(made.folder, { recursive: true, force: true }));

async function run(command: (output: CommandOutput) => Promise<number>) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...written };
}

async function cat(file: string, path: string) {
  const parts: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk);
      done();
    },
  });
  const result = await run((output) => bundleCatCommand(file, path, sink, output));
  return { ...result, content: Buffer.concat(parts) };
}

const TEXT = { format: "text" } as const;
const JSON_OUT = { format: "json" } as const;

describe.each(["first", "tarGz"] as const)("a bundle (%s)", (which) => {
  test("ls shows each file with its size, sum, origin and flags", async () => {
    const json = await run((output) => bundleListCommand(made[which], JSON_OUT, output));
    const { items } = JSON.parse(json.stdout) as { items: { path: string }[] };
    expect(items.find((item) => item.path === "files/web-1/app.log")).toEqual({
      path: "files/web-1/app.log",
      size: 14,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      step: "logs",
      host: "web-1",
      truncated: true,
      changed: true,
      redactions: null,
    });
    expect(items.some((item) => item.path.endsWith("dump.sql"))).toBe(false);
    const text = await run((output) => bundleListCommand(made[which], TEXT, output));
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout).toMatch(/^PATH +SIZE +SHA256 +STEP +HOST +FLAGS\n/);
    expect(text.stdout).toMatch(
      /^files\/web-1\/app\.log +14 +[0-9a-f]{64} +logs +web-1 +truncated, changed$/m,
    );
    expect(text.stdout.trim().split("\n")).toHaveLength(items.length + 1);
  });

  test("cat gives a file byte for byte, with or without the folder before it", async () => {
    expect(await cat(made[which], "files/web-1/core")).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
      content: BINARY,
    });
    const [name = ""] = execFileSync("unzip", ["-Z1", made.first], { encoding: "utf8" }).split("\n");
    const folder = name.split("/")[0] ?? "";
    expect((await cat(made[which], `${folder}/files/web-1/core`)).content).toEqual(BINARY);
    expect(await cat(made[which], "files/web-1/nothing")).toMatchObject({
      exitCode: 1,
      stderr: "nightshift: files/web-1/nothing is not in it; nightshift bundle ls shows what is\n",
    });
  });

  test("verify says that it is whole", async () => {
    const result = await run((output) => verifyCommand(made[which], JSON_OUT, output));
    expect([result.exitCode, JSON.parse(result.stdout)]).toEqual([
      0,
      { file: made[which], ok: true, sealed: true, files: 18, problems: [] },
    ]);
  });

  test("diff finds nothing between it and itself in the other format", async () => {
    expect(await run((output) => bundleDiffCommand(made.first, made[which], TEXT, output))).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("diff shows what the other one has and has not, and the lines that differ", async () => {
    const text = await run((output) => bundleDiffCommand(made[which], made.second, TEXT, output));
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toContain(`only in ${made[which]}: files/web-1/core\n`);
    expect(text.stdout).toContain(`changed: files/web-1/app.log (14 bytes, then 12)
@@ -1 +1 @@
 one
-two
+2
 three
`);
    const json = await run((output) => bundleDiffCommand(made[which], made.second, JSON_OUT, output));
    expect(JSON.parse(json.stdout)).toMatchObject({
      only_in_first: ["files/web-1/core"],
      only_in_second: [],
      changed: expect.arrayContaining([
        expect.objectContaining({
          path: "files/web-1/app.log",
          diff: "@@ -1 +1 @@\n one\n-two\n+2\n three\n",
        }),
      ]) as unknown,
    });
  });
});

describe("what is no bundle", () => {
  const commands = [
    ["ls", (file: string, output: CommandOutput) => bundleListCommand(file, TEXT, output)],
    ["diff", (file: string, output: CommandOutput) => bundleDiffCommand(file, made.first, TEXT, output)],
    ["cat", (file: string, output: CommandOutput) => bundleCatCommand(file, "x", new Writable(), output)],
  ] as const;
  test.each(commands)("%s says so and ends with 2", async (_name, command) => {
    const text = join(made.folder, "text");
    await writeFile(text, "no archive at all");
    const cut = join(made.folder, "cut.zip");
    await writeFile(cut, (await readFile(made.first)).subarray(0, 500));
    const cutTar = join(made.folder, "cut.tar.gz");
    await writeFile(cutTar, (await readFile(made.tarGz)).subarray(0, 500));
    for (const file of [text, cut, cutTar, join(made.folder, "absent"), made.folder]) {
      const result = await run((output) => command(file, output));
      expect([file, result.exitCode]).toEqual([file, 2]);
      expect(result.stderr).toMatch(/^nightshift: .+\n$/);
    }
  });

  test("verify ends with 1 for what was changed, and with 2 for what is not there", async () => {
    const changed = join(made.folder, "changed.zip");
    const bytes = await readFile(made.first);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(changed, bytes);
    expect(await run((output) => verifyCommand(changed, TEXT, output))).toMatchObject({ exitCode: 1 });
    const absent = join(made.folder, "absent.zip");
    expect(await run((output) => verifyCommand(absent, TEXT, output))).toMatchObject({ exitCode: 2 });
  });
});

test("the program itself: flags, standard output, exit codes", { timeout: 60_000 }, async () => {
  const program = (...argv: string[]) =>
    new Promise<[unknown, string]>((resolve) => {
      const main = join(PROGRAM_FOLDER, "src/main.ts");
      execFile(process.execPath, [main, "bundle", ...argv], (error, stdout) =>
        resolve([error?.code ?? 0, stdout]),
      );
    });
  expect(await program("cat", made.tarGz, "files/web-1/app.log")).toEqual([0, "one\ntwo\nthree\n"]);
  expect((await program("diff", made.first, made.second, "-o", "json"))[0]).toBe(1);
  expect((await program("ls", join(made.folder, "absent")))[0]).toBe(2);
  expect((await program("ls"))[0]).toBe(2);
});

describe("lines that differ", () => {
  const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join("");
  const ten = Array.from({ length: 10 }, (_, index) => `line ${index}`);

  test("a part in the middle, with three lines around it", () => {
    const changed = ten.with(5, "other");
    expect(lineDiff(lines(...ten), lines(...changed))).toBe(
      lines(
        "@@ -3 +3 @@",
        ...[2, 3, 4].map((n) => ` line ${n}`),
        "-line 5",
        "+other",
        ...[6, 7, 8].map((n) => ` line ${n}`),
      ),
    );
  });

  test("the end of the last line", () => {
    expect(lineDiff("a\n", "a")).toBe(lines("@@ -1 +1 @@", " a", "+\\ no line feed at the end"));
    expect(lineDiff("", "a\n")).toBe(lines("@@ -1 +1 @@", "+a"));
    expect(lineDiff("a\n", "a\n")).toBe("");
  });

  test.skipIf(!isInstalled("diff"))("as many lines go and come as `diff` says", async () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 30; round += 1) {
      const [before, after] = [0, 1].map(() =>
        lines(...Array.from({ length: random(30) }, () => `line ${random(6)}`)),
      ) as [string, string];
      const files = [join(made.folder, "before"), join(made.folder, "after")] as const;
      await writeFile(files[0], before);
      await writeFile(files[1], after);
      const theirs = await new Promise<string>((resolve) =>
        execFile("diff", ["--minimal", "-u", ...files], (_error, stdout) => resolve(stdout)),
      );
      const count = (text: string, sign: string) =>
        text.split("\n").filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;
      const ours = lineDiff(before, after);
      for (const sign of ["-", "+"])
        expect([round, sign, count(ours, sign)]).toEqual([round, sign, count(theirs, sign)]);
    }
  });
});
