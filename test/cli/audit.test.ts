// `nightshift audit`: against a running service, and on its files with a process of its own.
import { execFile } from "node:child_process";
import { existsSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { auditExportCommand, auditTailCommand } from "../../src/cli/audit.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { call, type Service, startControls } from "../http/controls-fixture.ts";

const ALL = { principal: null, action: null, subject: null } as const;

function collect() {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  return { written, output: { stdout: stream("stdout"), stderr: stream("stderr") } };
}

async function pause(service: Service, name: string): Promise<void> {
  await call(service, "POST", "/pauses", { name, scope: "all", for: "2h", reason: "we\ndeploy" });
}

test("tail shows the newest, oldest first, and follows", async () => {
  const service = await startControls();
  const flags = { server: service.app.url, format: "text", ...ALL, limit: 2 } as const;
  for (const name of ["a", "b", "c"]) await pause(service, name);
  const { written, output } = collect();
  const stopped = new AbortController();
  const following = auditTailCommand({ ...flags, isFollowed: true, signal: stopped.signal }, output);
  await waitFor("the first two", async () => (written.stdout.split("\n").length === 3 ? true : null));
  await pause(service, "d");
  await waitFor("the one that came", async () => (written.stdout.split("\n").length === 4 ? true : null));
  stopped.abort();
  expect(await following).toBe(0);
  const lines = written.stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split("  ")[3])).toEqual(["pause:b", "pause:c", "pause:d"]);
  expect(lines[2]).toMatch(
    /^\S+Z {2}user:local {2}pause\.add {2}pause:d {2}scope=all {2}reason=we\\ndeploy {2}until=\S+ {2}from \S+$/,
  );
});

test("export writes every record of the time as a line of JSON", async () => {
  const service = await startControls();
  for (let number = 0; number < 210; number += 1) await pause(service, `p${number}`);
  const run = async (more: object) => {
    const { written, output } = collect();
    const flags = { server: service.app.url, format: "text", ...ALL, since: null, until: null } as const;
    const exitCode = await auditExportCommand({ ...flags, ...more }, output);
    return { exitCode, ...written };
  };
  const everything = await run({});
  const subjects = everything.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { subject: { id: string } }).subject.id);
  expect(subjects).toEqual(Array.from({ length: 210 }, (_, number) => `p${number}`));
  expect((await run({ since: "1h", subject: "pause:p7" })).stdout.split("\n")).toHaveLength(2);
  expect((await run({ until: "1h" })).stdout).toBe("");
  expect(await run({ since: "yesterday" })).toMatchObject({ exitCode: 2, stdout: "" });
});

interface Verified {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function verify(at: ServiceFolder, ...more: readonly string[]): Promise<Verified> {
  const flags = ["--config.file", at.configFile, "--storage.path", at.storagePath, ...more];
  const argv = [join(PROGRAM_FOLDER, "src/main.ts"), "audit", "verify", ...flags];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test("verify on the files of a service: while it runs, after it, and after each kind of tampering", async () => {
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  const service = await startChild(at, { port: await freePort() });
  onTestFinished(() => service.kill());
  const app = { url: service.url } as Service["app"];
  for (let number = 1; number <= 8; number += 1) await pause({ app, at }, `p${number}`);
  const checkpoints = join(at.storagePath, "audit-checkpoints.jsonl");
  await waitFor("the last record to be linked", async () => {
    const { items } = (await (await fetch(`${service.url}/api/v1/audit?limit=1`)).json()) as {
      items: { sequence: number | null }[];
    };
    return items[0]?.sequence === 8 ? true : null;
  });
  await waitFor(
    "its checkpoint",
    () => existsSync(checkpoints) && readFileSync(checkpoints, "utf8").includes('"sequence":8,'),
  );
  expect(await verify(at)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^8 records/) as string,
  });
  expect(await service.terminate()).toBe(0);
  expect(service.log()).toMatch(/audit checkpoint sequence=8 head=[0-9a-f]{64} count=8 /);
  const whole = await verify(at, "-o", "json");
  expect(JSON.parse(whole.stdout)).toMatchObject({
    ok: true,
    problem: null,
    linked: 8,
    last_checkpoint: { sequence: 8 },
  });

  const file = join(at.storagePath, "nightshift.db");
  const copy = join(at.folder, "copy.db");
  copyFileSync(file, copy);
  const tamper = async (statement: string) => {
    const database = new Database(file);
    database.exec(statement);
    database.close();
    const verified = await verify(at);
    copyFileSync(copy, file);
    return [verified.exitCode, verified.stdout] as const;
  };
  const edited = await tamper("update audit set principal = 'user:nobody' where sequence = 5");
  expect(edited).toEqual([
    1,
    expect.stringMatching(/^record 5 \(pause\.add by user:nobody at .*\) was changed or forged\n$/),
  ]);
  expect(await tamper("delete from audit where sequence = 3")).toEqual([1, "record 3 is missing\n"]);
  expect(await tamper("delete from audit where sequence > 6")).toEqual([
    1,
    expect.stringMatching(/^records 7 to 8 are missing at the end: they were there at /),
  ]);
  expect((await verify(at)).exitCode).toBe(0);

  // The key is never made anew: nothing that was written could be verified with it.
  rmSync(join(at.storagePath, "keys"), { recursive: true });
  expect(await verify(at)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("audit key") as string,
  });
});

test("verify takes checkpoints from the service's log, and says so when there are none", async () => {
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  const service = await startChild(at, { port: await freePort() });
  onTestFinished(() => service.kill());
  await pause({ app: { url: service.url } as Service["app"], at }, "deploy");
  await service.terminate();
  const file = join(at.storagePath, "audit-checkpoints.jsonl");
  const checkpoint = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  rmSync(file);
  const bare = await verify(at);
  expect(bare).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("without a checkpoint") as string,
  });
  const log = join(at.folder, "log.jsonl");
  const lines = [
    { level: "info", time: "2026-11-23T07:00:00.000Z", msg: "Nightshift is ready" },
    { level: "info", time: "2026-11-23T07:00:01.000Z", ...checkpoint, msg: "audit checkpoint" },
  ];
  const write = (all: readonly object[]) =>
    writeFileSync(log, all.map((line) => `${JSON.stringify(line)}\n`).join(""));
  write(lines);
  expect((await verify(at, "--checkpoints", log)).stdout).toContain("1 checkpoints, the last of record 1");
  write([{ ...lines[1], head: "0".repeat(64) }]);
  expect(await verify(at, "--checkpoints", log)).toMatchObject({
    exitCode: 1,
    stdout: "the checkpoint in line 1, of record 1, was changed or forged\n",
  });
});

test("a log survives kill -9 in the middle of its work", async () => {
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  const port = await freePort();
  for (let start = 0; start < 3; start += 1) {
    const service = await startChild(at, { port });
    onTestFinished(() => service.kill());
    const app = { url: service.url } as Service["app"];
    // More than are answered before the end comes.
    const calls = Array.from({ length: 60 }, (_, number) => pause({ app, at }, `p${start}-${number}`));
    await Promise.race(calls);
    await service.kill();
    await Promise.allSettled(calls);
    expect(await verify(at)).toMatchObject({ exitCode: 0 });
  }
  const last = await startChild(at, { port });
  await last.terminate();
  expect(await verify(at)).toMatchObject({
    exitCode: 0,
    stdout: expect.not.stringContaining("not linked yet") as string,
  });
});
