import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** People, what they have logged in with, and what programs show in their name. */
export async function up(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table person (
    name ${text} primary key not null, account ${text}, password_hash ${text}, groups ${text} not null, own_role ${text},
    created_at ${integer} not null, created_by ${text} not null, seen_at ${integer})`.execute(db);
  await sql`create table session (
    secret_hash ${text} primary key not null, id ${text} not null, person ${text} not null, via ${text} not null, credential ${text}, address ${text},
    created_at ${integer} not null, seen_at ${integer} not null, expires_at ${integer} not null)`.execute(db);
  await sql`create index session_person on session (person)`.execute(db);
  await sql`create index session_expires on session (expires_at)`.execute(db);
  await sql`create table login_attempt (
    secret_hash ${text} primary key not null, kind ${text} not null, data ${text} not null, expires_at ${integer} not null)`.execute(
    db,
  );
  await sql`create table api_token (
    id ${text} primary key not null, secret_hash ${text} not null, name ${text} not null, person ${text} not null, scopes ${text} not null,
    created_at ${integer} not null, created_by ${text} not null, expires_at ${integer}, used_at ${integer}, revoked_at ${integer},
    revoked_by ${text})`.execute(db);
  await sql`create unique index api_token_secret on api_token (secret_hash)`.execute(db);
  await sql`create index api_token_person on api_token (person, id)`.execute(db);
  await sql`create index run_principal on run (principal, id)`.execute(db);
}
