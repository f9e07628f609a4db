import type { HostHold } from "../runs/guard-records.ts";
import type { HostHoldTable } from "./guard-tables.ts";
import type { Reader, Tx } from "./store.ts";

/**
 * Holds a host. A hold that it has already is replaced: the earlier one ends now, by whoever holds it anew. Of two that are made at
 * the same time the later one counts. Returns the hold in force.
 */
export async function putHostHold(tx: Tx, hold: HostHold): Promise<HostHold> {
  await tx
    .updateTable("host_hold")
    .set((row) => ({ released_at: row.ref("until") }))
    .where("host", "=", hold.host)
    .where("released_at", "is", null)
    .where("until", "<=", hold.createdAtMs)
    .execute();
  await releaseHostHold(tx, hold.host, hold.principal, hold.createdAtMs);
  const row = await tx
    .insertInto("host_hold")
    .values({
      id: hold.id,
      host: hold.host,
      reason: hold.reason,
      principal: hold.principal,
      created_at: hold.createdAtMs,
      until: hold.untilMs,
      released_at: hold.releasedAtMs,
      released_by: hold.releasedBy,
    })
    .onConflict((conflict) =>
      conflict
        .column("host")
        .where("released_at", "is", null)
        .doUpdateSet({ reason: hold.reason, principal: hold.principal, until: hold.untilMs }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return toHold(row);
}

/** Ends the hold in force of a host. Null when it has none. */
export async function releaseHostHold(
  tx: Tx,
  host: string,
  releasedBy: string,
  atMs: number,
): Promise<HostHold | null> {
  const row = await tx
    .updateTable("host_hold")
    .set({ released_at: atMs, released_by: releasedBy })
    .where("host", "=", host)
    .where("released_at", "is", null)
    .where("until", ">", atMs)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toHold(row);
}

/** The holds in force at a time, by host. */
export async function listActiveHolds(db: Reader, atMs: number): Promise<HostHold[]> {
  const rows = await db
    .selectFrom("host_hold")
    .selectAll()
    .where("released_at", "is", null)
    .where("until", ">", atMs)
    .orderBy("host")
    .execute();
  return rows.map(toHold);
}

function toHold(row: HostHoldTable): HostHold {
  return {
    id: row.id,
    host: row.host,
    reason: row.reason,
    principal: row.principal,
    createdAtMs: row.created_at,
    untilMs: row.until,
    releasedAtMs: row.released_at,
    releasedBy: row.released_by,
  };
}
