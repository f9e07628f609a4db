import type { ApiTokenTable } from "./access-tables.ts";
import type { Reader, Tx } from "./store.ts";

/** What a program shows in the name of a person. The secret itself is kept nowhere. */
export interface ApiToken {
  readonly id: string;
  readonly secretHash: string;
  /** What it is for, in words. */
  readonly name: string;
  readonly person: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** Null: until it is revoked. */
  readonly expiresAtMs: number | null;
  readonly usedAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly revokedBy: string | null;
}

export async function insertToken(tx: Tx, token: ApiToken): Promise<void> {
  await tx
    .insertInto("api_token")
    .values({
      id: token.id,
      secret_hash: token.secretHash,
      name: token.name,
      person: token.person,
      scopes: JSON.stringify(token.scopes),
      created_at: token.createdAtMs,
      created_by: token.createdBy,
      expires_at: token.expiresAtMs,
      used_at: token.usedAtMs,
      revoked_at: token.revokedAtMs,
      revoked_by: token.revokedBy,
    })
    .execute();
}

export async function readTokenBySecret(db: Reader, secretHash: string): Promise<ApiToken | null> {
  const row = await db
    .selectFrom("api_token")
    .selectAll()
    .where("secret_hash", "=", secretHash)
    .executeTakeFirst();
  return row === undefined ? null : toToken(row);
}

export async function readToken(db: Reader, id: string): Promise<ApiToken | null> {
  const row = await db.selectFrom("api_token").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toToken(row);
}

/** Newest first, of one person or of all (null); revoked ones too. */
export async function listTokens(
  db: Reader,
  person: string | null,
  limit: number,
  before: string | null,
): Promise<ApiToken[]> {
  let query = db.selectFrom("api_token").selectAll().orderBy("id", "desc").limit(limit);
  if (person !== null) query = query.where("person", "=", person);
  if (before !== null) query = query.where("id", "<", before);
  return (await query.execute()).map(toToken);
}

export async function noteTokenUsed(tx: Tx, id: string, atMs: number): Promise<void> {
  await tx.updateTable("api_token").set({ used_at: atMs }).where("id", "=", id).execute();
}

/** False when it was revoked before. */
export async function revokeToken(tx: Tx, id: string, by: string, atMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("api_token")
    .set({ revoked_at: atMs, revoked_by: by })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function toToken(row: ApiTokenTable): ApiToken {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    name: row.name,
    person: row.person,
    scopes: JSON.parse(row.scopes) as string[],
    createdAtMs: row.created_at,
    createdBy: row.created_by,
    expiresAtMs: row.expires_at,
    usedAtMs: row.used_at,
    revokedAtMs: row.revoked_at,
    revokedBy: row.revoked_by,
  };
}
