// What people type to start a run, to follow it and to keep its bundle: against a real service.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runDownloadCommand } from "../../src/cli/run-download.ts";
import { runNoteCommand } from "../../src/cli/run-note.ts";
import { type RunStartFlags, runRerunCommand, runStartCommand } from "../../src/cli/run-start.ts";
import { runWatchCommand } from "../../src/cli/run-watch.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { listRuns, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, pendingApproval, type Service } from "../http/controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "../http/starts-fixture.ts";
import { written } from "./written.ts";

const NEEDS_MUCH = `
name: renew
target: local
inputs:
  zone: {type: string}
  token: {type: secret}
  names: {type: multi_choice, options: [a, b, c]}
confirm: {type_value_of: zone}
steps: [{id: look, effect: read, env: {TOKEN: "\${{ inputs.token }}"}, command: ["true"]}]
`;
const FAILS = `
name: fails
target: local
steps:
  - {id: one, effect: read, command: ["true"]}
  - {id: two, effect: read, command: ["false"]}
`;

function flagsFor({ app }: Service, more: Partial<RunStartFlags> = {}): RunStartFlags {
  return {
    server: app.url,
    format: "text",
    inputs: [],
    inputFiles: [],
    reason: null,
    confirm: null,
    planDigest: null,
    isDryRun: false,
    isWatched: false,
    isSure: false,
    ...more,
  };
}

/** Somebody who answers in this order, and what they were asked. */
function somebody(...answers: string[]): Terminal & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (question: string) => {
    asked.push(question);
    return Promise.resolve(answers.shift() ?? "");
  };
  return { asked, ask: answer, askHidden: (question) => answer(`hidden ${question}`) };
}

describe("run start", () => {
  test("in a script: asks nothing, shows the plan on stderr, and follows the run", async () => {
    const service = await startStarts();
    const flags = flagsFor(service, { inputs: ["host=web-1", "count=2"], reason: "to see", isWatched: true });
    const started = await written((output) => runStartCommand("greet", flags, output, null));
    expect(started.exitCode).toBe(0);
    expect(started.stderr).toMatch(/^runbook: +greet\n(.*\n)*STEP .*\n/);
    expect(started.stderr).toMatch(/\n {2}greet on local: succeeded\n/);
    expect(started.stdout).toMatch(/^run: .*\nstatus: +succeeded\n/);
    const [run] = await listRuns(service.app.url);
    expect(run).toMatchObject({ inputs: { host: "web-1", count: 2 }, cause: { title: "to see" } });
  });

  test("at a terminal: asks for what is missing and keeps what was given", async () => {
    const service = await startStarts({ "runbooks/renew.yml": NEEDS_MUCH });
    const person = somebody("s3cret", "a, c", "example.net", "y");
    const flags = flagsFor(service, { inputs: ["zone=example.net"] });
    const started = await written((output) => runStartCommand("renew", flags, output, person));
    expect(person.asked).toEqual([
      "hidden token: ",
      "names: ",
      "Type the value of zone to confirm: ",
      "Start it? [y/N] ",
    ]);
    expect(started.exitCode).toBe(0);
    const [run] = await listRuns(service.app.url);
    expect(run?.inputs).toMatchObject({ zone: "example.net", names: ["a", "c"] });
    expect(started.stdout + started.stderr).not.toContain("s3cret");
  });

  test("starts nothing without a yes, and asks nothing with --yes", async () => {
    const service = await startStarts();
    const flags = flagsFor(service, { inputs: ["host=web-1"] });
    const no = await written((output) => runStartCommand("greet", flags, output, somebody("n")));
    expect([no.exitCode, await listRuns(service.app.url)]).toEqual([1, []]);
    expect(no.stderr).toMatch(/nothing was started\n$/);
    const person = somebody();
    const sure = { ...flags, isSure: true };
    expect((await written((output) => runStartCommand("greet", sure, output, person))).exitCode).toBe(0);
    expect(person.asked).toEqual([]);
  });

  test("says in one line each what was not accepted", async () => {
    const service = await startStarts({ "runbooks/renew.yml": NEEDS_MUCH });
    const start = (name: string, more: Partial<RunStartFlags>) =>
      written((output) => runStartCommand(name, flagsFor(service, more), output, null));
    const bad = await start("greet", { inputs: ["host=db-1", "count=x"] });
    expect([bad.exitCode, bad.stdout]).toEqual([2, ""]);
    expect(bad.stderr).toMatch(/\n {2}\/inputs\/host: .*\n {2}\/inputs\/count: /);
    const secret = await start("renew", { inputs: ["token=s3cret"] });
    expect([secret.exitCode, secret.stderr]).toEqual([2, expect.stringMatching(/--input-file token=/)]);
    const other = await start("greet", { inputs: ["host=web-1"], planDigest: "0".repeat(64) });
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringMatching(/Other plan: /)]);
    expect(await listRuns(service.app.url)).toEqual([]);
  });

  test("says why a start was held back", async () => {
    const service = await startStarts();
    await call(service, "POST", "/pauses", { name: "x", scope: "all", reason: "we deploy", for: "1h" });
    const flags = flagsFor(service, { inputs: ["host=web-1"] });
    const paused = await written((output) => runStartCommand("greet", flags, output, null));
    expect([paused.exitCode, paused.stderr]).toEqual([1, expect.stringMatching(/Held back: .*we deploy/)]);
  });
});

test("run watch ends with 5 when the run did not succeed", async () => {
  const service = await startStarts({ "runbooks/fails.yml": FAILS });
  const id = idOf(await startRun(service, "fails", {}));
  const at = { server: service.app.url, format: "text" as const };
  const watched = await written((output) => runWatchCommand(id, at, output));
  expect(watched.exitCode).toBe(5);
  expect(watched.stderr).toMatch(/ {2}two on local: failed \(exit 1\)/);
  expect(watched.stdout).toMatch(/\nstatus: +failed at step two\n/);
  const json = await written((output) => runWatchCommand(id, { ...at, format: "json" }, output));
  expect([json.exitCode, JSON.parse(json.stdout)]).toEqual([5, await readRun(service.app.url, id)]);
});

test("run watch ends with 6 when nobody approved the run in time, with 5 when somebody said no", async () => {
  const runbook = (timeout: string) => `
name: asks-${timeout}
target: local
approval: {timeout: ${timeout}}
steps: [{id: look, effect: read, command: ["true"]}]
`;
  const service = await startStarts({
    "runbooks/short.yml": runbook("100ms"),
    "runbooks/long.yml": runbook("1h"),
  });
  const at = { server: service.app.url, format: "text" as const };
  const short = idOf(await startRun(service, "asks-100ms", {}));
  const unanswered = await written((output) => runWatchCommand(short, at, output));
  expect([unanswered.exitCode, unanswered.stdout]).toEqual([6, expect.stringMatching(/timed_out/)]);
  const long = idOf(await startRun(service, "asks-1h", {}));
  const approval = await waitFor("the question", () => pendingApproval(service));
  const watching = written((output) => runWatchCommand(long, at, output));
  await call(service, "POST", `/approvals/${approval.id}/reject`, { comment: "not now" });
  const rejected = await watching;
  expect([rejected.exitCode, rejected.stdout]).toEqual([5, expect.stringMatching(/status: +rejected/)]);
});

test("run rerun gives secrets again, and run note writes", async () => {
  const service = await startStarts({ "runbooks/renew.yml": NEEDS_MUCH });
  const folder = mkdtempSync(join(tmpdir(), "nightshift-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), "s3cret\n");
  const inputs = { zone: "example.net", token: "s3cret", names: ["b"] };
  const id = idOf(await startRun(service, "renew", { inputs, confirm: "example.net" }));
  const before = await runOver(service, id);
  const rerun = (more: Partial<RunStartFlags>) =>
    written((output) => runRerunCommand(id, flagsFor(service, more), output, null));
  const missing = await rerun({ confirm: "example.net" });
  expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringMatching(/\/inputs\/token: /)]);
  const again = await rerun({ confirm: "example.net", inputFiles: [`token=${join(folder, "token")}`] });
  expect([again.exitCode, again.stderr]).toEqual([0, expect.stringMatching(/token: +\(secret\)\n/)]);
  const [newest] = await listRuns(service.app.url);
  expect(newest?.inputs).toEqual(before.inputs);
  const noted = await written((output) =>
    runNoteCommand(id, "done by hand", { server: service.app.url, format: "text" }, output),
  );
  expect(noted).toEqual({ exitCode: 0, stdout: "noted by user:local\n", stderr: "" });
});

test("run download writes the whole bundle under its name, and leaves nothing half", async () => {
  const service = await startStarts();
  const folder = mkdtempSync(join(tmpdir(), "nightshift-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const id = idOf(await startRun(service, "greet", { inputs: { host: "web-1" } }));
  const bundle = await waitFor("the bundle", async () => (await readRun(service.app.url, id)).bundle);
  const download = (run: string, format: "zip" | "tar.gz") =>
    written((output) =>
      runDownloadCommand(
        run,
        { server: service.app.url, folder: join(folder, "new"), format, isInteractive: false },
        output,
      ),
    );
  const zip = await download(id, "zip");
  expect(zip.exitCode).toBe(0);
  const file = readFileSync(zip.stdout.trim());
  expect(createHash("sha256").update(file).digest("hex")).toBe(bundle.sha256);
  expect(zip.stderr).toBe(`sha256 ${bundle.sha256}, ${file.length} bytes\n`);
  expect((await download(id, "tar.gz")).exitCode).toBe(0);
  expect((await download("01a21621-cd9f-7000-a14d-1aa4d8b8226c", "zip")).stderr).toMatch(/there is no run/);
  expect(
    readdirSync(join(folder, "new"))
      .map((name) => name.replace(/.*(\.zip|\.tar\.gz)$/, "$1"))
      .sort(),
  ).toEqual([".tar.gz", ".zip"]);
});
