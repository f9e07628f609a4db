import { z } from "zod";
import { type Outcome, OUTCOMES, type RunEnd } from "../../../runs/states.ts";
import { RUN_ENDS, type Statistics } from "../../../runs/statistics.ts";
import { countSchema, type Shape } from "./common.ts";
import { decisionKindSchema, reasonSchema } from "./words.ts";

/** How many of each word. */
function countsOf<Word extends string>(words: readonly Word[]) {
  return z.object(
    Object.fromEntries(words.map((word) => [word, countSchema])) as Record<Word, typeof countSchema>,
  );
}

export const statisticsSchema = z
  .object({
    episodes: countSchema,
    decisions: z.array(
      z.object({ kind: decisionKindSchema, reason: reasonSchema.nullable(), count: countSchema }),
    ),
    runs: countsOf(RUN_ENDS),
    outcomes: countsOf(OUTCOMES),
    success_rate: z.number().min(0).max(1).nullable(),
    self_resolved: countSchema,
    median_seconds_to_fix: z.number().nullable(),
  })
  .meta({ id: "Statistics" });

type Counts<Word extends string> = Readonly<Record<Word, number>>;

/** Statistics of a rule, a runbook or the service, over one window. */
export function statisticsShape(statistics: Statistics): Shape<typeof statisticsSchema> {
  const { episodes, decisions, runs, outcomes, successRate, selfResolved, medianFixMs } = statistics;
  return {
    episodes,
    decisions: decisions.map(({ kind, reason, count }) => ({ kind, reason, count })),
    runs: Object.fromEntries(runs) as Counts<RunEnd>,
    outcomes: Object.fromEntries(outcomes) as Counts<Outcome>,
    success_rate: successRate,
    self_resolved: selfResolved,
    median_seconds_to_fix: medianFixMs === null ? null : medianFixMs / 1_000,
  };
}
