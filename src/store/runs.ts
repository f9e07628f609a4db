import type { Selectable } from "kysely";
import type { Plan } from "../runbooks/plan.ts";
import type { Reason } from "../runs/reasons.ts";
import {
  type Cause,
  ON_RESOLVE_DEFAULT,
  type Run,
  type StoredOnResolve,
  type StoredVerification,
  type TriggerKind,
} from "../runs/records.ts";
import type { Outcome, RunState } from "../runs/states.ts";
import { storedGroupKey } from "./group-key.ts";
import { inParts } from "./rows.ts";
import type { RunTable } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

/** Cancels runs that have not started: they wait for a slot, or for a person. Returns the ids of those that were cancelled. */
export async function cancelQueuedRuns(
  tx: Tx,
  ids: readonly string[],
  atMs: number,
  message: string,
): Promise<string[]> {
  const rows = await inParts(ids, (part) =>
    tx
      .updateTable("run")
      .set({ state: "cancelled", finished_at: atMs, message })
      .where("id", "in", part)
      .where("state", "in", ["queued", "waiting_person"])
      // One that has begun and waits for people goes on to what follows its steps.
      .where("started_at", "is", null)
      .returning("id")
      .execute(),
  );
  return rows.map((row) => row.id);
}

/** Asks whoever executes the run to stop it; one that waits for its time is taken up at once. False when it has ended already. */
export async function requestCancel(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ cancel_requested_at: atMs, cancel_because: null, parked_until: null })
    .where("id", "=", id)
    .where("state", "=", "running")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** A run that is to be stopped; `because` as in {@link Run}. */
export interface CancelRequest {
  readonly runId: string;
  readonly because: Run["cancelBecause"];
}

/** Runs of this node that somebody wants stopped. */
export async function readCancelRequests(db: Reader, owner: string): Promise<CancelRequest[]> {
  const rows = await db
    .selectFrom("run")
    .select(["id", "cancel_because"])
    .where("owner", "=", owner)
    .where("state", "=", "running")
    .where("cancel_requested_at", "is not", null)
    .execute();
  return rows.map((row) => ({ runId: row.id, because: toCancelBecause(row.cancel_because) }));
}

export async function setRunOutcome(tx: Tx, id: string, outcome: Outcome, because: string): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ outcome, outcome_because: because })
    .where("id", "=", id)
    .where("outcome", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** When the newest run of a rule and group ended, null inside while it has not. Null when there was none, or none that began. */
export async function readCooldownFacts(
  tx: Tx,
  rule: string,
  groupKey: string,
): Promise<{ finishedAtMs: number | null } | null> {
  const row = await tx
    .selectFrom("run")
    .select(["finished_at"])
    .where("rule", "=", rule)
    .where("group_key", "=", storedGroupKey(groupKey))
    .where((where) =>
      where.or([
        where("state", "not in", ["cancelled", "rejected", "timed_out"]),
        where("started_at", "is not", null),
      ]),
    )
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { finishedAtMs: row.finished_at };
}

export interface QueueFacts {
  readonly queued: number;
  readonly oldestCreatedAtMs: number | null;
}

export async function readQueueFacts(db: Reader): Promise<QueueFacts> {
  const count = db
    .selectFrom("run")
    .select((it) => it.fn.countAll().as("count"))
    .where("state", "=", "queued");
  // Ids are in the order of creation, so that the index alone answers both.
  const oldest = db
    .selectFrom("run")
    .select("created_at")
    .where("state", "=", "queued")
    .orderBy("id")
    .limit(1);
  const [counted, first] = [await count.executeTakeFirstOrThrow(), await oldest.executeTakeFirst()];
  return { queued: Number(counted.count), oldestCreatedAtMs: first?.created_at ?? null };
}

/** When the next parked or held run is to be looked at; null when there is none. */
export async function nextWaitingMs(db: Reader): Promise<number | null> {
  const parked = await db
    .selectFrom("run")
    .select((it) => it.fn.min("parked_until").as("until"))
    .where("state", "=", "running")
    .where("owner", "is", null)
    .executeTakeFirst();
  const held = await db
    .selectFrom("run")
    .select((it) => it.fn.min("held_until").as("until"))
    .where("state", "=", "queued")
    .where("held_until", "is not", null)
    .executeTakeFirst();
  const times = [parked?.until, held?.until].flatMap((until) =>
    until === null || until === undefined ? [] : [Number(until)],
  );
  return times.length === 0 ? null : Math.min(...times);
}

export async function readRun(db: Reader, id: string): Promise<Run | null> {
  const row = await db.selectFrom("run").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** What somebody sees who does not see everything: what they asked for themselves, and the runs of some runbooks. */
export interface VisibleRuns {
  /** By a person; of these runbooks alone, for a token that is for them; null for all. */
  readonly own: { readonly principal: string; readonly runbooks: readonly string[] | null };
  readonly kind: "only" | "except";
  readonly runbooks: readonly string[];
}

/** What a list of runs is narrowed by; what is not given, or null, does not narrow it. */
export interface RunFilter {
  readonly visible?: VisibleRuns | null;
  readonly state?: RunState | null;
  readonly outcome?: Outcome | null;
  readonly trigger?: TriggerKind | null;
  readonly runbook?: string | null;
  readonly rule?: string | null;
  /** It has a step that may change this host. */
  readonly host?: string | null;
  readonly episodeId?: string | null;
}

/** Newest first, after `before` (an id) where given. */
export async function listRuns(
  db: Reader,
  filter: RunFilter,
  limit: number,
  before: string | null,
): Promise<Run[]> {
  let query = db.selectFrom("run").selectAll().orderBy("id", "desc").limit(limit);
  if (before !== null) query = query.where("id", "<", before);
  const { visible = null, host = null } = filter;
  const wanted = [
    ["state", filter.state],
    ["outcome", filter.outcome],
    ["trigger_kind", filter.trigger],
    ["runbook", filter.runbook],
    ["rule", filter.rule],
    ["episode_id", filter.episodeId],
  ] as const;
  for (const [column, value = null] of wanted) if (value !== null) query = query.where(column, "=", value);
  if (host !== null)
    query = query.where("id", "in", (from) =>
      from.selectFrom("run_host").select("run_id").where("host", "=", host),
    );
  if (visible !== null)
    query = query.where((row) => {
      const { own, kind, runbooks } = visible;
      // What no rule has started: the index of who asked for a run holds only that.
      const isOwn = row.and([row("principal", "=", own.principal), row("rule", "is", null)]);
      const isOwnInScope =
        own.runbooks === null ? isOwn : row.and([isOwn, row("runbook", "in", [...own.runbooks])]);
      // An empty list is no SQL.
      const named = runbooks.length === 0 ? [""] : [...runbooks];
      return row.or([isOwnInScope, row("runbook", kind === "only" ? "in" : "not in", named)]);
    });
  return (await query.execute()).map(toRun);
}

/** A row as the rest of the program sees it. */
export function toRun(row: Selectable<RunTable>): Run {
  return {
    id: row.id,
    runbook: row.runbook,
    runbookDigest: row.runbook_digest,
    plan: JSON.parse(row.plan) as Plan,
    planDigest: row.plan_digest,
    state: row.state as RunState,
    outcome: row.outcome as Outcome | null,
    outcomeBecause: row.outcome_because,
    trigger: {
      kind: row.trigger_kind as TriggerKind,
      rule: row.rule,
      episodeId: row.episode_id,
      principal: row.principal,
    },
    groupId: row.group_id,
    groupKey: row.group_key,
    rung: row.rung,
    onResolve: row.on_resolve === null ? ON_RESOLVE_DEFAULT : (JSON.parse(row.on_resolve) as StoredOnResolve),
    heldReason: row.held_reason as Reason | null,
    heldUntilMs: row.held_until,
    queuedAtMs: row.queued_at ?? row.created_at,
    isDryRun: row.dry_run === 1,
    cause: JSON.parse(row.cause) as Cause,
    verification: row.verification === null ? null : (JSON.parse(row.verification) as StoredVerification),
    owner: row.owner,
    fence: row.fence,
    createdAtMs: row.created_at,
    waitedMs: row.waited_ms,
    startedAtMs: row.started_at,
    finishedAtMs: row.finished_at,
    changeStartedAtMs: row.change_started_at,
    changeEndedAtMs: row.change_ended_at,
    failedStep: row.failed_step,
    message: row.message,
    summary: row.summary,
    result: row.result === null ? null : (JSON.parse(row.result) as Record<string, unknown>),
    catalogDigest: row.catalog_digest,
    cancelRequestedAtMs: row.cancel_requested_at,
    cancelBecause: toCancelBecause(row.cancel_because),
  };
}

function toCancelBecause(text: string | null): Run["cancelBecause"] {
  return text === "alert_ended" ? text : null;
}
