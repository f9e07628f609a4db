import { type ChainHead, signCut } from "../audit/chain.ts";
import { SYSTEM } from "../audit/entry.ts";
import { deleteLinkedUpTo, findOldestLinked, lockChain, writeCut } from "../store/audit-chain.ts";
import { addAudit } from "./audit.ts";
import type { Pass } from "./retention.ts";

/** Rows of one transaction, which leaves one record of its own. */
const ROWS_MAX = 5_000;
/** Records go a day at a time: each removal is a record of its own. */
const GRACE_MS = 24 * 3_600_000;

/**
 * Removes the oldest records, never one from the middle. A signed note of the last of them stays in their place, so that the others can still
 * be verified, and nobody else's removal passes for this one.
 */
export async function expireAudit(pass: Pass): Promise<void> {
  const { dependencies, report, nowMs, settings, isDryRun } = pass;
  const { store } = dependencies;
  const beforeMs = nowMs - settings.auditMs;
  const [oldest] = await findOldestLinked(store.reader, 0, 1);
  if (oldest === undefined || oldest.at >= beforeMs - GRACE_MS) return;
  if (isDryRun) return countOld(pass, beforeMs);
  for (let count = ROWS_MAX; count === ROWS_MAX; ) {
    await pass.breathe();
    count = await removeSome(pass, beforeMs);
    report.remove("audit", count);
  }
}

async function removeSome(pass: Pass, beforeMs: number): Promise<number> {
  const { dependencies } = pass;
  const { store, auditKeys } = dependencies;
  return store.transaction(async (tx) => {
    await lockChain(tx, store.dialect);
    const rows = await findOldestLinked(tx, 0, ROWS_MAX);
    const kept = rows.findIndex((row) => row.at >= beforeMs);
    const old = kept < 0 ? rows : rows.slice(0, kept);
    const last = old.at(-1);
    if (last === undefined) return 0;
    const head: ChainHead = { sequence: last.sequence, hash: last.hash };
    const atMs = await store.nowMs(tx);
    await writeCut(tx, signCut(auditKeys, head, atMs));
    await deleteLinkedUpTo(tx, head.sequence);
    await addAudit(tx, dependencies, {
      atMs,
      by: SYSTEM,
      action: "audit.remove",
      subject: { kind: "service", id: "audit" },
      detail: { records: old.length, up_to: head.sequence, before: new Date(beforeMs).toISOString() },
    });
    return old.length;
  });
}

async function countOld({ dependencies, report, breathe }: Pass, beforeMs: number): Promise<void> {
  let after = 0;
  for (;;) {
    await breathe();
    const rows = await findOldestLinked(dependencies.store.reader, after, ROWS_MAX);
    const old = rows.filter((row) => row.at < beforeMs).length;
    report.remove("audit", old);
    if (old < ROWS_MAX) return;
    after = rows.at(-1)?.sequence ?? after;
  }
}
