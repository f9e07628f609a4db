import { type Expression, type SqlBool, sql } from "kysely";
import type { Decision, Trigger } from "../runs/records.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { RunState } from "../runs/states.ts";
import { inParts } from "./rows.ts";
import type { Reader } from "./store.ts";

// What was done about an alert, in one decision: the newest of those that weigh most. What has a run weighs more than a refusal, that
// more than what was only observed, and that more than that no rule matched. That it closed or repeated says nothing.

/** The decision that tells best what was done about an alert. */
export interface LastDecision extends Pick<Decision, "kind" | "rule" | "reason" | "runId" | "atMs"> {
  /** What it runs, who asked for it, and what became of it; null where it has no run that is still kept. */
  readonly runOf: {
    readonly runbook: string;
    readonly state: RunState;
    readonly trigger: Pick<Trigger, "principal">;
  } | null;
}

/** The last decision of each of these episodes, by its id; absent where nothing was decided. */
export async function readLastDecisions(
  db: Reader,
  episodeIds: readonly string[],
): Promise<Map<string, LastDecision>> {
  const rows = await inParts([...new Set(episodeIds)], (part) =>
    db
      .selectFrom("decision as it")
      .leftJoin("run", "run.id", "it.run_id")
      .select(["it.episode_id", "it.kind", "it.rule", "it.reason", "it.run_id", "it.at"])
      .select(["run.runbook", "run.state", "run.principal"])
      .where("it.episode_id", "in", part)
      .where(isLastDecision())
      .execute(),
  );
  return new Map(
    rows.map((row) => [
      row.episode_id ?? "",
      {
        kind: row.kind as DecisionKind,
        rule: row.rule,
        reason: row.reason as Reason | null,
        runId: row.run_id,
        atMs: row.at,
        runOf:
          row.runbook === null || row.state === null || row.principal === null
            ? null
            : {
                runbook: row.runbook,
                state: row.state as RunState,
                trigger: { principal: row.principal },
              },
      },
    ]),
  );
}

/** Whether the decision called `it` is the last one of its episode, in the sense above. */
export function isLastDecision(): Expression<SqlBool> {
  return sql<SqlBool>`it.kind not in ('closed', 'repeat') and not exists (
    select 1 from decision as better where better.episode_id = it.episode_id and better.kind not in ('closed', 'repeat')
    and (${weightOf("better")} < ${weightOf("it")} or (${weightOf("better")} = ${weightOf("it")} and better.id > it.id)))`;
}

/** 0 weighs most. What has a run was begun, or is a later word on what was. */
function weightOf(table: "it" | "better"): Expression<number> {
  const kind = sql.ref(`${table}.kind`);
  return sql<number>`case when ${sql.ref(`${table}.run_id`)} is not null then 0 when ${kind} in ('refused', 'delayed') then 1 when ${kind} = 'observed' then 2 else 3 end`;
}
