import type { AuditRow } from "../audit/row.ts";
import { insertRows, rowShape } from "./rows.ts";
import type { Tx } from "./store.ts";

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
