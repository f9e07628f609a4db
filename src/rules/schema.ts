import { z } from "zod";
import {
  countSchema,
  durationSchema,
  nameSchema,
  positiveDurationSchema,
  textSchema,
  wordMessage,
  wordSchema,
} from "../platform/schemas.ts";
import { intervalNamesSchema, sharedGuardKeys } from "../runbooks/guards-schema.ts";
import { MODES } from "./rule.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RUNGS_MAX = 20;
const BATCH_MAX = 50;

const expression = textSchema.min(1).meta({ description: "CEL expression" });

const givenSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()], {
    error: "an input's value here is a text, a number, true or false",
  }),
);
const withSchema = givenSchema.default({});

const guardsSchema = z.strictObject({
  cooldown: positiveDurationSchema
    .optional()
    .meta({ description: "Time from a run's end in which no other one starts" }),
  ...sharedGuardKeys,
  breaker: z
    .strictObject({
      failures: countSchema,
      within: positiveDurationSchema,
      reset_after: positiveDurationSchema.default(12 * HOUR_MS),
    })
    .optional()
    .meta({ description: "After so many runs that failed or had no effect, the rule only observes" }),
});

const verifySchema = z.strictObject({
  resolved_within: durationSchema
    .default(10 * MINUTE_MS)
    .meta({ description: "Time after the last change step for the alert to recover" }),
  stable_for: durationSchema
    .default(10 * MINUTE_MS)
    .meta({ description: "How long it must then stay recovered to count as fixed" }),
  check: z
    .strictObject({ prometheus: z.strictObject({ query: textSchema.min(1) }), expect: expression })
    .optional()
    .meta({ description: "A query to judge by instead of the alert; `expect` sees its result as `value`" }),
  worse: expression
    .optional()
    .meta({ description: "True of the check's `value` when the run made things worse" }),
});

export const RESOLVE_WORDS = ["cancel_pending", "let_finish", "cancel"] as const;

const onResolveSchema = z.union(
  [wordSchema(RESOLVE_WORDS), z.strictObject({ run: nameSchema, with: withSchema })],
  { error: ({ input }) => wordMessage(input, RESOLVE_WORDS, ", or {run: RUNBOOK, with: {...}}") },
);

/** That a rung does exactly one thing is checked by the loader. */
const rungSchema = z.strictObject({
  runbook: nameSchema.optional(),
  mode: wordSchema(MODES).optional().meta({ description: "Default: the rule's" }),
  with: givenSchema.optional(),
  notify: z
    .strictObject({ to: nameSchema, title: textSchema.min(1).optional(), text: textSchema.min(1) })
    .optional()
    .meta({ description: "Tells a person instead of running a runbook" }),
});

export const ruleSchema = z.strictObject({
  name: nameSchema,
  mode: wordSchema(MODES).meta({ description: "Required: there is no default" }),
  source: nameSchema.optional(),
  matchers: z
    .array(textSchema)
    .default([])
    .meta({ description: "Label matchers in Alertmanager's grammar; all of them must fit" }),
  if: expression.optional(),
  after: durationSchema.default(0).meta({ description: "Firing this long before anything starts" }),
  group_by: z.array(textSchema.min(1)).min(1, "name at least one label").optional(),
  when_count: z
    .strictObject({ min: countSchema, within: positiveDurationSchema })
    .optional()
    .meta({ description: "Matches once so many alerts of the group opened in this time" }),
  active: intervalNamesSchema.optional().meta({ description: "The same as in guards" }),
  mute: intervalNamesSchema.optional().meta({ description: "The same as in guards" }),
  runbook: nameSchema.optional(),
  with: withSchema,
  guards: guardsSchema.prefault({}),
  verify: verifySchema.default({ resolved_within: 10 * MINUTE_MS, stable_for: 10 * MINUTE_MS }),
  on_resolve: onResolveSchema
    .default("cancel_pending")
    .meta({ description: "What the end of an alert means for the runs it started" }),
  ladder: z
    .array(rungSchema)
    .min(1, "a ladder has at least one rung")
    .max(RUNGS_MAX, `a ladder has at most ${RUNGS_MAX} rungs`)
    .optional()
    .meta({ description: "What is done next while the alert still fires after verify" }),
  ladder_memory: durationSchema
    .optional()
    .meta({ description: "How long a group that relapses goes on at the next rung; default 6h" }),
  batch: z
    .strictObject({
      wait: durationSchema.default(0),
      max: countSchema.default(BATCH_MAX),
    })
    .prefault({})
    .meta({ description: "Collects members of a group before its run starts" }),
  silence: z
    .strictObject({ for: positiveDurationSchema })
    .optional()
    .meta({ description: "Silences the alert at its source while a run is under way, for so long at most" }),
  notify: z
    .array(z.strictObject({ to: nameSchema, events: z.array(textSchema).min(1, "name at least one event") }))
    .optional()
    .meta({ description: "Who is told of this rule's runs, instead of those in the settings" }),
  continue: z.boolean().default(false),
  meta: z
    .boolean()
    .default(false)
    .meta({ description: "May match alerts about the alerting itself, such as no data" }),
});
export type RuleConfig = z.output<typeof ruleSchema>;

/** A file of `rules/*.yml`. */
export const rulesFileSchema = z.strictObject({ rules: z.array(ruleSchema) });
