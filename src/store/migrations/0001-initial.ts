import { type Kysely, sql } from "kysely";
import type { ColumnTypes } from "../column-types.ts";

/** Every table of the first version. Ids are UUIDv7 text, so that rows and index entries are appended. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createIntakeTables(db, types);
  await createRunTables(db, types);
  await createEvidenceTables(db, types);
}

async function createIntakeTables(db: Kysely<unknown>, { text, integer, blob }: ColumnTypes): Promise<void> {
  await sql`create table delivery (
    id ${text} primary key not null, source ${text} not null, dialect ${text} not null, received_at ${integer} not null, body ${blob},
    alerts ${integer} not null, truncated ${integer} not null, receiver ${text}, external_url ${text})`.execute(
    db,
  );
  await sql`create table episode (
    id ${text} primary key not null, identity ${text} not null, source ${text} not null, fingerprint ${text} not null, state ${text} not null,
    nature ${text} not null, labels ${text} not null, annotations ${text} not null, context ${text} not null, starts_at ${integer} not null, starts_at_text ${text} not null,
    generator_url ${text}, opened_at ${integer} not null, ends_at ${integer}, closed_at ${integer},
    delivery_id ${text} not null, last_decision ${text}, outcome ${text})`.execute(db);
  // At most one open episode for each alert: what makes two concurrent deliveries of one alert one episode and one run.
  await sql`create unique index episode_open on episode (identity) where state = 'firing'`.execute(db);
  // Two partial indexes: opening an alert writes to one of them only. Identities begin with the fingerprint, so that both
  // also find an alert by it.
  await sql`create index episode_closed on episode (identity, id) where state <> 'firing'`.execute(db);
  await sql`create table episode_pulse (
    episode_id ${text} primary key not null, last_firing_at ${integer} not null, repeats ${integer} not null)`.execute(
    db,
  );
  await sql`create table decision (
    id ${text} primary key not null, delivery_id ${text}, episode_id ${text}, at ${integer} not null, kind ${text} not null, rule ${text}, reason ${text},
    run_id ${text}, detail ${text} not null, catalog_digest ${text} not null)`.execute(db);
  await sql`create index decision_episode on decision (episode_id, id)`.execute(db);
  await sql`create table alert_group (
    id ${text} primary key not null, rule ${text} not null, group_key ${text} not null, opened_at ${integer} not null, closed_at ${integer}, run_id ${text})`.execute(
    db,
  );
  await sql`create unique index alert_group_open on alert_group (rule, group_key) where closed_at is null`.execute(
    db,
  );
  await sql`create table group_member (
    group_id ${text} not null, episode_id ${text} not null, is_judged ${integer} not null, primary key (group_id, episode_id))`.execute(
    db,
  );
  await sql`create index group_member_episode on group_member (episode_id)`.execute(db);
}

async function createRunTables(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table runbook_text (digest ${text} primary key not null, name ${text} not null, file ${text} not null, text ${text} not null)`.execute(
    db,
  );
  await sql`create table run (
    id ${text} primary key not null, runbook ${text} not null, runbook_digest ${text} not null, plan ${text} not null, plan_digest ${text} not null,
    state ${text} not null, outcome ${text}, outcome_because ${text}, trigger_kind ${text} not null, rule ${text}, episode_id ${text}, principal ${text} not null, group_id ${text},
    group_key ${text}, cause ${text} not null, verification ${text}, owner ${text}, fence ${integer} not null, lease_until ${integer},
    parked_until ${integer}, created_at ${integer} not null, started_at ${integer}, finished_at ${integer}, change_started_at ${integer},
    change_ended_at ${integer}, failed_step ${text}, message ${text}, summary ${text}, catalog_digest ${text} not null,
    cancel_requested_at ${integer})`.execute(db);
  await sql`create index run_live on run (state, id) where state in ('queued', 'waiting_person', 'running')`.execute(
    db,
  );
  await sql`create index run_guard on run (rule, group_key, id) where group_key is not null`.execute(db);
  await sql`create index run_episode on run (episode_id) where episode_id is not null`.execute(db);
  await sql`create table step (
    run_id ${text} not null, id ${text} not null, section ${text} not null, position ${integer} not null, verb ${text} not null, effect ${text} not null,
    host ${text}, state ${text} not null, attempts ${integer} not null, exit_code ${integer}, started_at ${integer}, finished_at ${integer},
    message ${text}, facts ${text}, wait_until ${integer}, primary key (run_id, id))`.execute(db);
  await sql`create table attempt (
    run_id ${text} not null, step_id ${text} not null, number ${integer} not null, fence ${integer} not null, intent_at ${integer} not null,
    finished_at ${integer}, status ${text}, exit_code ${integer}, message ${text}, primary key (run_id, step_id, number))`.execute(
    db,
  );
  await sql`create table timer (
    id ${text} primary key not null, kind ${text} not null, subject ${text} not null, due_at ${integer} not null, data ${text} not null)`.execute(
    db,
  );
  await sql`create unique index timer_subject on timer (kind, subject)`.execute(db);
  await sql`create index timer_due on timer (due_at)`.execute(db);
  await sql`create table node (id ${text} primary key not null, started_at ${integer} not null, seen_at ${integer} not null)`.execute(
    db,
  );
}

async function createEvidenceTables(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await sql`create table outbox (
    id ${text} primary key not null, run_id ${text} not null, action ${text} not null, target ${text} not null, data ${text} not null,
    due_at ${integer} not null, attempts ${integer} not null, done_at ${integer}, last_error ${text})`.execute(
    db,
  );
  await sql`create unique index outbox_once on outbox (run_id, action, target)`.execute(db);
  await sql`create index outbox_due on outbox (due_at) where done_at is null`.execute(db);
  await sql`create table artifact (
    run_id ${text} not null, path ${text} not null, step_id ${text}, host ${text}, bytes ${integer} not null, sha256 ${text} not null,
    content_type ${text} not null, is_truncated ${integer} not null, is_changed ${integer} not null, primary key (run_id, path))`.execute(
    db,
  );
  await sql`create table run_problem (
    id ${text} primary key not null, run_id ${text} not null, step_id ${text} not null, path ${text} not null, message ${text} not null)`.execute(
    db,
  );
  await sql`create index run_problem_run on run_problem (run_id, id)`.execute(db);
  await sql`create table bundle (
    run_id ${text} not null, revision ${integer} not null, file_name ${text} not null, sha256 ${text} not null, bytes ${integer} not null,
    sealed_at ${integer} not null, primary key (run_id, revision))`.execute(db);
}
