import type { Reader } from "./store.ts";

/** Runs of a rule looked at; more of them in the time of one breaker do not happen. */
const LOOKED_AT_MAX = 1_000;

/**
 * When those of the newest runs of a rule ended that failed, were cut off, or did not help; each once, in any order. Only
 * rules whose runs keep a group key are counted.
 */
export async function readFailures(db: Reader, rule: string): Promise<number[]> {
  const rows = await db
    .selectFrom((query) =>
      query
        .selectFrom("run")
        .select(["state", "outcome", "started_at", "finished_at"])
        .where("rule", "=", rule)
        .where("group_key", "is not", null)
        .orderBy("created_at", "desc")
        .limit(LOOKED_AT_MAX)
        .as("newest"),
    )
    .select("finished_at")
    .where("finished_at", "is not", null)
    .where((where) =>
      where.or([
        where("state", "in", ["failed", "interrupted"]),
        // One that nobody approved in time never began.
        where.and([where("state", "=", "timed_out"), where("started_at", "is not", null)]),
        where("outcome", "in", ["no_effect", "worse"]),
      ]),
    )
    .execute();
  return rows.flatMap((row) => row.finished_at ?? []);
}
