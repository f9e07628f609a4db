import { type ChainCut, type ChainHead, EMPTY_CHAIN, type Link } from "../audit/chain.ts";
import type { AuditRow } from "../audit/row.ts";
import type { StoredLog } from "../audit/verify.ts";
import { updateRows, updateShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

// The chain of the audit log: who links, what is linked, where it begins.

const shape = updateShape("audit", [
  { name: "id", type: "text" },
  { name: "sequence", type: "bigint" },
  { name: "hash", type: "text" },
]);

/** Until the transaction ends, nobody else links or removes. */
export async function lockChain(tx: Tx, dialect: "sqlite" | "postgres"): Promise<void> {
  // SQLite has one writer at a time anyway.
  if (dialect === "sqlite") return;
  await tx.selectFrom("audit_chain").select("id").where("id", "=", 1).forUpdate().execute();
}

/** Where the chain begins; null before the first removal, `missing` where somebody has taken that away. */
export async function readCut(db: Reader): Promise<ChainCut | null | "missing"> {
  const rows = await db.selectFrom("audit_chain").selectAll().execute();
  const [row] = rows;
  if (row === undefined || rows.length > 1 || row.id !== 1) return "missing";
  const { cut_sequence: sequence, cut_hash: hash, cut_at: atMs, key_id: keyId, mac } = row;
  const signed = [hash, atMs, keyId, mac];
  if (sequence === 0 && signed.every((value) => value === null)) return null;
  if (hash === null || atMs === null || keyId === null || mac === null) return "missing";
  return { sequence, hash, atMs, keyId, mac };
}

export async function writeCut(tx: Tx, cut: ChainCut): Promise<void> {
  await tx
    .updateTable("audit_chain")
    .set({
      cut_sequence: cut.sequence,
      cut_hash: cut.hash,
      cut_at: cut.atMs,
      key_id: cut.keyId,
      mac: cut.mac,
    })
    .where("id", "=", 1)
    .execute();
}

/** The last linked record, or where the chain begins. */
export async function readHead(db: Reader): Promise<ChainHead> {
  const row = await db
    .selectFrom("audit")
    .select(["sequence", "hash"])
    .where("sequence", "is not", null)
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined && row.sequence !== null && row.hash !== null)
    return { sequence: row.sequence, hash: row.hash };
  const cut = await readCut(db);
  return cut === null || cut === "missing" ? EMPTY_CHAIN : { sequence: cut.sequence, hash: cut.hash };
}

/** The chain's hash at a place; null where no record has it. */
export async function readHashAt(db: Reader, sequence: number): Promise<string | null> {
  const row = await db
    .selectFrom("audit")
    .select("hash")
    .where("sequence", "=", sequence)
    .limit(1)
    .executeTakeFirst();
  return row?.hash ?? null;
}

export async function hasUnlinked(db: Reader): Promise<boolean> {
  const row = await db
    .selectFrom("audit")
    .select("id")
    .where("sequence", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Oldest first. */
export function findUnlinked(db: Reader, limit: number): Promise<Pick<AuditRow, "id" | "mac">[]> {
  return db
    .selectFrom("audit")
    .select(["id", "mac"])
    .where("sequence", "is", null)
    .orderBy("id")
    .limit(limit)
    .execute();
}

export async function linkRows(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  links: readonly Link[],
): Promise<void> {
  await updateRows(
    tx,
    dialect,
    shape,
    links.map(({ id, sequence, hash }) => [id, sequence, hash]),
  );
}

/** The first records behind a place, as the removal of old ones needs them. */
export async function findOldestLinked(
  db: Reader,
  after: number,
  limit: number,
): Promise<(ChainHead & { readonly at: number })[]> {
  const rows = await db
    .selectFrom("audit")
    .select(["sequence", "hash", "at"])
    .where("sequence", ">", after)
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(({ sequence, hash, at }) => ({ sequence: sequence ?? 0, hash: hash ?? "", at }));
}

export async function deleteLinkedUpTo(tx: Tx, sequence: number): Promise<void> {
  await tx.deleteFrom("audit").where("sequence", "<=", sequence).execute();
}

/** Everything that is stored of the log, for its verification: page by page, so that nothing is kept from writing meanwhile. */
export async function readStoredLog(db: Reader): Promise<StoredLog> {
  return { cut: await readCut(db), linked: eachLinked(db), unlinked: eachUnlinked(db) };
}

const PAGE_ROWS = 1_000;

async function* eachLinked(db: Reader): AsyncIterable<AuditRow> {
  let last: AuditRow | undefined;
  for (;;) {
    const { sequence = null, id = "" } = last ?? {};
    const rows = await db
      .selectFrom("audit")
      .selectAll()
      .where("sequence", "is not", null)
      .$if(sequence !== null, (query) =>
        query.where((where) =>
          where.or([
            where("sequence", ">", sequence),
            where.and([where("sequence", "=", sequence), where("id", ">", id)]),
          ]),
        ),
      )
      .orderBy("sequence")
      .orderBy("id")
      .limit(PAGE_ROWS)
      .execute();
    yield* rows;
    last = rows.at(-1);
    if (rows.length < PAGE_ROWS) return;
  }
}

async function* eachUnlinked(db: Reader): AsyncIterable<AuditRow> {
  let after = "";
  for (;;) {
    const rows = await db
      .selectFrom("audit")
      .selectAll()
      .where("sequence", "is", null)
      .where("id", ">", after)
      .orderBy("id")
      .limit(PAGE_ROWS)
      .execute();
    yield* rows;
    after = rows.at(-1)?.id ?? "";
    if (rows.length < PAGE_ROWS) return;
  }
}
