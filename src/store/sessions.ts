import type { SessionTable } from "./access-tables.ts";
import type { Reader, Tx } from "./store.ts";

export type SessionVia = "password" | "oidc";

/** Somebody who is logged in, as the server keeps it; the browser has only a random secret. */
export interface Session {
  readonly id: string;
  readonly secretHash: string;
  readonly person: string;
  readonly via: SessionVia;
  /** Stands for the password that opened it: another password ends it. Null where none did. */
  readonly credential: string | null;
  readonly address: string | null;
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  /** Whatever is done until then. */
  readonly expiresAtMs: number;
}

export async function insertSession(tx: Tx, session: Session): Promise<void> {
  await tx
    .insertInto("session")
    .values({
      secret_hash: session.secretHash,
      id: session.id,
      person: session.person,
      via: session.via,
      credential: session.credential,
      address: session.address,
      created_at: session.createdAtMs,
      seen_at: session.seenAtMs,
      expires_at: session.expiresAtMs,
    })
    .execute();
}

export async function readSession(db: Reader, secretHash: string): Promise<Session | null> {
  const row = await db
    .selectFrom("session")
    .selectAll()
    .where("secret_hash", "=", secretHash)
    .executeTakeFirst();
  return row === undefined ? null : toSession(row);
}

export async function noteSessionSeen(tx: Tx, id: string, atMs: number): Promise<void> {
  await tx.updateTable("session").set({ seen_at: atMs }).where("id", "=", id).execute();
}

/** Ends one session. False when it is over already. */
export async function deleteSession(tx: Tx, id: string): Promise<boolean> {
  const result = await tx.deleteFrom("session").where("id", "=", id).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Removes those that are over, so that they do not add up for ever. */
export async function deleteExpiredSessions(tx: Tx, atMs: number, idleSinceMs: number): Promise<void> {
  await tx
    .deleteFrom("session")
    .where((session) =>
      session.or([session("expires_at", "<=", atMs), session("seen_at", "<=", idleSinceMs)]),
    )
    .execute();
}

function toSession(row: SessionTable): Session {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    person: row.person,
    via: row.via as SessionVia,
    credential: row.credential,
    address: row.address,
    createdAtMs: row.created_at,
    seenAtMs: row.seen_at,
    expiresAtMs: row.expires_at,
  };
}
