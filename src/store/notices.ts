import type { NoticeLane } from "../runs/records.ts";
import { inParts } from "./rows.ts";
import type { OutboxTable } from "./schema.ts";
import type { Reader, Tx } from "./store.ts";

// The notices in the outbox, as people and bundles see them.

export const NOTICE_STATES = ["pending", "sent", "dead"] as const;
export type NoticeState = (typeof NOTICE_STATES)[number];

export interface NoticeRecord {
  readonly id: string;
  /** Null for a notice about an alert without a run. */
  readonly runId: string | null;
  readonly to: string;
  readonly event: string;
  readonly title: string;
  readonly url: string;
  readonly state: NoticeState;
  /** When it was sent or given up; while it is pending, when it is tried next. */
  readonly atMs: number;
  readonly attempts: number;
  /** Why the last try failed; null when none did, or a later one did not. */
  readonly message: string | null;
}

/** The notices of a run, oldest first. */
export async function readNotices(db: Reader, runId: string): Promise<NoticeRecord[]> {
  const rows = await selectNotices(db).where("run_id", "=", runId).orderBy("id").execute();
  return rows.map(toNotice);
}

/** Newest first, after `before` (an id) where given. */
export async function listNotices(
  db: Reader,
  state: NoticeState | null,
  limit: number,
  before: string | null,
): Promise<NoticeRecord[]> {
  let query = (state === "dead" ? selectDead(db) : selectNotices(db)).orderBy("id", "desc").limit(limit);
  if (before !== null) query = query.where("id", "<", before);
  if (state === "pending") query = query.where("done_at", "is", null);
  if (state === "sent") query = query.where("done_at", "is not", null).where("dead_at", "is", null);
  return (await query.execute()).map(toNotice);
}

export async function readNotice(db: Reader, id: string): Promise<NoticeRecord | null> {
  const row = await selectNotices(db).where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toNotice(row);
}

/** Puts a notice that was given up in line again, with all its tries. False when it was not given up. */
export async function reviveNotice(tx: Tx, id: string, dueAtMs: number): Promise<boolean> {
  const result = await tx
    .updateTable("outbox")
    .set({ done_at: null, dead_at: null, attempts: 0, due_at: dueAtMs })
    .where("id", "=", id)
    .where("action", "=", "notify")
    .where("dead_at", "is not", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** How many notices wait for their next try, and how many were given up and are still kept. */
export async function countNotices(db: Reader): Promise<{ readonly pending: number; readonly dead: number }> {
  const count = async (notices: ReturnType<typeof selectNotices>) => {
    const counted = notices.clearSelect().select((it) => it.fn.countAll().as("count"));
    return (await counted.executeTakeFirstOrThrow()).count;
  };
  const pending = await count(selectNotices(db).where("done_at", "is", null));
  const dead = await count(selectDead(db));
  return { pending: Number(pending), dead: Number(dead) };
}

export interface ToldLane extends NoticeLane {
  /** The run that was told of; null for an alert without one. */
  readonly runId: string | null;
  /** The rule by which those were chosen who are told; null: the settings. */
  readonly rule: string | null;
}

/** Whom something was told of these threads, or will be; each lane once. */
export async function findToldLanes(tx: Tx, threads: readonly string[]): Promise<ToldLane[]> {
  const queued = await inParts(threads, (part) =>
    tx.selectFrom("outbox").selectAll().where("thread", "in", part).orderBy("id").execute(),
  );
  const kept = await inParts(threads, (part) =>
    tx.selectFrom("notice_thread").selectAll().where("thread", "in", part).execute(),
  );
  const lanes = new Map<string, ToldLane>();
  for (const { thread, notifier, run_id: runId } of kept)
    lanes.set(`${notifier}/${thread}`, { thread, notifier, runId, rule: null });
  for (const row of queued) {
    if (row.thread === null || row.notifier === null) continue;
    const { thread, notifier } = row;
    const { rule = null } = dataOf(row);
    lanes.set(`${notifier}/${thread}`, { thread, notifier, runId: toNotice(row).runId, rule });
  }
  return [...lanes.values()];
}

function selectNotices(db: Reader) {
  return db.selectFrom("outbox").selectAll().where("action", "=", "notify");
}

/** Nothing but a notice is given up; to say so would choose the index of all notices. */
function selectDead(db: Reader) {
  return db.selectFrom("outbox").selectAll().where("dead_at", "is not", null);
}

interface NoticeData {
  readonly event?: string;
  readonly title?: string;
  readonly url?: string;
  readonly rule?: string | null;
  readonly isAboutRun?: boolean;
}

function dataOf(row: Pick<OutboxTable, "data">): NoticeData {
  return JSON.parse(row.data) as NoticeData;
}

function toNotice(row: OutboxTable): NoticeRecord {
  const data = dataOf(row);
  const [event, ...to] = row.target.split(":");
  return {
    id: row.id,
    runId: data.isAboutRun === false ? null : row.run_id,
    to: row.notifier ?? to.join(":"),
    event: data.event ?? event ?? "",
    title: data.title ?? "",
    url: data.url ?? "",
    state: row.dead_at !== null ? "dead" : row.done_at === null ? "pending" : "sent",
    atMs: row.done_at ?? row.due_at,
    attempts: row.attempts,
    message: row.last_error,
  };
}
