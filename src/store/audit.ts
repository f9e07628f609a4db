import { sql } from "kysely";
import type { AuditRow } from "../audit/row.ts";
import { firstIdAt } from "../platform/ids.ts";
import { insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

const shape = rowShape("audit", [
  "id",
  "at",
  "principal",
  "action",
  "subject_kind",
  "subject_id",
  "detail",
  "via",
  "remote_address",
  "key_id",
  "mac",
]);

/** Rows that are not linked yet, in the transaction of what they tell of. */
export async function insertAuditRows(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  rows: readonly AuditRow[],
): Promise<void> {
  const values = rows.map((row) => [
    row.id,
    row.at,
    row.principal,
    row.action,
    row.subject_kind,
    row.subject_id,
    row.detail,
    row.via,
    row.remote_address,
    row.key_id,
    row.mac,
  ]);
  await insertRows(tx, dialect, shape, values);
}

/** What a list of the log is narrowed to; null is not asked for. */
export interface AuditFilter {
  readonly principal: string | null;
  readonly action: string | null;
  readonly subjectKind: string | null;
  readonly subjectId: string | null;
  readonly sinceMs: number | null;
  /** Not this moment itself. */
  readonly untilMs: number | null;
}

export const EVERYTHING: AuditFilter = {
  principal: null,
  action: null,
  subjectKind: null,
  subjectId: null,
  sinceMs: null,
  untilMs: null,
};

/** Ids are made by the clock of a node, times are of the database's: they differ by less. */
const CLOCKS_MS = 3_600_000;

export interface AuditPage {
  readonly order: "asc" | "desc";
  readonly limit: number;
  /** Goes on behind this id. */
  readonly after: string | null;
}

/** Records in the order of their ids, which is that of their making. */
export function listAudit(db: Reader, filter: AuditFilter, page: AuditPage): Promise<AuditRow[]> {
  let query = db.selectFrom("audit").selectAll().orderBy("id", page.order).limit(page.limit);
  if (page.after !== null) query = query.where("id", page.order === "asc" ? ">" : "<", page.after);
  if (filter.principal !== null) query = query.where("principal", "=", filter.principal);
  if (filter.action !== null) query = query.where("action", "=", filter.action);
  // Says once more what follows from it, in the words of the index: SQLite takes a partial index only then.
  if (filter.principal !== null && !filter.principal.startsWith("rule:"))
    query = query.where(sql<boolean>`principal not like 'rule:%'`);
  if (filter.action !== null && filter.action !== "run.start")
    query = query.where(sql<boolean>`action <> 'run.start'`);
  if (filter.subjectKind !== null) query = query.where("subject_kind", "=", filter.subjectKind);
  if (filter.subjectId !== null) query = query.where("subject_id", "=", filter.subjectId);
  // By id as well: there is an index on it.
  const { sinceMs, untilMs } = filter;
  if (sinceMs !== null)
    query = query.where("at", ">=", sinceMs).where("id", ">=", firstIdAt(sinceMs - CLOCKS_MS));
  if (untilMs !== null)
    query = query.where("at", "<", untilMs).where("id", "<", firstIdAt(untilMs + CLOCKS_MS));
  return query.execute();
}

/** What was done to a run until then, oldest first. */
export function readRunAudit(db: Reader, runId: string, untilMs: number): Promise<AuditRow[]> {
  return db
    .selectFrom("audit")
    .selectAll()
    .where("subject_id", "=", runId)
    .where("subject_kind", "=", "run")
    .where("at", "<=", untilMs)
    .orderBy("id")
    .limit(RUN_ROWS_MAX)
    .execute();
}

/** More than anybody does to one run. */
const RUN_ROWS_MAX = 10_000;
