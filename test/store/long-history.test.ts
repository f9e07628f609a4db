// What is asked again and again, by every run and every few seconds: it takes as long after 100,000 runs as after none.
import { sql } from "kysely";
import { expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { newId } from "../../src/platform/ids.ts";
import { readFailures } from "../../src/store/failures.ts";
import {
  countLiveRuns,
  findRunsUnderWay,
  readRuleStarts,
  readRunbookStarts,
} from "../../src/store/guard-facts.ts";
import { readLastRuns } from "../../src/store/last-runs.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { countNotices, listNotices } from "../../src/store/notices.ts";
import { addToOutbox, claimOutbox, nextOutboxDueMs } from "../../src/store/outbox.ts";
import { findExpiredEvidence, findExpiredRuns } from "../../src/store/retention.ts";
import { readSucceededDurations } from "../../src/store/run-durations.ts";
import {
  countStartsOnHosts,
  findLastChange,
  insertRunHosts,
  readChangedHosts,
} from "../../src/store/run-hosts.ts";
import { findWaitingRuns, readQueueBefore } from "../../src/store/run-ownership.ts";
import { nextWaitingMs, readQueueFacts } from "../../src/store/runs.ts";
import type { Reader, Store } from "../../src/store/store.ts";
import { addRuns, newRun } from "./rows.ts";

const HISTORY = 100_000;
const TRIES = 5;

const page = { afterId: "", limit: 5 };
const cut = { beforeMs: Date.UTC(2100, 0), nowMs: 1_000, keepsPinned: true };

const ASKED: Readonly<Record<string, (db: Reader) => Promise<unknown>>> = {
  "concurrency of a runbook": (db) => countLiveRuns(db, { kind: "runbook", name: "restart" }),
  "concurrency of a rule": (db) => countLiveRuns(db, { kind: "rule", name: "slow" }),
  "starts of a rule": (db) => readRuleStarts(db, "slow", 10),
  "starts of a runbook": (db) => readRunbookStarts(db, "restart", null, 10),
  "starts of a person": (db) => readRunbookStarts(db, "restart", "user:nobody", 10),
  "failures of a rule": (db) => readFailures(db, "slow"),
  "hosts that were changed": (db) => readChangedHosts(db, ["web-1"], 900_000, null),
  "starts on hosts": (db) => countStartsOnHosts(db, "slow", ["web-1"], 900_000),
  "last change of a host": (db) => findLastChange(db, "web-1", 900_000, 901_000),
  "how long runs took": (db) => readSucceededDurations(db, "restart", 20),
  "last runs": (db) => readLastRuns(db, ["restart", "other"]),
  "runs under way": (db) => findRunsUnderWay(db, { kind: "runbook", name: "restart" }, 20),
  "length of the queue": readQueueFacts,
  "place in the queue": (db) => readQueueBefore(db, newId(), 2_000),
  "next run to look at": nextWaitingMs,
  "next item of the outbox": nextOutboxDueMs,
  "notices that were given up": (db) => listNotices(db, "dead", 20, null),
  "notices that wait": (db) => listNotices(db, "pending", 20, null),
  "counts of notices": countNotices,
  "runs that may go": (db) => findExpiredRuns(db, cut, page),
  "evidence that may go": (db) => findExpiredEvidence(db, cut, page),
};

async function withRun(store: Store): Promise<void> {
  const [runId = ""] = await addRuns(store, newRun());
  const host = { runId, host: "web-1", rule: "slow", atMs: 1_000, afterRun: null };
  await store.transaction((tx) => insertRunHosts(tx, "sqlite", [host]));
  const data = { event: "failed" };
  await store.transaction((tx) =>
    addToOutbox(tx, { runId, action: "notify", target: "failed:log", dueAtMs: 1_000, data }),
  );
}

const ID = "printf('01900000-%04x-7000-8000-%012x', n / 65536, n)";

/** Copies of the run and of its notice, which are over; one notice in 10,000 was given up. */
async function addHistory(store: Store): Promise<void> {
  const over: Readonly<Record<string, string>> = {
    id: ID,
    run_id: ID,
    changed_at: "1000",
    state: "'succeeded'",
    finished_at: "1000",
    counted: "2",
    done_at: "1000",
    dead_at: "case n % 10000 when 0 then 1000 end",
  };
  for (const table of ["run", "outbox", "run_host"]) {
    const columns = await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(
      store.reader,
    );
    const names = columns.rows.map(({ name }) => `"${name}"`).join(", ");
    const values = columns.rows.map(({ name }) => over[name] ?? `"${name}"`).join(", ");
    await sql
      .raw(
        `with recursive n(n) as (select 1 union all select n + 1 from n where n < ${HISTORY})
         insert into "${table}" (${names}) select ${values} from n, (select * from "${table}" limit 1)`,
      )
      .execute(store.reader);
  }
}

/** Of the processor, which others on this machine do not make longer; the least of some tries, in ms. */
async function costMs(work: () => Promise<unknown>): Promise<number> {
  const costs: number[] = [];
  for (let tried = 0; tried < TRIES; tried += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1_000);
  }
  return Math.min(...costs);
}

async function costsOf(store: Store): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const [name, ask] of Object.entries(ASKED)) costs[name] = await costMs(() => ask(store.reader));
  costs["work of the outbox"] = await costMs(() =>
    store.transaction((tx) => claimOutbox(tx, "sqlite", { nowMs: 2_000, retryAtMs: 1_500, limit: 4 })),
  );
  costs["runs that wait"] = await costMs(() =>
    store.transaction((tx) => findWaitingRuns(tx, "sqlite", 2_000, 4)),
  );
  return costs;
}

test("what every run asks takes no longer in a long history", async () => {
  const store = await openMemoryStore(systemClock);
  await withRun(store);
  const short = await costsOf(store);
  await addHistory(store);
  const long = await costsOf(store);
  await store.close();
  const slow = Object.entries(long).filter(([name, ms]) => ms > 2 + 10 * (short[name] ?? 0));
  console.log(
    `history of ${HISTORY} runs: ${Object.entries(long)
      .map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`)
      .join(", ")}`,
  );
  expect(slow).toEqual([]);
});
