// Killed between a file of the archive and its row, when it is stored and when it is removed: nothing is lost that is recorded, and
// nothing stays that is not.
import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import Database from "better-sqlite3";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULE = "rules: [{name: look, mode: auto, matchers: ['alertname = \"Slow\"'], runbook: look}]\n";
const RUNBOOK = `
name: look
target: local
steps: [{id: logs, collect: {commands: [[echo, some evidence]]}}]
`;
const SETTINGS = `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted]}]
`;

function prepare(): ServiceFolder {
  const at = createServiceFolder({ "rules/all.yml": RULE, "runbooks/look.yml": RUNBOOK });
  onTestFinished(() => at.remove());
  return at;
}

async function start(at: ServiceFolder, port: number, killPoint?: string): Promise<ChildService> {
  const child = await startChild(at, killPoint === undefined ? { port } : { port, killPoint });
  onTestFinished(() => child.kill());
  return child;
}

async function gc(
  url: string,
): Promise<{ removed: { kind: string; count: number }[]; missing: { files: string[] } }> {
  const begun = await fetch(`${url}/api/v1/admin/gc`, { method: "POST" });
  const place = `${url}${begun.headers.get("location") ?? ""}`;
  return waitFor("the end of the removal", async () => {
    const { report } = (await (await fetch(place)).json()) as {
      report: Awaited<ReturnType<typeof gc>> | null;
    };
    return report;
  });
}

function sealedRun(url: string) {
  return waitFor("a sealed run", async () =>
    (await listRuns(url)).find((run) => isOver(run) && run.bundle !== null),
  );
}

/** The files of a run, by path. */
function filesOf(at: ServiceFolder, runId: string): string[] {
  const folder = join(at.storagePath, "archive/runs", runId);
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

test("a file that was stored and not recorded is removed, the recorded one stays", {
  timeout: 60_000,
}, async () => {
  const at = prepare();
  const port = await freePort();
  const killed = await start(at, port, "after-file-stored:1");
  await postAlerts(killed.url, [{ labels: { alertname: "Slow" } }]);
  expect((await killed.exited).signal).toBe("SIGKILL");
  const service = await start(at, port);
  const run = await sealedRun(service.url);
  const before = filesOf(at, run.id);
  const artifacts = (await (await fetch(`${service.url}/api/v1/runs/${run.id}/artifacts`)).json()) as {
    items: { path: string }[];
  };
  const recorded = artifacts.items.map((item) => item.path);
  const strays = before.filter((path) => !recorded.includes(path));
  expect([strays.length, recorded.length]).toEqual([1, before.length - 1]);
  // Of what is younger than an hour somebody might be about to write the row.
  expect((await gc(service.url)).removed.filter(({ kind }) => kind === "stray_file")).toEqual([]);
  for (const path of before) {
    const longAgo = new Date(Date.now() - 7_200_000);
    utimesSync(join(at.storagePath, "archive/runs", run.id, path), longAgo, longAgo);
  }
  const report = await gc(service.url);
  expect(report.removed).toMatchObject([{ kind: "stray_file", count: 1 }]);
  expect(report.missing.files).toEqual([]);
  expect(filesOf(at, run.id).sort()).toEqual(recorded.sort());
});

test("files whose rows are gone go after the next start", { timeout: 60_000 }, async () => {
  const at = prepare();
  const port = await freePort();
  const first = await start(at, port);
  await postAlerts(first.url, [{ labels: { alertname: "Slow" } }]);
  const { id } = await sealedRun(first.url);
  await postAlerts(first.url, [{ labels: { alertname: "Slow" }, status: "resolved" }]);
  await waitFor("the end of the alert", async () => {
    const answer = await fetch(`${first.url}/api/v1/alerts`);
    const { items } = (await answer.json()) as { items: { status: string }[] };
    return items[0]?.status === "resolved" ? true : undefined;
  });
  await first.terminate();
  // A run that ended long ago, and that the statistics have.
  const database = new Database(join(at.storagePath, "nightshift.db"));
  database.prepare("update run set finished_at = 1, counted = 1").run();
  database.close();
  at.write({ "nightshift.yml": `${SETTINGS}retention: {artifacts: 1ms}\n` });
  const killed = await start(at, port, "after-evidence-forgotten:1");
  expect(filesOf(at, id)).not.toEqual([]);
  await gc(killed.url).catch(() => null);
  expect((await killed.exited).signal).toBe("SIGKILL");
  expect(filesOf(at, id)).not.toEqual([]);
  const again = await start(at, port);
  const bundle = await fetch(`${again.url}/api/v1/runs/${id}/bundle.zip`);
  expect(bundle.status).toBe(410);
  expect((await gc(again.url)).missing.files).toEqual([]);
  expect(filesOf(at, id)).toEqual([]);
  expect(readdirSync(join(at.storagePath, "archive/bundles"))).toEqual([]);
});
