import { findOldAlertBundles } from "../store/archive-rows.ts";
import { deleteThreadReferences } from "../store/notice-threads.ts";
import { forgetAlertBundles } from "../store/retention.ts";
import {
  deleteDecisions,
  deleteDeliveries,
  deleteEpisodes,
  deleteGuardNotes,
  findExpiredDecisions,
  findExpiredDeliveries,
  findExpiredEpisodes,
} from "../store/retention-history.ts";
import { countedTo, readProgress } from "../store/rollups.ts";
import type { Reader, Tx } from "../store/store.ts";
import { dropRemovedFiles } from "./retention-files.ts";
import type { RetentionKind } from "./retention-report.ts";
import type { Pass } from "./retention.ts";

/** Rows of one transaction. */
const ROWS_MAX = 1_000;

/** Decisions, bodies, alerts and what guards noted, in the order in which nothing is left that names what has gone. */
export async function expireHistory(pass: Pass): Promise<void> {
  const { dependencies, settings, nowMs, runsMs } = pass;
  const decisionsBeforeMs = nowMs - settings.decisionsMs;
  const counted = countedTo(await readProgress(dependencies.store.reader), nowMs);
  await eachPage(pass, "decision", {
    find: async (db, page) =>
      (await findExpiredDecisions(db, { beforeMs: decisionsBeforeMs, countedTo: counted }, page)).map(
        withoutBytes,
      ),
    remove: deleteDecisions,
  });
  await eachPage(pass, "delivery", {
    find: (db, page) => findExpiredDeliveries(db, nowMs - settings.deliveriesMs, page),
    remove: deleteDeliveries,
  });
  const alertsBeforeMs = nowMs - Math.max(settings.decisionsMs, runsMs);
  await eachPage(pass, "alert", {
    find: async (db, page) => (await findExpiredEpisodes(db, alertsBeforeMs, page)).map(withoutBytes),
    async remove(tx, ids) {
      await forgetAlertBundles(tx, ids, nowMs);
      await deleteEpisodes(tx, ids);
    },
  });
  await expireGuardNotes(pass);
}

interface Found {
  readonly id: string;
  readonly bytes: number;
}

const withoutBytes = (id: string): Found => ({ id, bytes: 0 });

interface Expiry {
  readonly find: (
    db: Reader,
    page: { readonly afterId: string; readonly limit: number },
  ) => Promise<readonly Found[]>;
  readonly remove: (tx: Tx, ids: readonly string[]) => Promise<void>;
}

async function eachPage(pass: Pass, kind: RetentionKind, { find, remove }: Expiry): Promise<void> {
  const { store } = pass.dependencies;
  let afterId = "";
  for (;;) {
    await pass.breathe();
    const page = { afterId, limit: ROWS_MAX };
    const found = pass.isDryRun
      ? await find(store.reader, page)
      : await store.transaction(async (tx) => {
          const rows = await find(tx, page);
          await remove(
            tx,
            rows.map((row) => row.id),
          );
          return rows;
        });
    const last = found.at(-1);
    if (last === undefined) return;
    afterId = last.id;
    pass.report.remove(
      kind,
      found.length,
      found.reduce((sum, row) => sum + row.bytes, 0),
    );
  }
}

/**
 * They are made anew when somebody asks, as long as the evidence is there. Before the evidence: its removal forgets the bundles that hold it,
 * and a dry run would count more than goes.
 */
export async function expireAlertBundles(pass: Pass): Promise<void> {
  const { store } = pass.dependencies;
  const beforeMs = pass.nowMs - pass.settings.artifactsMs;
  for (;;) {
    await pass.breathe();
    const old = await findOldAlertBundles(store.reader, beforeMs, ROWS_MAX);
    pass.report.remove("alert_bundle", old.length);
    if (old.length === 0 || pass.isDryRun) return;
    await store.transaction((tx) => forgetAlertBundles(tx, old, pass.nowMs));
    await dropRemovedFiles(pass);
  }
}

async function expireGuardNotes(pass: Pass): Promise<void> {
  const { store } = pass.dependencies;
  if (pass.isDryRun) return;
  const beforeMs = pass.nowMs - pass.runsMs;
  for (let rows = ROWS_MAX; rows >= ROWS_MAX; ) {
    await pass.breathe();
    rows = await store.transaction((tx) => deleteGuardNotes(tx, beforeMs, ROWS_MAX));
    pass.report.remove("guard_note", rows);
  }
  await store.transaction((tx) => deleteThreadReferences(tx, beforeMs));
}
