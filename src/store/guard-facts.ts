import { sql } from "kysely";
import { storedGroupKey } from "./group-key.ts";
import { inParts } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

// What guards count. Everything here reads what is committed and what the same transaction has written.

/** Any number; it must not change, since nodes of different versions meet on it. */
const GUARD_LOCK = 719_400_212;

/**
 * From here to the end of the transaction nobody else judges guards, so that what was counted still holds when it is
 * written. SQLite has one writer anyway.
 */
export async function lockGuards(tx: Tx, dialect: "sqlite" | "postgres"): Promise<void> {
  if (dialect === "postgres") await sql`select pg_advisory_xact_lock(${GUARD_LOCK})`.execute(tx);
}

/** A run that was cancelled before it began, or that a person refused, does not count as a start. */
const NEVER_BEGAN = ["cancelled", "rejected", "timed_out"] as const;

/** When the newest runs of a rule were decided on, newest first. Only rules whose runs keep a group key are counted. */
export async function readRuleStarts(db: Reader, rule: string, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom("run")
    .select("created_at")
    .where("rule", "=", rule)
    .where("group_key", "is not", null)
    .where("rung", "=", 0)
    .where((where) => where.or([where("state", "not in", NEVER_BEGAN), where("started_at", "is not", null)]))
    .orderBy("created_at", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => row.created_at);
}

/** When the newest runs of a runbook were decided on, newest first, but for dry runs; those that one person asked for where given. */
export async function readRunbookStarts(
  db: Reader,
  runbook: string,
  principal: string | null,
  limit: number,
): Promise<number[]> {
  let query = db
    .selectFrom("run")
    .select("created_at")
    .where("runbook", "=", runbook)
    .where("dry_run", "=", 0)
    .where((where) => where.or([where("state", "not in", NEVER_BEGAN), where("started_at", "is not", null)]));
  if (principal !== null) query = query.where("principal", "=", principal).where("rule", "is", null);
  const rows = await query.orderBy("id", "desc").limit(limit).execute();
  return rows.map((row) => row.created_at);
}

/** When a rule in `observe` would have started something, newest first; for one group where given. */
export async function readShadowStarts(
  db: Reader,
  rule: string,
  groupKey: string | null,
  limit: number,
): Promise<number[]> {
  let query = db.selectFrom("shadow_start").select("at").where("rule", "=", rule);
  if (groupKey !== null) query = query.where("group_key", "=", storedGroupKey(groupKey));
  const rows = await query.orderBy("at", "desc").limit(limit).execute();
  return rows.map((row) => row.at);
}

export interface ShadowStart {
  readonly episodeId: string;
  readonly rule: string;
  readonly groupKey: string;
  readonly atMs: number;
}

/** A second time for the same alert changes nothing: it would have had its run. */
export async function addShadowStart(tx: Tx, start: ShadowStart): Promise<void> {
  await tx
    .insertInto("shadow_start")
    .values({
      id: shadowId(start),
      rule: start.rule,
      group_key: storedGroupKey(start.groupKey),
      at: start.atMs,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

/** Whether a rule in `observe` would have started something for this alert already. */
export async function hasShadowStart(
  db: Reader,
  start: Pick<ShadowStart, "episodeId" | "rule">,
): Promise<boolean> {
  const row = await db
    .selectFrom("shadow_start")
    .select("id")
    .where("id", "=", shadowId(start))
    .executeTakeFirst();
  return row !== undefined;
}

function shadowId({ episodeId, rule }: Pick<ShadowStart, "episodeId" | "rule">): string {
  return `${episodeId}:${rule}`;
}

export interface Opening {
  readonly episodeId: string;
  readonly rule: string;
  readonly groupKey: string;
  readonly identity: string;
  readonly openedAtMs: number;
}

/** Notes that a rule with `when_count` matched an alert, and counts the distinct alerts of the group that opened since. */
export async function countOpenings(tx: Tx, opening: Opening, sinceMs: number): Promise<number> {
  const key = storedGroupKey(opening.groupKey);
  await tx
    .insertInto("rule_opening")
    .values({
      episode_id: opening.episodeId,
      rule: opening.rule,
      group_key: key,
      identity: opening.identity,
      opened_at: opening.openedAtMs,
    })
    .onConflict((conflict) => conflict.columns(["rule", "group_key", "episode_id"]).doNothing())
    .execute();
  const ofGroup = tx.selectFrom("rule_opening").where("rule", "=", opening.rule).where("group_key", "=", key);
  const row = await ofGroup
    .where("opened_at", ">=", sinceMs)
    .select((it) => it.fn.count("identity").distinct().as("count"))
    .executeTakeFirstOrThrow();
  // What has left the window is never counted again.
  await tx
    .deleteFrom("rule_opening")
    .where("rule", "=", opening.rule)
    .where("group_key", "=", key)
    .where("opened_at", "<", sinceMs)
    .execute();
  return Number(row.count);
}

/** Runs of a rule or a runbook that are under way, and those that wait for a slot or a lock. */
export async function countLiveRuns(
  db: Reader,
  of: RunsOf,
  exceptRunId: string | null = null,
): Promise<{ readonly running: number; readonly queued: number }> {
  let query = liveRuns(db, of)
    .select(["state"])
    .select((it) => it.fn.countAll().as("count"));
  if (exceptRunId !== null) query = query.where("id", "<>", exceptRunId);
  const rows = await query.groupBy("state").execute();
  const count = (state: string) => Number(rows.find((row) => row.state === state)?.count ?? 0);
  return { running: count("running") + count("waiting_person"), queued: count("queued") };
}

/** Runs of a rule or a runbook that {@link countLiveRuns} counts as running, oldest first. */
export async function findRunsUnderWay(db: Reader, of: RunsOf, limit: number): Promise<string[]> {
  const rows = await liveRuns(db, of)
    .select("id")
    .where("state", "<>", "queued")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

interface RunsOf {
  readonly kind: "rule" | "runbook";
  readonly name: string;
}

/**
 * One that waits for people is live in the middle of its steps; before them it is not. The name is hidden from the indexes of names, since
 * few runs are live and a runbook may have had very many: with 200,000 of them this takes 0.03 ms, and 33 by the index of runbooks.
 */
function liveRuns(db: Reader, { kind, name }: RunsOf) {
  return db
    .selectFrom("run")
    .where("state", "in", ["queued", "running", "waiting_person"])
    .where((where) => where.or([where("state", "<>", "waiting_person"), where("started_at", "is not", null)]))
    .where((where) => where.fn.coalesce(kind, where.val("")), "=", name);
}

/** For each lock that a run has or stands in line for: that run, the one that has it first. Who waits for people stands in no line. */
export async function readLockHolders(db: Reader, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await inParts(names, (part) =>
    db
      .selectFrom("run_lock")
      .innerJoin("run", "run.id", "run_lock.run_id")
      .select(["run_lock.name", "run_lock.run_id", "run_lock.taken_at"])
      .where("run_lock.name", "in", part)
      .where((where) =>
        where.or([where("run.state", "<>", "waiting_person"), where("run_lock.taken_at", "is not", null)]),
      )
      .orderBy("run_lock.run_id")
      .execute(),
  );
  const holders = new Map<string, string>();
  for (const row of rows)
    if (row.taken_at !== null || !holders.has(row.name)) holders.set(row.name, row.run_id);
  return holders;
}
