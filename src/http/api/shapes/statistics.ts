import { z } from "zod";
import { DECISION_KINDS } from "../../../runs/reasons.ts";
import { OUTCOMES } from "../../../runs/states.ts";
import { RUN_ENDS, type Statistics } from "../../../runs/statistics.ts";
import { countSchema, type Shape } from "./common.ts";
import { reasonSchema } from "./words.ts";

const countsOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.record(z.enum(words), countSchema);

export const statisticsSchema = z
  .object({
    episodes: countSchema,
    decisions: z.array(
      z.object({ kind: z.enum(DECISION_KINDS), reason: reasonSchema.nullable(), count: countSchema }),
    ),
    runs: z.record(z.string(), countSchema).meta({ description: `By their end: ${RUN_ENDS.join(", ")}.` }),
    outcomes: countsOf(OUTCOMES),
    success_rate: z.number().min(0).max(1).nullable(),
    self_resolved: countSchema,
    median_seconds_to_fix: z.number().nullable(),
  })
  .meta({ id: "Statistics" });

/** Statistics of a rule, a runbook or the service, over one window. */
export function statisticsShape(statistics: Statistics): Shape<typeof statisticsSchema> {
  const { episodes, decisions, runs, outcomes, successRate, selfResolved, medianFixMs } = statistics;
  return {
    episodes,
    decisions: decisions.map(({ kind, reason, count }) => ({ kind, reason, count })),
    runs: Object.fromEntries(runs),
    outcomes: Object.fromEntries(outcomes) as Record<(typeof OUTCOMES)[number], number>,
    success_rate: successRate,
    self_resolved: selfResolved,
    median_seconds_to_fix: medianFixMs === null ? null : medianFixMs / 1_000,
  };
}
