// S12: whatever is done to the audit log by somebody who has the database and not the key is found with the last checkpoint.
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { linkAll, signCut } from "../../src/audit/chain.ts";
import { createAuditKeys } from "../../src/audit/keys.ts";
import { systemClock } from "../../src/platform/clock.ts";
import {
  deleteLinkedUpTo,
  findOldestLinked,
  linkRows,
  readCut,
  writeCut,
} from "../../src/store/audit-chain.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { openStore } from "../../src/store/open.ts";
import { openReadOnly } from "../../src/store/read-only.ts";
import type { Reader, Store } from "../../src/store/store.ts";
import { AUDIT_KEYS, entry, openLog, type TestLog } from "../audit/audit-fixture.ts";
import { type Attack, type Snapshot, TAMPERINGS } from "./audit-tampering.ts";
import { createRandom, type Random } from "./random.ts";

const SEED = Number(process.env["NIGHTSHIFT_TEST_SEED"] ?? Date.now() % 1_000_000);
const TIMES = 10_000;
const LIMIT_MS = 600_000;

class UndoError extends Error {}

async function snapshot(db: Reader): Promise<Snapshot> {
  return {
    rows: await db.selectFrom("audit").selectAll().orderBy("id").execute(),
    chain: await db.selectFrom("audit_chain").selectAll().execute(),
  };
}

/** A log as the service leaves it after a while: two keys, a beginning that was removed for its age, records that are not linked yet. */
async function grow(store: Store, random: Random): Promise<{ log: TestLog; before: Snapshot[] }> {
  const keys = createAuditKeys([Buffer.alloc(32, 3), Buffer.alloc(32, 1)]);
  const [old, log] = [openLog(store, AUDIT_KEYS), openLog(store, keys)];
  const before: Snapshot[] = [];
  for (let round = 0; round < 10; round += 1) {
    const writer = round < 4 ? old : log;
    await writer.add(...Array.from({ length: 1 + random.below(6) }, () => randomEntry(random)));
    before.push(await snapshot(store.reader));
    await writer.seal();
    before.push(await snapshot(store.reader));
    if (round === 6) await removeOldest(store, keys, 8);
  }
  log.checkpoints.unshift(...old.checkpoints);
  await log.add(randomEntry(random), randomEntry(random));
  // The last but one is what is there now, but for what is not linked.
  return { log, before: before.slice(0, -1) };
}

function randomEntry(random: Random) {
  return entry({
    atMs: 1_000_000 + random.below(100_000),
    by: { principal: `user:${random.below(5)}`, via: random.pick([null, "session:1"]), remoteAddress: null },
    action: random.pick(["run.start", "run.cancel", "pause.add"]),
    subject: { kind: "run", id: `r${random.below(9)}` },
    detail: { number: random.below(1_000) },
  });
}

async function removeOldest(store: Store, keys: TestKeys, count: number): Promise<void> {
  await store.transaction(async (tx) => {
    const last = (await findOldestLinked(tx, 0, count)).at(-1);
    if (last === undefined) throw new Error("the log is too short");
    await writeCut(tx, signCut(keys, last, 5));
    await deleteLinkedUpTo(tx, last.sequence);
  });
}
type TestKeys = typeof AUDIT_KEYS;

test(`S12: ${TIMES} random tamperings are all found with the last checkpoint`, {
  timeout: LIMIT_MS,
}, async () => {
  const random = createRandom(SEED);
  const names = Object.keys(TAMPERINGS);
  const found = new Map<string, number>();
  let misplaced = 0;
  for (let done = 0; done < TIMES; ) {
    const store = await openMemoryStore(systemClock);
    const { log, before } = await grow(store, random);
    const now = await snapshot(store.reader);
    const linked = (now.rows as Attack["linked"])
      .filter((row) => row.sequence !== null)
      .toSorted((left, right) => left.sequence - right.sequence);
    const last = log.checkpoints.slice(-1);
    expect((await log.verify({ checkpoints: last })).problem).toBeNull();
    for (let each = 0; each < 500 && done < TIMES; each += 1) {
      const name = random.pick(names);
      const outcome = await tryOne(store, async (tx) => {
        const attack = { tx, random, now, linked, before, checkpoints: log.checkpoints };
        const tampering = await TAMPERINGS[name]?.(attack);
        if (tampering === undefined || tampering === null) return null;
        return { ...tampering, problem: (await log.verify({ checkpoints: last, db: tx })).problem };
      });
      if (outcome === null) continue;
      done += 1;
      if (outcome.problem === null) throw new Error(`seed ${SEED}: ${name} was not found (number ${done})`);
      if (outcome.first !== null && outcome.problem.sequence !== outcome.first) misplaced += 1;
      found.set(name, (found.get(name) ?? 0) + 1);
    }
    expect((await log.verify()).problem).toBeNull();
    await store.close();
  }
  expect([...found.keys()].sort()).toEqual(names.toSorted());
  expect(misplaced).toBe(0);
  const figures = [...found].map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`PROMISE S12 tampered=${TIMES} missed=0 named_wrong=${misplaced} (${figures}) seed=${SEED} ok`);
});

/** Null when the database refused it, or when nothing was changed. */
async function tryOne<Result>(
  store: Store,
  work: (tx: Attack["tx"]) => Promise<Result>,
): Promise<Result | null> {
  let result: Result | null = null;
  await store
    .transaction(async (tx) => {
      result = await work(tx);
      throw new UndoError();
    })
    .catch((error: unknown) => {
      if (error instanceof UndoError || /constraint|datatype/i.test(String(error))) return;
      throw error;
    });
  return result;
}

test("S12 control: logs that nobody touched verify, whatever happened to them", {
  timeout: LIMIT_MS,
}, async () => {
  const random = createRandom(SEED);
  let records = 0;
  for (let round = 0; round < 100; round += 1) {
    const store = await openMemoryStore(systemClock);
    const { log } = await grow(store, random);
    const verdict = await log.verify();
    expect(verdict.problem).toBeNull();
    records += verdict.linked + verdict.unlinked;
    await store.close();
  }
  console.log(`CONTROL S12 untouched logs=100 records=${records} false alarms=0 seed=${SEED}`);
});

test("S12 control: without a checkpoint a cut tail is not noticed, and with the key everything can be linked anew", async () => {
  const store = await openMemoryStore(systemClock);
  onTestFinished(() => store.close());
  const log = openLog(store);
  await log.add({}, {}, {}, {});
  await log.seal();
  await store.transaction((tx) => tx.deleteFrom("audit").where("sequence", ">", 2).execute());
  expect((await log.verify({ checkpoints: [] })).problem).toBeNull();
  expect((await log.verify()).problem).toMatchObject({ sequence: 3 });
  // Whoever has the key exchanges the two that are left; the checkpoint of the first two tells.
  const checkpoints = [...log.checkpoints];
  await store.transaction(async (tx) => {
    const rows = await tx.selectFrom("audit").select(["id", "mac"]).orderBy("id", "desc").execute();
    const cut = await readCut(tx);
    if (cut !== null) throw new Error("nothing was cut");
    await linkRows(tx, "sqlite", linkAll(AUDIT_KEYS, { sequence: 0, hash: "0".repeat(64) }, rows));
  });
  await log.add({}, {});
  await log.seal();
  expect((await log.verify({ checkpoints: [] })).problem).toBeNull();
  const { problem } = await log.verify({ checkpoints });
  expect(problem).toMatchObject({ sequence: 4, message: expect.stringContaining("checkpoint") as string });
});

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("S12: a database file that was replaced by an older copy is found", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-audit-"));
  folders.push(folder);
  const file = join(folder, "nightshift.db");
  const copies: string[] = [];
  const open = () => openStore({ folder, databaseUrl: null, clock: systemClock });
  const log = { checkpoints: [] as TestLog["checkpoints"] };
  for (let day = 0; day < 5; day += 1) {
    const store = await open();
    const today = openLog(store);
    await today.add({}, {});
    await today.seal();
    log.checkpoints.push(...today.checkpoints);
    await store.close();
    copies.push(join(folder, `copy-${day}.db`));
    copyFileSync(file, copies.at(-1) ?? "");
  }
  for (const [day, copy] of copies.entries()) {
    copyFileSync(copy, file);
    const stored = openReadOnly(folder);
    const verifier = openLog({ reader: stored.reader } as Store);
    const { problem } = await verifier.verify({ checkpoints: log.checkpoints.slice(-1) });
    expect(problem?.sequence ?? null).toBe(day === 4 ? null : 2 * (day + 1) + 1);
    await stored.close();
  }
});
