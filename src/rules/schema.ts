import { z } from "zod";
import { durationSchema, nameSchema, textSchema } from "../platform/schemas.ts";
import type { Path } from "../platform/yaml.ts";

const MINUTE_MS = 60_000;

const expression = textSchema.min(1).meta({ description: "CEL expression" });

const guardsSchema = z.strictObject({
  cooldown: durationSchema
    .optional()
    .meta({ description: "Time from a run's end in which no other one starts" }),
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

export const ruleSchema = z.strictObject({
  name: nameSchema,
  mode: z.enum(["observe", "approve", "auto"]).meta({ description: "Required: there is no default" }),
  source: nameSchema.optional(),
  matchers: z
    .array(textSchema)
    .default([])
    .meta({ description: "Label matchers in Alertmanager's grammar; all of them must fit" }),
  if: expression.optional(),
  group_by: z.array(textSchema.min(1)).min(1).optional(),
  runbook: nameSchema.optional(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  guards: guardsSchema.default({}),
  verify: verifySchema.default({ resolved_within: 10 * MINUTE_MS, stable_for: 10 * MINUTE_MS }),
  continue: z.boolean().default(false),
  meta: z
    .boolean()
    .default(false)
    .meta({ description: "May match alerts about the alerting itself, such as no data" }),
});
export type RuleConfig = z.output<typeof ruleSchema>;

/** A file of `rules/*.yml`. */
export const rulesFileSchema = z.strictObject({ rules: z.array(ruleSchema) });

/** Keys of the whole language that this version does not have yet, in a rule and in its `guards`. */
const LATER_RULE_KEYS: ReadonlySet<unknown> = new Set([
  "after",
  "when_count",
  "active",
  "mute",
  "batch",
  "on_resolve",
  "ladder",
  "ladder_memory",
  "silence",
  "notify",
]);
const LATER_GUARD_KEYS: ReadonlySet<unknown> = new Set([
  "rate_limit",
  "locks",
  "budget",
  "breaker",
  "concurrency",
  "per_user",
  "active",
  "mute",
]);

/** Whether the path leads to a key that a later version will have. */
export function isPlannedKey(path: Path): boolean {
  const [rules, , key, inner] = path;
  if (rules !== "rules") return false;
  if (path.length === 3) return LATER_RULE_KEYS.has(key);
  return path.length === 4 && key === "guards" && LATER_GUARD_KEYS.has(inner);
}
