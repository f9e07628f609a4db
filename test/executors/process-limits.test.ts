// Proves that limits for processes of this machine are kept by the kernel, and that a step's own result stays what it was.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocalExecutor } from "../../src/executors/local.ts";
import {
  NO_PROCESS_LIMITS,
  type ProcessLimits,
  processLimitsProblem,
} from "../../src/executors/process-limits.ts";
import { command, entry, LOCAL, Recorder, runOptions } from "./fixtures.ts";

const hasPrlimit = spawnSync("prlimit", ["--version"]).error === undefined;
if (!hasPrlimit) console.warn("SKIPPED process limits: prlimit is not installed (Debian: util-linux)");

const PATH = "/usr/bin:/bin";
const LIMITS: ProcessLimits = {
  processesMax: 5_000,
  fileBytesMax: 64 * 1024,
  openFilesMax: 100,
  cpuSecondsMax: 1,
};

describe.skipIf(!hasPrlimit)("process limits", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "nightshift-prlimit-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(limits: ProcessLimits, argv: readonly [string, ...string[]], path = PATH) {
    const local = createLocalExecutor({
      workFolder: folder,
      lookUp: () => entry(),
      environment: { PATH: path },
      processLimits: limits,
    });
    const output = new Recorder();
    const result = await local.run(LOCAL, command(argv), runOptions(output));
    return { result, text: output.text() };
  }

  test("hold for what the command starts, too", async () => {
    const { text } = await run(LIMITS, ["sh", "-c", "cat /proc/self/limits"]);
    const soft = (name: string) => new RegExp(`^${name} +(\\S+)`, "m").exec(text)?.[1];
    expect([soft("Max open files"), soft("Max file size"), soft("Max cpu time")]).toEqual([
      "100",
      String(64 * 1024),
      "1",
    ]);
  });

  test("a file ends at its limit, and without limits it does not", async () => {
    const write = ["sh", "-c", "head -c 200000 /dev/zero > out"] as const;
    expect((await run(LIMITS, write)).result).not.toEqual({ kind: "exited", exitCode: 0 });
    expect(statSync(join(folder, "out")).size).toBe(64 * 1024);
    expect((await run(NO_PROCESS_LIMITS, write)).result).toEqual({ kind: "exited", exitCode: 0 });
    expect(statSync(join(folder, "out")).size).toBe(200_000);
  });

  test("a process that computes too long is killed", async () => {
    const { result } = await run(LIMITS, ["sh", "-c", "while :; do :; done"]);
    expect(result).toMatchObject({ kind: "signalled" });
  });

  test("the exit code is the command's own", async () => {
    expect((await run(LIMITS, ["sh", "-c", "exit 7"])).result).toEqual({ kind: "exited", exitCode: 7 });
  });

  test("what cannot start is still told from what failed", async () => {
    await expect(run(LIMITS, ["no-such-program"])).rejects.toMatchObject({ code: "not-found" });
    writeFileSync(join(folder, "plain"), "", { mode: 0o600 });
    await expect(run(LIMITS, ["./plain"])).rejects.toMatchObject({ code: "not-permitted" });
  });

  test("without prlimit nothing runs, and a check says so", async () => {
    await expect(run(LIMITS, ["/bin/true"], folder)).rejects.toMatchObject({ code: "not-found" });
    expect(processLimitsProblem(LIMITS, folder)).toContain("install util-linux");
    expect(processLimitsProblem(LIMITS, PATH)).toBeNull();
    expect(processLimitsProblem(NO_PROCESS_LIMITS, folder)).toBeNull();
  });

  test("more than this process may have itself is cut to that", async () => {
    const { result } = await run({ ...NO_PROCESS_LIMITS, openFilesMax: 2 ** 40 }, ["true"]);
    expect(result).toEqual({ kind: "exited", exitCode: 0 });
  });
});
