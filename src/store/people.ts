import type { Role } from "../access/principal.ts";
import type { PersonTable } from "./access-tables.ts";
import type { Reader, Tx } from "./store.ts";

/** A person whom the service itself keeps. */
export interface StoredPerson {
  readonly name: string;
  /** The provider's account that the name belongs to; null where none has used it. */
  readonly account: string | null;
  /** Null for whoever has no password here. */
  readonly passwordHash: string | null;
  readonly groups: readonly string[];
  readonly ownRole: Role | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly seenAtMs: number | null;
}

export async function readPerson(db: Reader, name: string): Promise<StoredPerson | null> {
  const row = await db.selectFrom("person").selectAll().where("name", "=", name).executeTakeFirst();
  return row === undefined ? null : toPerson(row);
}

/** By name, after `after` where given. */
export async function listPeople(db: Reader, limit: number, after: string | null): Promise<StoredPerson[]> {
  let query = db.selectFrom("person").selectAll().orderBy("name").limit(limit);
  if (after !== null) query = query.where("name", ">", after);
  return (await query.execute()).map(toPerson);
}

/** Whether anybody can log in with a password that is kept here. */
export async function hasPeopleWithPassword(db: Reader): Promise<boolean> {
  const row = await db
    .selectFrom("person")
    .select("name")
    .where("password_hash", "is not", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What the account of a provider is called here; null where it has never come in. The earliest name, should there be two. */
export async function readNameOfAccount(db: Reader, account: string): Promise<string | null> {
  const row = await db
    .selectFrom("person")
    .select("name")
    .where("account", "=", account)
    .orderBy("created_at")
    .orderBy("name")
    .limit(1)
    .executeTakeFirst();
  return row?.name ?? null;
}

/**
 * False when there is somebody of this name. Whoever is new begins with nothing: sessions and tokens of somebody else who had the name, and
 * who stood in the settings, say, are over.
 */
export async function insertPerson(tx: Tx, person: StoredPerson): Promise<boolean> {
  const result = await tx
    .insertInto("person")
    .values({
      name: person.name,
      account: person.account,
      password_hash: person.passwordHash,
      groups: JSON.stringify(person.groups),
      own_role: person.ownRole,
      created_at: person.createdAtMs,
      created_by: person.createdBy,
      seen_at: person.seenAtMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows !== 1n) return false;
  await deleteCredentials(tx, person.name);
  return true;
}

async function deleteCredentials(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom("session").where("person", "=", name).execute();
  await tx.deleteFrom("api_token").where("person", "=", name).execute();
}

/** What a provider or a proxy has said of somebody at their login. */
export async function updatePersonAtLogin(
  tx: Tx,
  name: string,
  facts: { readonly account: string | null; readonly groups: readonly string[]; readonly atMs: number },
): Promise<void> {
  await tx
    .updateTable("person")
    .set({ account: facts.account, groups: JSON.stringify(facts.groups), seen_at: facts.atMs })
    .where("name", "=", name)
    .execute();
}

export async function notePersonSeen(tx: Tx, name: string, atMs: number): Promise<void> {
  await tx.updateTable("person").set({ seen_at: atMs }).where("name", "=", name).execute();
}

/** Removes the person with their sessions and tokens. False when there is nobody of this name. */
export async function deletePerson(tx: Tx, name: string): Promise<boolean> {
  await deleteCredentials(tx, name);
  const result = await tx.deleteFrom("person").where("name", "=", name).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

function toPerson(row: PersonTable): StoredPerson {
  return {
    name: row.name,
    account: row.account,
    passwordHash: row.password_hash,
    groups: JSON.parse(row.groups) as string[],
    ownRole: row.own_role as Role | null,
    createdAtMs: row.created_at,
    createdBy: row.created_by,
    seenAtMs: row.seen_at,
  };
}
