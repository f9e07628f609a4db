// R6: SIGTERM loses nothing, begins nothing, and every run goes on at its next step after the start.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isOver, listRuns, postAlerts, readRun, type RunJson } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { queryDatabase } from "../support/database.ts";
import { readLedger } from "../support/ledger.ts";
import { type RepeatingSender, startSender } from "../support/repeating-sender.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { children: ChildService[]; sender?: RepeatingSender; folders: ServiceFolder[] } = {
  children: [],
  folders: [],
};
afterEach(async () => {
  await open.sender?.abandon();
  for (const child of open.children.splice(0)) await child.kill();
  for (const at of open.folders.splice(0)) at.remove();
});

const RULES = `
rules:
  - {name: go, mode: auto, matchers: ['alertname = "Go"'], runbook: go}
  - {name: watch, mode: observe, matchers: ['n != ""']}
`;

/** A service with one runbook; FOLDER in it is the service's own folder, where its steps leave notes. */
function createFolder(runbook: string, grace: string): ServiceFolder {
  const at = createServiceFolder({
    "nightshift.yml": `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted]}]
limits: {shutdown_grace: ${grace}}
`,
    "rules/go.yml": RULES,
  });
  at.write({ "runbooks/go.yml": runbook.replaceAll("FOLDER", at.folder) });
  open.folders.push(at);
  return at;
}

async function start(at: ServiceFolder, port: number): Promise<ChildService> {
  const child = await startChild(at, { port });
  open.children.push(child);
  return child;
}

function notesOf(at: ServiceFolder): string[] {
  const file = join(at.folder, "notes");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

const GO = [{ labels: { alertname: "Go" } }];

async function endOf(url: string): Promise<RunJson> {
  const run = await waitFor("the end of the run", async () => (await listRuns(url)).find(isOver), 15_000);
  return readRun(url, run.id);
}

function stepsOf(run: RunJson): Record<string, string> {
  return Object.fromEntries(run.steps.map((step) => [step.id, step.status]));
}

test("ends the current step, begins no other, loses no delivery, and goes on after the start", async () => {
  const at = createFolder(
    `
name: go
target: local
steps:
  - {id: first, run: 'echo first >> FOLDER/notes; while [ ! -e FOLDER/go-on ]; do sleep 0.05; done; echo first-end >> FOLDER/notes'}
  - {id: second, run: 'echo second >> FOLDER/notes'}
`,
    "20s",
  );
  const port = await freePort();
  const child = await start(at, port);
  await postAlerts(child.url, GO);
  await waitFor("the first step", () => notesOf(at).includes("first"));
  const alert = (number: number) => ({
    labels: { alertname: "Storm", n: String(number) },
    startsAt: "2026-01-01T00:00:00Z",
  });
  const sender = startSender({ url: `${child.url}/webhooks/alertmanager`, perSecond: 500, alert });
  open.sender = sender;
  await waitFor("some deliveries", () => sender.acknowledged.size > 100);
  const stopped = child.terminate();
  await waitFor(
    "that it is not ready",
    async () => (await fetch(`${child.url}/-/ready`).catch(() => null))?.status !== 200,
    2_000,
  );
  // Longer than any patience with connections.
  await waitFor(
    "that it takes nothing in",
    async () => (await fetch(child.url).catch(() => null)) === null,
    5_000,
  );
  writeFileSync(join(at.folder, "go-on"), "");
  expect(await stopped).toBe(0);
  expect(notesOf(at)).toEqual(["first", "first-end"]);
  const told = new Set([...sender.acknowledged].map(String));
  const ledger = readLedger(at, told, () => false);

  const again = await start(at, port);
  const run = await endOf(again.url);
  await sender.finish(60_000);
  await again.terminate();
  const after = readLedger(at, [...sender.acknowledged].map(String), () => false);
  const lost = ledger.lost.length + after.lost.length;
  console.log(
    `PROMISE R6 acked=${sender.acknowledged.size} lost=${lost} run=${run.status} steps=${notesOf(at).join(",")} ${lost === 0 ? "ok" : "BROKEN"}`,
  );
  expect(lost).toBe(0);
  expect(run).toMatchObject({ status: "succeeded" });
  expect(notesOf(at)).toEqual(["first", "first-end", "second"]);
});

const SLOW_STEPS = `
name: go
target: local
steps:
  - {id: slow, EFFECT run: 'echo slow >> FOLDER/notes; if [ ! -e FOLDER/again ]; then touch FOLDER/again; sleep 30; fi'}
  - {id: next, run: 'echo next >> FOLDER/notes'}
on_failure:
  - {id: rescue, run: 'echo rescue >> FOLDER/notes'}
finally:
  - {id: tidy, run: 'echo tidy >> FOLDER/notes'}
`;

test("interrupts a change step that outlives the grace, and never runs it again", async () => {
  const at = createFolder(SLOW_STEPS.replace("EFFECT ", ""), "300ms");
  const run = await stopInSlowStep(at);
  expect(stepsOf(run)).toEqual({
    slow: "interrupted",
    next: "skipped",
    rescue: "succeeded",
    tidy: "succeeded",
  });
  expect(run).toMatchObject({ status: "interrupted", failed_step: "slow" });
  expect(notesOf(at)).toEqual(["slow", "rescue", "tidy"]);
});

test("tries a read step that outlives the grace again", async () => {
  const at = createFolder(SLOW_STEPS.replace("EFFECT ", "effect: read, "), "300ms");
  const run = await stopInSlowStep(at);
  expect(stepsOf(run)).toEqual({
    slow: "succeeded",
    next: "succeeded",
    rescue: "skipped",
    tidy: "succeeded",
  });
  expect(notesOf(at)).toEqual(["slow", "slow", "next", "tidy"]);
});

async function stopInSlowStep(at: ServiceFolder): Promise<RunJson> {
  const port = await freePort();
  const child = await start(at, port);
  await postAlerts(child.url, GO);
  await waitFor("the slow step", () => notesOf(at).includes("slow"));
  expect(await child.terminate()).toBe(0);
  expect(notesOf(at)).toEqual(["slow"]);
  const again = await start(at, port);
  return endOf(again.url);
}

test("a parked wait and a retry's delay go on over a restart, at their own time", async () => {
  const at = createFolder(
    `
name: go
target: local
steps:
  - {id: begin, effect: read, run: 'date +%s%3N > FOLDER/begin'}
  - {id: pause, wait: 7s}
  - {id: retry, effect: read, retries: 1, delay: 6s, run: 'date +%s%3N >> FOLDER/tries; test $(wc -l < FOLDER/tries) -gt 1'}
`,
    "5s",
  );
  const port = await freePort();
  const first = await start(at, port);
  await postAlerts(first.url, GO);
  await waitFor("the pause", async () => (await runSteps(first.url))?.["pause"] === "running");
  expect(await first.terminate()).toBe(0);
  const second = await start(at, port);
  await waitFor("the first try", () => existsSync(join(at.folder, "tries")), 15_000);
  await waitFor(
    "the delay",
    () => queryDatabase<{ owner: string | null }>(at, "select owner from run")[0]?.owner === null,
  );
  await second.kill();
  const third = await start(at, port);
  const run = await endOf(third.url);
  const [firstTry = 0, secondTry = 0] = timesOf(at, "tries");
  const pauseMs = firstTry - (timesOf(at, "begin")[0] ?? 0);
  const delayMs = secondTry - firstTry;
  const isOnTime = pauseMs >= 7_000 && pauseMs < 10_500 && delayMs >= 6_000 && delayMs < 9_500;
  console.log(
    `PROMISE R6 parked wait=7s took=${pauseMs}ms delay=6s took=${delayMs}ms run=${run.status} ${isOnTime ? "ok" : "BROKEN"}`,
  );
  expect(stepsOf(run)).toEqual({ begin: "succeeded", pause: "succeeded", retry: "succeeded" });
  expect(isOnTime).toBe(true);
}, 40_000);

async function runSteps(url: string): Promise<Record<string, string> | null> {
  const run = (await listRuns(url))[0];
  return run === undefined ? null : stepsOf(await readRun(url, run.id));
}

function timesOf(at: ServiceFolder, name: string): number[] {
  return readFileSync(join(at.folder, name), "utf8").trim().split("\n").map(Number);
}

test("a short wait at the end of the grace is no cancellation", async () => {
  const at = createFolder(
    `
name: go
target: local
steps:
  - {id: begin, effect: read, run: 'touch FOLDER/begun'}
  - {id: pause, wait: 4s}
  - {id: end, run: 'echo end >> FOLDER/notes'}
`,
    "200ms",
  );
  const port = await freePort();
  const child = await start(at, port);
  await postAlerts(child.url, GO);
  await waitFor("the pause", async () => (await runSteps(child.url))?.["pause"] === "running");
  expect(await child.terminate()).toBe(0);
  const again = await start(at, port);
  const run = await endOf(again.url);
  expect(stepsOf(run)).toEqual({ begin: "succeeded", pause: "succeeded", end: "succeeded" });
});

test("negative control: a service that is killed instead does not end its step", async () => {
  const at = createFolder(SLOW_STEPS.replace("EFFECT ", "").replace("sleep 30", "sleep 1"), "20s");
  const port = await freePort();
  const child = await start(at, port);
  await postAlerts(child.url, GO);
  await waitFor("the slow step", () => notesOf(at).includes("slow"));
  await child.kill();
  const again = await start(at, port);
  expect(stepsOf(await endOf(again.url))["slow"]).toBe("interrupted");
});
