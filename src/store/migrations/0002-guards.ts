import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** What guards count and hold, what people stop and approve, and how far ladders were climbed. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await extendRuns(db, types);
  await createCounterTables(db, types);
  await createPeopleTables(db, types);
  await createLadderTables(db, types);
}

async function extendRuns(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`alter table run add column rung ${integer} not null default 0`.execute(db);
  await sql`alter table run add column on_resolve ${text}`.execute(db);
  await sql`alter table run add column held_until ${integer}`.execute(db);
  await sql`alter table run add column held_reason ${text}`.execute(db);
  // When it came into line; null for a run that was made in it.
  await sql`alter table run add column queued_at ${integer}`.execute(db);
  // Null where a person asked.
  await sql`alter table run add column cancel_because ${text}`.execute(db);
  await sql`create index run_held on run (held_until) where state = 'queued' and held_until is not null`.execute(
    db,
  );
  // What rate limits count: only rules with guards or a ladder keep the group's values.
  await sql`create index run_rule on run (rule, created_at) where group_key is not null`.execute(db);
  await sql`create index run_runbook on run (runbook, id)`.execute(db);
}

async function createCounterTables(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table run_lock (
    name ${text} not null, run_id ${text} not null, taken_at ${integer}, primary key (name, run_id))`.execute(
    db,
  );
  // At most one run has a lock, whatever the code around it does.
  await sql`create unique index run_lock_taken on run_lock (name) where taken_at is not null`.execute(db);
  await sql`create index run_lock_run on run_lock (run_id)`.execute(db);
  await sql`create table run_host (
    run_id ${text} not null, host ${text} not null, rule ${text}, at ${integer} not null, changed_at ${integer},
    after_run ${text}, primary key (run_id, host))`.execute(db);
  await sql`create index run_host_recent on run_host (host, at)`.execute(db);
  await sql`create table shadow_start (
    id ${text} primary key not null, rule ${text} not null, group_key ${text} not null, at ${integer} not null)`.execute(
    db,
  );
  await sql`create index shadow_start_rule on shadow_start (rule, group_key, at)`.execute(db);
  await sql`create table rule_opening (
    episode_id ${text} not null, rule ${text} not null, group_key ${text} not null, identity ${text} not null,
    opened_at ${integer} not null, primary key (rule, group_key, episode_id))`.execute(db);
}

async function createPeopleTables(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table approval (
    id ${text} primary key not null, run_id ${text} not null, plan_digest ${text} not null, message ${text} not null,
    requested_by ${text} not null, requested_at ${integer} not null, deadline ${integer} not null, state ${text} not null,
    decided_by ${text}, decided_at ${integer}, comment ${text})`.execute(db);
  await sql`create index approval_run on approval (run_id)`.execute(db);
  await sql`create index approval_pending on approval (id) where state = 'pending'`.execute(db);
  await sql`create table pause (
    id ${text} primary key not null, name ${text} not null, scope ${text} not null, reason ${text} not null,
    principal ${text} not null, created_at ${integer} not null, until ${integer} not null, removed_at ${integer},
    removed_by ${text})`.execute(db);
  await sql`create unique index pause_name on pause (name) where removed_at is null`.execute(db);
  await sql`create table host_hold (
    id ${text} primary key not null, host ${text} not null, reason ${text} not null, principal ${text} not null,
    created_at ${integer} not null, until ${integer} not null, released_at ${integer}, released_by ${text})`.execute(
    db,
  );
  await sql`create unique index host_hold_host on host_hold (host) where released_at is null`.execute(db);
  await sql`create table breaker (
    rule ${text} primary key not null, opened_at ${integer}, run_id ${text}, because ${text}, counted_from ${integer} not null)`.execute(
    db,
  );
}

async function createLadderTables(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table ladder (
    rule ${text} not null, group_key ${text} not null, rung ${integer} not null, at ${integer} not null, run_id ${text} not null,
    primary key (rule, group_key))`.execute(db);
  await sql`create table start_once (key ${text} primary key not null, at ${integer} not null)`.execute(db);
  await sql`create table silence (
    run_id ${text} not null, source ${text} not null, silence_id ${text}, ends_at ${integer} not null, lifted_at ${integer},
    primary key (run_id, source))`.execute(db);
}
