// R1: what was acknowledged survives kill -9, and a sender that repeats what was not acknowledged starts nothing twice.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { queryDatabase } from "../support/database.ts";
import { type Ledger, readLedger } from "../support/ledger.ts";
import { type RepeatingSender, startSender } from "../support/repeating-sender.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULES = `
rules:
  - {name: act, mode: auto, matchers: ['act = "yes"', 'n != ""'], runbook: note, with: {n: "\${{ alert.labels.n }}"}}
  - {name: watch, mode: observe, matchers: ['n != ""']}
`;

const RUNBOOK = `
name: note
inputs: {n: {type: string}, file: {type: string, default: FILE}}
target: local
steps:
  - {id: look, effect: read, command: ["true"]}
  - {id: note, run: 'echo "$N" >> "$FILE"', env: {N: "\${{ inputs.n }}", FILE: "\${{ inputs.file }}"}}
`;

const CYCLES = 20;
const PER_SECOND = 500;
/** Every so many alerts one starts a run. */
const ACTS_EVERY = 25;
const STARTED_AT = new Date().toISOString();

const open: { child?: ChildService; sender?: RepeatingSender; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.sender?.abandon();
  await open.child?.kill();
  open.at?.remove();
});

function createFolder(): ServiceFolder {
  const at = createServiceFolder({ "rules/act.yml": RULES });
  at.write({ "runbooks/note.yml": RUNBOOK.replace("FILE", join(at.folder, "notes")) });
  open.at = at;
  return at;
}

function alert(number: number) {
  const act = acts(String(number)) ? "yes" : "no";
  return { labels: { alertname: "Chaos", n: String(number), act }, startsAt: STARTED_AT };
}

function acts(n: string): boolean {
  return Number(n) % ACTS_EVERY === 0;
}

function texts(numbers: ReadonlySet<number>): string[] {
  return [...numbers].map(String);
}

test(`loses nothing and starts nothing twice over ${CYCLES} kill -9 restarts`, {
  timeout: 300_000,
}, async () => {
  const at = createFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/webhooks/alertmanager`;
  open.child = await startChild(at, { port });
  const sender = startSender({ url, perSecond: PER_SECOND, alert });
  open.sender = sender;
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    // Not always at the same distance from the start.
    await delay(100 + Math.random() * 500);
    await open.child.kill();
    open.child = await startChild(at, { port });
  }
  await sender.finish(60_000);
  // The faster alerts are taken in, the more runs are left for a busy machine.
  await waitForRuns(open.child.url, 90_000);
  await open.child.terminate();

  expect(sender.unexpected).toEqual([]);
  const ledger = readLedger(at, texts(sender.acknowledged), acts);
  const notes = readFileSync(join(at.folder, "notes"), "utf8").trim().split("\n");
  const states = queryDatabase<{ state: string; count: number }>(
    at,
    "select state, count(*) as count from run group by state",
  );
  const noted = notes.length === new Set(notes).size ? "once" : "TWICE";
  report(
    ledger,
    sender,
    `changes=${noted} states=${states.map(({ state, count }) => `${state}:${count}`).join(",")}`,
  );
  expect(ledger).toMatchObject({ lost: [], missingRuns: [], duplicateRuns: [], illegal: [] });
  expect(noted).toBe("once");
  // Every run ended, and only a run that was cut off in its change step did not succeed.
  expect(
    states.map(({ state }) => state).filter((state) => !["succeeded", "interrupted"].includes(state)),
  ).toEqual([]);
  // Enough happened for the promise to mean something.
  expect(sender.acknowledged.size).toBeGreaterThan(CYCLES * 100);
});

test("negative control: a sender that takes 'sent' for acknowledged does lose alerts", async () => {
  const at = createFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/webhooks/alertmanager`;
  open.child = await startChild(at, { port, killPoint: "before-intake-commit:40" });
  const sender = startSender({ url, perSecond: PER_SECOND, alert, countsWhen: "sent" });
  open.sender = sender;
  expect(await open.child.exited).toMatchObject({ signal: "SIGKILL" });
  await sender.abandon();
  const ledger = readLedger(at, texts(sender.acknowledged), acts);
  console.log(`CONTROL R1 acknowledged too early: lost=${ledger.lost.length}`);
  expect(ledger.lost.length).toBeGreaterThan(0);
});

test("negative control: the check sees a second run, a missing one and an impossible state", async () => {
  const at = createFolder();
  const port = await freePort();
  open.child = await startChild(at, { port });
  const url = `http://127.0.0.1:${port}/webhooks/alertmanager`;
  const sender = startSender({ url, perSecond: 200, alert });
  open.sender = sender;
  await waitFor("some alerts", () => sender.acknowledged.size > 2 * ACTS_EVERY);
  await sender.finish(5_000);
  await waitForRuns(open.child.url, 10_000);
  await open.child.terminate();
  expect(existsSync(join(at.folder, "notes"))).toBe(true);
  const columns = queryDatabase<{ name: string }>(
    at,
    "select name from pragma_table_info('run') where name <> 'id'",
  );
  const names = columns.map(({ name }) => name).join(", ");
  const first = queryDatabase<{ id: string }>(at, "select id from run order by id limit 1")[0]?.id ?? "";
  const last = queryDatabase<{ id: string }>(at, "select id from run order by id desc limit 1")[0]?.id ?? "";
  queryDatabase(
    at,
    `insert into run (id, ${names}) select 'copy', ${names} from run where id = ? returning id`,
    first,
  );
  queryDatabase(at, "update run set episode_id = 'nobody' where id = ? returning id", last);
  queryDatabase(at, "update step set state = 'failed' where run_id = ? and id = 'look' returning id", first);
  const ledger = readLedger(at, texts(sender.acknowledged), acts);
  expect(ledger.duplicateRuns).toHaveLength(1);
  expect(ledger.missingRuns).toHaveLength(1);
  expect(ledger.illegal).toHaveLength(1);
});

async function waitForRuns(url: string, limitMs: number): Promise<void> {
  const count = async (status: string) => {
    const response = await fetch(`${url}/api/v1/runs?limit=1&status=${status}`);
    return ((await response.json()) as { items: unknown[] }).items.length;
  };
  await waitFor(
    "the end of all runs",
    async () => (await count("queued")) + (await count("running")) === 0,
    limitMs,
  );
}

function report(ledger: Ledger, sender: RepeatingSender, more: string): void {
  const { lost, missingRuns, duplicateRuns, illegal, runs } = ledger;
  const isKept = lost.length + missingRuns.length + duplicateRuns.length + illegal.length === 0;
  console.log(
    `PROMISE R1 cycles=${CYCLES} rate=${PER_SECOND}/s acked=${sender.acknowledged.size} runs=${runs} lost=${lost.length} ` +
      `missing_runs=${missingRuns.length} duplicate_runs=${duplicateRuns.length} illegal=${illegal.length} ${more} ${isKept ? "ok" : "BROKEN"}`,
  );
}
