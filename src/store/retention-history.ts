import { firstIdAt } from "../platform/ids.ts";
import { inParts } from "./rows.ts";
import type { Page } from "./retention.ts";
import type { Reader, Tx } from "./store.ts";

// What of deliveries, decisions and alerts is old enough to go, a bounded number at a time. Nothing of an alert that still fires.

/** Bodies as received. A delivery that opened an alert stays as long as that alert fires. */
export async function findExpiredDeliveries(
  db: Reader,
  beforeMs: number,
  page: Page,
): Promise<{ readonly id: string; readonly bytes: number }[]> {
  const rows = await db
    .selectFrom("delivery")
    .select((it) => ["id", it.fn.coalesce(it.fn<number>("length", ["body"]), it.lit(0)).as("bytes")])
    .where("id", ">", page.afterId)
    .where("id", "<", firstIdAt(beforeMs))
    .where("received_at", "<", beforeMs)
    .where("id", "not in", (open) =>
      open.selectFrom("episode").select("delivery_id").where("state", "=", "firing"),
    )
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ id: row.id, bytes: Number(row.bytes) }));
}

/** `countedTo`: the statistics have all decisions up to this id. */
export async function findExpiredDecisions(
  db: Reader,
  cut: { readonly beforeMs: number; readonly countedTo: string },
  page: Page,
): Promise<string[]> {
  const beforeId = firstIdAt(cut.beforeMs);
  const rows = await db
    .selectFrom("decision")
    .select("id")
    .where("id", ">", page.afterId)
    .where("id", "<", beforeId < cut.countedTo ? beforeId : cut.countedTo)
    .where("at", "<", cut.beforeMs)
    .where((where) =>
      where.or([
        where("episode_id", "is", null),
        where.and([
          where("episode_id", "not in", (open) =>
            open.selectFrom("episode").select("id").where("state", "=", "firing"),
          ),
          where("episode_id", "not in", (pinned) =>
            pinned
              .selectFrom("run")
              .select("episode_id")
              .where("pinned_at", "is not", null)
              .where("episode_id", "is not", null),
          ),
        ]),
      ]),
    )
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Alerts that ended before, and of which neither a run nor a decision is left. */
export async function findExpiredEpisodes(db: Reader, beforeMs: number, page: Page): Promise<string[]> {
  const rows = await db
    .selectFrom("episode")
    .select("episode.id")
    .where("episode.id", ">", page.afterId)
    .where("episode.id", "<", firstIdAt(beforeMs))
    .where("episode.state", "<>", "firing")
    .where("episode.closed_at", "<", beforeMs)
    .where((where) => {
      const one = where.lit(1).as("one");
      return where.and([
        where.not(
          where.exists(where.selectFrom("run").select(one).whereRef("run.episode_id", "=", "episode.id")),
        ),
        where.not(
          where.exists(
            where.selectFrom("decision").select(one).whereRef("decision.episode_id", "=", "episode.id"),
          ),
        ),
        // A group goes on as long as one of its alerts fires, and its runs with it.
        where.not(
          where.exists(
            where
              .selectFrom("group_member")
              .innerJoin("alert_group", "alert_group.id", "group_member.group_id")
              .select(one)
              .whereRef("group_member.episode_id", "=", "episode.id")
              .where((inner) =>
                inner.or([
                  inner("alert_group.closed_at", "is", null),
                  inner.exists(
                    inner.selectFrom("run").select(one).whereRef("run.id", "=", "alert_group.run_id"),
                  ),
                ]),
              ),
          ),
        ),
        where.not(
          where.exists(
            where
              .selectFrom("outbox")
              .select(one)
              .whereRef("outbox.run_id", "=", "episode.id")
              .where("outbox.done_at", "is", null),
          ),
        ),
        where.not(
          where.exists(
            where
              .selectFrom("timer")
              .select(one)
              .where("timer.kind", "=", "judge")
              .whereRef("timer.subject", "=", "episode.id"),
          ),
        ),
      ]);
    })
    .orderBy("episode.id")
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.id);
}

export async function deleteDeliveries(tx: Tx, ids: readonly string[]): Promise<void> {
  await inParts(ids, (part) => tx.deleteFrom("delivery").where("id", "in", part).execute());
}

export async function deleteDecisions(tx: Tx, ids: readonly string[]): Promise<void> {
  await inParts(ids, (part) => tx.deleteFrom("decision").where("id", "in", part).execute());
}

/** Removes alerts with what was counted and told of them, and the groups in which nobody is left. */
export async function deleteEpisodes(tx: Tx, ids: readonly string[]): Promise<void> {
  const groups = await inParts(ids, (part) =>
    tx.deleteFrom("group_member").where("episode_id", "in", part).returning("group_id").execute(),
  );
  await inParts(ids, (part) => tx.deleteFrom("episode_pulse").where("episode_id", "in", part).execute());
  await inParts(ids, (part) => tx.deleteFrom("outbox").where("run_id", "in", part).execute());
  await inParts(ids, (part) => tx.deleteFrom("episode").where("id", "in", part).execute());
  await inParts([...new Set(groups.map((row) => row.group_id))], (part) =>
    tx
      .deleteFrom("alert_group")
      .where("id", "in", part)
      .where("closed_at", "is not", null)
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom("group_member")
              .select("episode_id")
              .whereRef("group_member.group_id", "=", "alert_group.id"),
          ),
        ),
      )
      .execute(),
  );
}

/** What guards and ladders noted before this time, which is longer ago than any of their windows. Gives the number of rows. */
export async function deleteGuardNotes(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  let rows = 0;
  const shadows = await tx
    .deleteFrom("shadow_start")
    .where("id", "in", (old) =>
      old.selectFrom("shadow_start").select("id").where("at", "<", beforeMs).limit(limit),
    )
    .executeTakeFirst();
  rows += Number(shadows.numDeletedRows);
  const ladders = await tx.deleteFrom("ladder").where("at", "<", beforeMs).executeTakeFirst();
  rows += Number(ladders.numDeletedRows);
  const once = await tx
    .deleteFrom("start_once")
    .where("key", "in", (old) =>
      old.selectFrom("start_once").select("key").where("at", "<", beforeMs).limit(limit),
    )
    .executeTakeFirst();
  rows += Number(once.numDeletedRows);
  const openings = await tx
    .deleteFrom("rule_opening")
    .where("opened_at", "<", beforeMs)
    .where("episode_id", "not in", (open) =>
      open.selectFrom("episode").select("id").where("state", "=", "firing"),
    )
    .executeTakeFirst();
  return rows + Number(openings.numDeletedRows);
}
