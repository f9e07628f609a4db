import { z } from "zod";
import { parseTimestampMs } from "../alerts/timestamps.ts";
import { durationSchema, nameSchema, textSchema } from "../platform/schemas.ts";
import { ANSWERS } from "../runs/approvals.ts";
import { RUN_STATES, STEP_STATES, OUTCOMES } from "../runs/states.ts";
import { settingsSchema } from "../settings/schema.ts";

const globsSchema = z.array(z.string().min(1));
const textsSchema = z.record(z.string(), textSchema);

const timeSchema = z
  .string()
  .transform((text, context) => {
    const timeMs = parseTimestampMs(text);
    if (timeMs !== undefined) return timeMs;
    context.addIssue({ code: "custom", message: `"${text}" is no time; write it like 2026-11-23T03:00:00Z` });
    return z.NEVER;
  })
  .meta({ description: "RFC 3339 time, such as 2026-11-23T03:00:00Z" });

const alertSchema = z.strictObject({
  labels: textsSchema.meta({ description: 'Values may hold ranges: "web-{1..40}:9100" is forty alerts' }),
  annotations: textsSchema.default({}),
  values: z
    .record(z.string(), z.number())
    .optional()
    .meta({ description: "Query results, as Grafana sends them" }),
  starts_at: timeSchema.optional().meta({ description: "Default: when the alert was first delivered" }),
  source: nameSchema.optional().meta({ description: "Default: the first source of the settings" }),
  count: z.int().min(1).max(1_000).default(1).meta({ description: "How often it is delivered at once" }),
});
export type AlertConfig = z.output<typeof alertSchema>;

const resolvedSchema = alertSchema.omit({ values: true, starts_at: true, count: true });
export type ResolvedConfig = z.output<typeof resolvedSchema>;

const withSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
/** As the API takes inputs: lists, and files as {name, base64}, too. */
const inputsSchema = z.record(
  z.string(),
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.array(z.string()),
    z.strictObject({ name: z.string(), base64: z.string() }),
  ]),
);

/** One decision. What is not named is not compared, but for its kind: without one, `started` is meant. */
const expectationSchema = z.strictObject({
  rule: nameSchema.optional(),
  runbook: nameSchema.optional(),
  with: withSchema.optional().meta({ description: "Inputs of the run; those not named are not compared" }),
  started: z.literal(true).optional(),
  delayed: z.string().optional().meta({ description: "The reason, such as cooldown" }),
  refused: z.string().optional().meta({ description: "The reason, such as missing_label" }),
  queued: z.string().optional().meta({ description: "The reason: lock or concurrency" }),
  ignored: z.string().optional().meta({ description: "The reason, such as test_alert" }),
  observed: z.literal(true).optional(),
  waiting_person: z.literal(true).optional(),
  no_match: z.literal(true).optional(),
  joined: nameSchema.optional().meta({ description: "The rule whose run it joined" }),
});
export type ExpectationConfig = z.output<typeof expectationSchema>;

const countsSchema = z
  .record(z.string(), z.int().min(0))
  .meta({ description: "How many decisions of a kind, or of `kind:reason`; others are not counted" });

const runExpectationSchema = z.strictObject({
  rule: nameSchema.optional(),
  runbook: nameSchema.optional(),
  status: z.enum(RUN_STATES).optional(),
  outcome: z.enum(OUTCOMES).nullable().optional(),
  rung: z.int().min(0).optional(),
});
export type RunExpectation = z.output<typeof runExpectationSchema>;

/** What happens at one moment, and what is to come of it. */
const momentShape = {
  alerts: z.array(alertSchema).optional(),
  resolved: z.array(resolvedSchema).optional(),
  expect: z
    .array(expectationSchema)
    .optional()
    .meta({ description: "Every decision since the step before, in order" }),
  expect_counts: countsSchema.optional(),
  expect_runs: z
    .array(runExpectationSchema)
    .optional()
    .meta({ description: "Every run so far, oldest first" }),
};

const stepSchema = z.strictObject({
  at: durationSchema.meta({ description: "After the test's start" }),
  ...momentShape,
});
export type StepConfig = z.output<typeof stepSchema>;

const MOCK_ENDS = ["succeeded", "failed", "timed_out", "interrupted"] as const;

const mockSchema = z.strictObject({
  stdout: z.string().optional(),
  exit_code: z.int().min(0).max(255).optional().meta({ description: "Above 0 the attempt has failed" }),
  json: z.unknown().optional(),
  value: z.number().optional().meta({ description: "What a prometheus step's query gave" }),
  status: z
    .union([z.int().min(100).max(599), z.enum(MOCK_ENDS)])
    .optional()
    .meta({ description: "A number: what an http step was answered. A word: how the attempt ended" }),
  answer: z
    .enum([...ANSWERS, "none"])
    .optional()
    .meta({
      description:
        "What people say: approve and reject to an approve step; retry, skip and stop once the step has failed; none: nobody answers",
    }),
});
export type MockConfig = z.output<typeof mockSchema>;

const prometheusSchema = z
  .record(z.string(), z.number())
  .meta({ description: "Values by the text of their query; any other query gives nothing" });

export const testSchema = z.strictObject({
  name: textSchema.min(1),
  now: timeSchema.optional().meta({ description: "When the test begins; default 2026-01-01T00:00:00Z" }),
  prometheus: prometheusSchema.optional(),
  runs: z
    .record(
      nameSchema,
      z.strictObject({
        takes: durationSchema.prefault("0s"),
        ends: z.enum(["succeeded", "failed", "timed_out", "interrupted"]).default("succeeded"),
      }),
    )
    .default({})
    .meta({ description: "How long runs of a runbook take and how they end; default: at once, succeeded" }),
  ...momentShape,
  steps: z.array(stepSchema).min(1).optional(),
  runbook: nameSchema.optional().meta({ description: "Makes it a runbook test" }),
  with: inputsSchema.optional(),
  mock: z
    .record(z.string(), z.union([mockSchema, z.array(mockSchema).min(1)]))
    .optional()
    .meta({
      description: "What each step gives; a list is one for each attempt, the last for all further ones",
    }),
  expect_steps: z.record(z.string(), z.enum(STEP_STATES)).optional(),
  expect_status: z.enum(RUN_STATES).optional(),
  expect_summary: z.string().optional(),
});
export type TestConfig = z.output<typeof testSchema>;

/** What of the service's settings the tests of a file need. Nothing is taken from nightshift.yml. */
const testSettingsSchema = settingsSchema
  .omit({ web: true, storage: true, rules: true, runbooks: true, hosts: true, prometheus: true })
  .extend({
    runbooks: globsSchema.default([]),
    hosts: globsSchema.default([]),
    prometheus: prometheusSchema.optional(),
  });

export const testFileSchema = z.strictObject({
  settings: testSettingsSchema.prefault({}),
  rule_files: globsSchema
    .default([])
    .meta({ description: "Globs of rule files, relative to this file as all others" }),
  tests: z.array(testSchema).min(1),
});
export type TestFileConfig = z.output<typeof testFileSchema>;
