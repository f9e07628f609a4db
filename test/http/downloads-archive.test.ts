// Bundles of whole alerts, sensitive files, pins, and what is no longer kept: on the running service, unpacked by real programs.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { verifyBundle } from "../../src/archive/verify-bundle.ts";
import { adminGcCommand } from "../../src/cli/admin-gc.ts";
import { runPinCommand } from "../../src/cli/run-pin.ts";
import { isOver, listRuns, postAlerts, type RunJson } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULES = `
rules:
  - {name: look, mode: auto, matchers: ['alertname = "Slow"'], runbook: look, continue: true}
  - {name: gate, mode: auto, matchers: ['alertname = "Slow"', 'gate = "yes"'], runbook: gate}
`;
const LOOK = `
name: look
target: local
steps:
  - {id: logs, collect: {paths: ["FOLDER/logs/*.log"]}}
  - {id: dump, collect: {paths: ["FOLDER/logs/dump.sql"], sensitive: true}}
  - {id: say, effect: read, command: [echo, "all is well"]}
`;
const GATE = `
name: gate
target: local
steps: [{id: wait, effect: read, run: 'while [ ! -e FOLDER/gate ]; do sleep 0.05; done'}]
`;

const open: { app?: App; at?: ServiceFolder; work: string } = { work: "" };
beforeAll(async () => {
  const at = (open.at = createServiceFolder());
  open.work = mkdtempSync(join(tmpdir(), "nightshift-test-"));
  const inFolder = (text: string) => text.replaceAll("FOLDER", at.folder);
  at.write({
    "hosts.yml": inFolder("hosts: [{name: local, readable: ['FOLDER/logs/**']}]\n"),
    "rules/all.yml": RULES,
    "runbooks/look.yml": inFolder(LOOK),
    "runbooks/gate.yml": inFolder(GATE),
    "logs/app.log": "one line\n".repeat(200),
    "logs/dump.sql": "insert into card values (1)\n",
  });
  open.app = await startService(at);
});
afterAll(async () => {
  if (open.at !== undefined) writeFileSync(join(open.at.folder, "gate"), "");
  await open.app?.stop();
  open.at?.remove();
  rmSync(open.work, { recursive: true, force: true });
});

const url = () => open.app?.url ?? "";
const get = (path: string, init?: RequestInit) => fetch(`${url()}${path}`, init);

/** Posts an alert and gives its id with its runs, once those are sealed or `isReady`. */
async function alertWithRuns(
  labels: Record<string, string>,
  isReady = (runs: readonly RunJson[]) => runs.every((run) => isOver(run) && run.bundle !== null),
): Promise<{ id: string; runs: RunJson[] }> {
  await postAlerts(url(), [{ labels: { alertname: "Slow", ...labels } }]);
  return waitFor("the runs of the alert", async () => {
    const { items } = (await (await get("/api/v1/alerts?limit=200")).json()) as {
      items: { id: string; labels: Record<string, string> }[];
    };
    const alert = items.find((item) => item.labels["case"] === labels["case"]);
    const runs = (await listRuns(url())).filter((run) => run.trigger.alert === alert?.id);
    return alert !== undefined && runs.length > 0 && isReady(runs) ? { id: alert.id, runs } : undefined;
  });
}

async function download(path: string, name: string): Promise<string> {
  const response = await get(path);
  expect([path, response.status]).toEqual([path, 200]);
  const file = join(open.work, name);
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  return file;
}

/** Unpacks it and gives the one folder that came out; nothing may lie outside it. */
function unpack(file: string, program: "unzip" | "tar" | "bsdtar"): string {
  const target = mkdtempSync(join(open.work, "out-"));
  mkdirSync(join(target, "in"));
  if (program === "unzip") execFileSync("unzip", ["-q", file, "-d", join(target, "in")]);
  else execFileSync(program, ["-xf", file, "-C", join(target, "in")]);
  expect(readdirSync(target)).toEqual(["in"]);
  const [folder, ...others] = readdirSync(join(target, "in"));
  expect(others).toEqual([]);
  return join(target, "in", folder ?? "");
}

function readJson(...parts: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(...parts), "utf8")) as Record<string, unknown>;
}

async function runCommand(command: (output: { stdout: Sink; stderr: Sink }) => Promise<number>) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  return { exitCode: await command({ stdout: sink("stdout"), stderr: sink("stderr") }), ...written };
}
type Sink = { write(text: string): unknown };

describe("the bundle of an alert", () => {
  test.each([
    ["zip", "unzip"],
    ["zip", "bsdtar"],
    ["tar.gz", "tar"],
    ["tar.gz", "bsdtar"],
  ] as const)("as %s, unpacked by %s, holds its runs as they were sealed", async (format, program) => {
    const { id, runs } = await alertWithRuns({ case: `whole-${format}-${program}` });
    const file = await download(`/api/v1/alerts/${id}/bundle.${format}`, `whole-${program}.${format}`);
    expect((await verifyBundle(file)).problems).toEqual([]);
    const folder = unpack(file, program);
    expect(readdirSync(folder).sort()).toEqual(
      ["README.md", "SHA256SUMS", "alert.json", "decisions.json", "manifest.json", "runs"].sort(),
    );
    execFileSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: folder });
    const [run] = runs;
    expect(readdirSync(join(folder, "runs"))).toEqual([`01-look-${run?.id ?? ""}`]);
    const ofRun = join(folder, "runs", `01-look-${run?.id ?? ""}`);
    execFileSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: ofRun });
    const own = unpack(await download(`/api/v1/runs/${run?.id ?? ""}/bundle.zip`, "run.zip"), "unzip");
    execFileSync("diff", ["-r", own, ofRun]);
    expect(readJson(folder, "alert.json")).toMatchObject({
      id,
      runs: [{ id: run?.id, bundle: { revision: 1, sha256: run?.bundle?.sha256 } }],
    });
  });

  test("has the same bytes until something happens to the alert or its runs", async () => {
    const { id } = await alertWithRuns({ case: "same" });
    const bytes = async () => Buffer.from(await (await get(`/api/v1/alerts/${id}/bundle.zip`)).arrayBuffer());
    const tag = async () =>
      (await get(`/api/v1/alerts/${id}/bundle.zip`, { method: "HEAD" })).headers.get("etag");
    const [first, firstTag] = [await bytes(), await tag()];
    await postAlerts(url(), [{ labels: { alertname: "Slow", case: "same" } }]);
    expect([await bytes(), await tag()]).toEqual([first, firstTag]);
    // Made anew, it is the same.
    const sha256 = (firstTag ?? "").replaceAll('"', "");
    rmSync(join(open.at?.storagePath ?? "", "archive/bundles", `${sha256}.zip`));
    expect(await bytes()).toEqual(first);
    await postAlerts(url(), [{ labels: { alertname: "Slow", case: "same" }, status: "resolved" }]);
    await waitFor("the end of the alert", async () => {
      const alert = (await (await get(`/api/v1/alerts/${id}`)).json()) as { status: string };
      return alert.status === "resolved" ? true : undefined;
    });
    expect(await tag()).not.toBe(firstTag);
  });

  test("with a run that goes on is a snapshot that says so, and leaves nothing behind", async () => {
    const { id } = await alertWithRuns(
      { case: "live", gate: "yes" },
      (runs) =>
        runs.length === 2 &&
        runs.some((run) => run.bundle !== null) &&
        runs.some((run) => run.status === "running"),
    );
    const file = await download(`/api/v1/alerts/${id}/bundle.zip`, "live.zip");
    const folder = unpack(file, "unzip");
    expect(readJson(folder, "manifest.json")).toMatchObject({ complete: false });
    expect(readFileSync(join(folder, "README.md"), "utf8")).toContain(
      "**not complete: the run is still going on**",
    );
    expect(readdirSync(join(folder, "runs"))).toHaveLength(2);
    await expect
      .poll(() => readdirSync(join(open.at?.storagePath ?? "", "archive/aside")), { timeout: 10_000 })
      .toEqual([]);
  });

  test("of an alert that nobody knows is 404", async () => {
    for (const id of ["01a206a2-769c-7002-b194-a42a9820b44e", "x"])
      expect((await get(`/api/v1/alerts/${id}/bundle.zip`)).status).toBe(404);
  });
});

describe("sensitive files", () => {
  const DUMP = /files\/.*dump\.sql$/;
  const below = (folder: string) => readdirSync(folder, { recursive: true }).map(String);

  test("stay out of the bundle, which names them, and come when they are asked for", async () => {
    const { id: alertId, runs } = await alertWithRuns({ case: "sensitive" });
    const id = runs[0]?.id ?? "";
    const plain = unpack(await download(`/api/v1/runs/${id}/bundle.zip`, "plain.zip"), "unzip");
    expect(below(plain).filter((path) => DUMP.test(path))).toEqual([]);
    expect(below(plain).some((path) => path.endsWith("app.log"))).toBe(true);
    expect(readJson(plain, "manifest.json")).toMatchObject({
      left_out: [
        { path: expect.stringMatching(DUMP) as unknown, size: 28, step: "dump", because: "sensitive" },
      ],
    });
    expect(readFileSync(join(plain, "README.md"), "utf8")).toContain("1 sensitive files are left out");
    for (const format of ["zip", "tar.gz"]) {
      const path = `/api/v1/runs/${id}/bundle.${format}?sensitive=true`;
      const file = await download(path, `sensitive.${format}`);
      expect((await verifyBundle(file)).problems).toEqual([]);
      const folder = unpack(file, format === "zip" ? "unzip" : "tar");
      const [found = ""] = below(folder).filter((each) => DUMP.test(each));
      expect(readFileSync(join(folder, found), "utf8")).toBe("insert into card values (1)\n");
      expect(readJson(folder, "manifest.json")).toMatchObject({ left_out: [], revision: 1, complete: true });
    }
    const ofAlert = unpack(await download(`/api/v1/alerts/${alertId}/bundle.zip`, "alert.zip"), "unzip");
    expect(below(ofAlert).filter((path) => DUMP.test(path))).toEqual([]);
    expect(await (await get(`/api/v1/runs/${id}/bundle.zip?sensitive=perhaps`)).json()).toMatchObject({
      status: 400,
    });
  });

  test("have a way of their own", async () => {
    const { runs } = await alertWithRuns({ case: "sensitive-file" });
    const { items } = (await (await get(`/api/v1/runs/${runs[0]?.id ?? ""}/artifacts`)).json()) as {
      items: { path: string; sensitive: boolean; url: string }[];
    };
    expect(items.filter((item) => item.sensitive).map((item) => DUMP.test(item.path))).toEqual([true]);
    const dump = items.find((item) => item.sensitive);
    expect(await (await get(new URL(dump?.url ?? "").pathname)).text()).toBe("insert into card values (1)\n");
  });
});

describe("what is no longer kept", () => {
  const flags = () => ({ server: url(), format: "text" as const });

  test("a run whose evidence is gone says so, and a pinned one has it still", async () => {
    const gone = await alertWithRuns({ case: "gone" });
    const pinned = await alertWithRuns({ case: "pinned" });
    const [goneId, pinnedId] = [gone.runs[0]?.id ?? "", pinned.runs[0]?.id ?? ""];
    expect(await runCommand((output) => runPinCommand(pinnedId, true, flags(), output))).toEqual({
      exitCode: 0,
      stdout: "pinned by user:local\n",
      stderr: "",
    });
    for (const { runs } of [gone, pinned])
      await postAlerts(url(), [
        { labels: { alertname: "Slow", case: runs === gone.runs ? "gone" : "pinned" }, status: "resolved" },
      ]);
    const store = open.app?.store;
    // As if they had ended long ago: ids carry the time of their making, so all rows that bear them are moved.
    await store?.transaction((tx) =>
      tx
        .updateTable("run")
        .set({ finished_at: 1, counted: 1 })
        .where("id", "in", [goneId, pinnedId])
        .execute(),
    );
    open.at?.write({
      "nightshift.yml": `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted]}]
retention: {artifacts: 1ms}
`,
    });
    expect((await get("/-/reload", { method: "POST" })).status).toBe(200);
    const before = await runCommand((output) =>
      adminGcCommand({ ...flags(), isDryRun: true, removesUnknown: false }, output),
    );
    expect([before.exitCode, before.stderr]).toEqual([0, ""]);
    expect(before.stdout).toMatch(/^would be removed:\nWHAT +COUNT +SIZE\nevidence +[1-9]/);
    expect((await get(`/api/v1/runs/${goneId}/bundle.zip`)).status).toBe(200);
    const after = await runCommand((output) =>
      adminGcCommand({ ...flags(), isDryRun: false, removesUnknown: false }, output),
    );
    expect([after.exitCode, after.stdout]).toEqual([0, before.stdout.replace("would be removed", "removed")]);
    for (const path of [
      "bundle.zip",
      "bundle.tar.gz",
      "artifacts",
      "artifacts/files/x",
      "bundle.zip?sensitive=true",
    ]) {
      const response = await get(`/api/v1/runs/${goneId}/${path}`);
      expect([path, response.status, await response.json()]).toEqual([
        path,
        410,
        expect.objectContaining({
          detail: expect.stringMatching(/being older than retention\.artifacts; pin a run/) as unknown,
        }),
      ]);
    }
    expect(await (await get(`/api/v1/runs/${goneId}`)).json()).toMatchObject({
      status: "succeeded",
      bundle: null,
      pinned: null,
      evidence_removed_at: expect.stringMatching(/^\d{4}-/) as unknown,
      evidence_removed_because: "age",
    });
    expect(existsSync(join(open.at?.storagePath ?? "", "archive/runs", goneId))).toBe(false);
    expect((await get(`/api/v1/runs/${pinnedId}/bundle.zip`)).status).toBe(200);
    expect(await (await get(`/api/v1/runs/${pinnedId}`)).json()).toMatchObject({
      pinned: { by: "user:local" },
      evidence_removed_at: null,
    });
    const ofAlert = unpack(await download(`/api/v1/alerts/${gone.id}/bundle.zip`, "gone.zip"), "unzip");
    expect(readdirSync(ofAlert)).not.toContain("runs");
    expect(readFileSync(join(ofAlert, "README.md"), "utf8")).toContain(
      "not here: its files and bundles were removed",
    );
    const unpinned = await runCommand((output) => runPinCommand(pinnedId, false, flags(), output));
    expect(unpinned.stdout).toBe("not pinned\n");
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toMatch(/^nightshift_retention_deleted_total\{kind="evidence"\} [1-9]/m);
    expect(metrics).toMatch(/^nightshift_archive_bytes \d/m);
  });

  test("a pin of a run that is not known is 404, and an odd body 422", async () => {
    expect(
      (await get("/api/v1/runs/01a206a2-769c-7002-b194-a42a9820b44e/pin", { method: "POST" })).status,
    ).toBe(404);
    const response = await get("/api/v1/admin/gc", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"dry-run": true}',
    });
    expect(response.status).toBe(422);
    const other = await get("/api/v1/admin/gc/01a206a2-769c-7002-b194-a42a9820b44e");
    expect([other.status, await other.json()]).toMatchObject([
      404,
      { detail: expect.stringContaining("no such removal") as unknown },
    ]);
  });
});
