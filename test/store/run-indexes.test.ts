// What is asked of all runs that there ever were is found by an index. Of SQLite, whose choice does not depend on how many there are.
import { type CompiledQuery, createQueryId, type KyselyPlugin } from "kysely";
import { afterAll, expect, test } from "vitest";
import { readRunbookStarts } from "../../src/store/guard-facts.ts";
import { findExpiredEvidence } from "../../src/store/retention.ts";
import { listRuns } from "../../src/store/runs.ts";
import { findLiveRunOf } from "../../src/store/schedules.ts";
import type { Reader } from "../../src/store/store.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { systemClock } from "../../src/platform/clock.ts";

/** How the database answers the first question that is asked. */
async function planOf(ask: (db: Reader) => Promise<unknown>): Promise<string> {
  const asked: CompiledQuery[] = [];
  const listener: KyselyPlugin = {
    transformQuery: ({ node }) => {
      asked.push(store.reader.getExecutor().compileQuery(node, createQueryId()));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  await ask(store.reader.withPlugin(listener));
  const [query] = asked;
  if (query === undefined) throw new Error("nothing was asked");
  const explained = { ...query, sql: `explain query plan ${query.sql}` };
  return JSON.stringify((await store.reader.executeQuery(explained)).rows);
}

const store = await openMemoryStore(systemClock);
afterAll(() => store.close());

test("who asked for a run is found by an index", async () => {
  const own = { principal: "dana", runbooks: null };
  const filter = { visible: { own, kind: "only" as const, runbooks: ["fix"] } };
  const listed = await planOf((db) => listRuns(db, filter, 50, null));
  expect(listed).toContain("run_principal (principal=?)");
  expect(listed).toContain("run_runbook (runbook=?)");
  expect(await planOf((db) => findLiveRunOf(db, "schedule:nightly"))).toContain("run_principal");
  expect(await planOf((db) => readRunbookStarts(db, "fix", "dana", 3))).toContain("run_principal");
});

test("runs whose evidence may go are found by an index, passing by those that have none", async () => {
  const page = { afterId: "", limit: 100 };
  for (const beforeMs of [null, 5_000]) {
    const cut = { beforeMs, nowMs: 10_000, keepsPinned: true };
    const plan = await planOf((db) => findExpiredEvidence(db, cut, page));
    expect(plan).toContain("run_evidence (evidence_removed_at=? AND id>?");
    expect(plan).not.toContain("FOR ORDER BY");
  }
});
