import { z } from "zod";
import { intervalNameSchema } from "../intervals/schema.ts";
import {
  countSchema,
  distinctSchema,
  positiveDurationSchema,
  textSchema,
  wordSchema,
} from "../platform/schemas.ts";
import { ON_BUSY, WAIT_DEFAULT_MS } from "./guards.ts";

const LOCKS_MAX = 20;
const LOCK_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;

export const rateSchema = z.strictObject({ max: countSchema, per: positiveDurationSchema });

export const intervalNamesSchema = distinctSchema(intervalNameSchema).min(
  1,
  "name at least one time interval",
);

const BUDGET_MAX = "write a number of hosts such as 2, or a share of them from 1% to 100%";

const budgetSchema = z.strictObject({
  hosts: textSchema.min(1).meta({ description: 'Label matchers over the inventory, such as role = "web"' }),
  max: z
    .union([countSchema, z.string().regex(/^([1-9][0-9]?|100)%$/, BUDGET_MAX)], { error: BUDGET_MAX })
    .meta({ description: "Hosts, or a share such as 20%, rounded down" }),
  within: positiveDurationSchema,
});

/** What the guards of a rule and those of a runbook have in common. */
export const sharedGuardKeys = {
  rate_limit: rateSchema.optional().meta({ description: "At most max starts in any stretch of this length" }),
  locks: distinctSchema(
    textSchema.regex(LOCK_NAME, "a lock has letters, digits and . _ : / -, such as pool:web"),
  )
    .max(LOCKS_MAX, `at most ${LOCKS_MAX} locks`)
    .default([])
    .meta({ description: "Names to lock beside the hosts that change, which are locked anyway" }),
  concurrency: countSchema.optional().meta({ description: "Runs that may be under way at once" }),
  on_busy: wordSchema(ON_BUSY)
    .default("queue")
    .meta({ description: "When a lock or a slot is taken: wait in line, or be refused" }),
  wait: positiveDurationSchema
    .default(WAIT_DEFAULT_MS)
    .meta({ description: "How long to wait in line before the start is refused" }),
  budget: budgetSchema
    .optional()
    .meta({ description: "How many of some hosts may be changed, by anyone, in a stretch of time" }),
  active: intervalNamesSchema
    .optional()
    .meta({ description: "Time intervals of the settings; nothing starts outside all of them" }),
  mute: intervalNamesSchema
    .optional()
    .meta({ description: "Time intervals of the settings; nothing starts inside one of them" }),
};

const sharedGuardsSchema = z.strictObject(sharedGuardKeys);
export type SharedGuardsConfig = z.output<typeof sharedGuardsSchema>;

/** The guards of a runbook; they hold for every start, a person's as well. */
export const runbookGuardsSchema = z.strictObject({
  ...sharedGuardKeys,
  per_user: rateSchema.optional().meta({ description: "Starts of one person" }),
});
export type RunbookGuardsConfig = z.output<typeof runbookGuardsSchema>;
