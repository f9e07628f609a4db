import { z } from "zod";
import { inputShape, inputsJsonSchema } from "../../../runbooks/input-shapes.ts";
import { INPUT_TYPES } from "../../../runbooks/inputs/types.ts";
import { type Runbook, type Step, VERBS } from "../../../runbooks/runbook.ts";
import type { ExpectedDuration } from "../../../runs/expected-duration.ts";
import type { Statistics } from "../../../runs/statistics.ts";
import type { LastRun } from "../../../store/last-runs.ts";
import { rfc3339 } from "../../times.ts";
import { anythingSchema, countSchema, digestSchema, idSchema, type Shape, timeSchema } from "./common.ts";
import { statisticsSchema, statisticsShape } from "./statistics.ts";
import { effectSchema, outcomeSchema, runStateSchema } from "./words.ts";

/** Of the newest runs that succeeded. */
export const durationSchema = z.object({
  median_seconds: z.number(),
  p90_seconds: z.number(),
  runs: countSchema,
});

const limitSchema = z.union([z.number(), z.string()]);

/** Keys of all inputs, then those that only some types have. */
const inputSchema = z
  .object({
    name: z.string(),
    type: z.enum(INPUT_TYPES),
    title: z.string().nullable(),
    help: z.string().nullable(),
    placeholder: z.string().nullable(),
    required: z.boolean(),
    default: z.unknown(),
    show_if: z.string().nullable(),
    pattern: z.string().optional(),
    min_length: countSchema.optional(),
    max_length: countSchema.optional(),
    multiline: z.boolean().optional(),
    min: limitSchema.optional(),
    max: limitSchema.optional(),
    options: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
    options_from: z.string().nullable().optional().meta({
      description:
        "The file that the options come from; expressions see such a choice as {value, label, row}.",
    }),
    min_count: countSchema.optional(),
    max_count: countSchema.optional(),
    in: z.string().optional(),
    max_size: countSchema.optional(),
  })
  .meta({ id: "Input" });

export const runbookSchema = z
  .object({
    name: z.string(),
    title: z.string().nullable(),
    description: z.string().nullable(),
    owner: z.string().nullable(),
    tags: z.array(z.string()),
    inputs: z.array(inputSchema),
    confirm: z.string().nullable(),
    may_run: z.array(z.string()).meta({ description: "As `access.run` of the runbook has it." }),
    may_start: z.boolean().meta({ description: "Whether whoever asks may start it." }),
    last_run: z
      .object({
        id: idSchema,
        status: runStateSchema,
        outcome: outcomeSchema.nullable(),
        created_at: timeSchema,
        finished_at: timeSchema.nullable(),
      })
      .nullable()
      .meta({ description: "The newest run; dry runs left aside." }),
    last_30_days: statisticsSchema
      .pick({ runs: true, outcomes: true, success_rate: true })
      .extend({ complete: z.boolean() })
      .meta({ description: "All runs that ended, whoever started them; `complete` as in the statistics." }),
  })
  .meta({ id: "Runbook" });

export const runbookStepSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  verb: z.enum(VERBS),
  effect: effectSchema,
});

export const runbookDetailsSchema = runbookSchema
  .extend({
    file: z.string(),
    digest: digestSchema,
    steps: z.array(runbookStepSchema),
    on_failure: z.array(runbookStepSchema),
    finally: z.array(runbookStepSchema),
    inputs_schema: anythingSchema,
    source: z.string(),
    expected_duration: durationSchema.nullable(),
    started_by: z
      .object({ rules: z.array(z.string()), schedules: z.array(z.string()) })
      .nullable()
      .meta({
        description: "What starts it without a person; null for who may not see rules and schedules.",
      }),
  })
  .meta({ id: "RunbookDetails" });

/** What is known of a runbook beside its text, and by who asks. */
export interface RunbookExtras {
  readonly mayStart: boolean;
  readonly lastRun: LastRun | null;
  /** Of the last 30 days. */
  readonly statistics: Statistics;
  readonly isComplete: boolean;
}

export function runbookShape(runbook: Runbook, extras: RunbookExtras): Shape<typeof runbookSchema> {
  const { runs, outcomes, success_rate } = statisticsShape(extras.statistics);
  return {
    name: runbook.name,
    title: runbook.title,
    description: runbook.description,
    owner: runbook.owner,
    tags: runbook.tags,
    // Each type of input writes its own keys.
    inputs: [...runbook.inputs.values()].map((input) => inputShape(input) as Shape<typeof inputSchema>),
    confirm: runbook.confirm,
    may_run: runbook.access?.run ?? [],
    may_start: extras.mayStart,
    last_run: extras.lastRun === null ? null : lastRunShape(extras.lastRun),
    last_30_days: { runs, outcomes, success_rate, complete: extras.isComplete },
  };
}

function lastRunShape({
  id,
  state,
  outcome,
  createdAtMs,
  finishedAtMs,
}: LastRun): Shape<typeof runbookSchema>["last_run"] {
  return {
    id,
    status: state,
    outcome,
    created_at: rfc3339(createdAtMs),
    finished_at: rfc3339(finishedAtMs),
  };
}

export interface RunbookDetailExtras extends RunbookExtras {
  readonly expectedDuration: ExpectedDuration | null;
  readonly startedBy: { readonly rules: readonly string[]; readonly schedules: readonly string[] } | null;
}

export function runbookDetailsShape(
  runbook: Runbook,
  extras: RunbookDetailExtras,
): Shape<typeof runbookDetailsSchema> {
  return {
    ...runbookShape(runbook, extras),
    file: runbook.file,
    digest: runbook.digest,
    steps: runbook.steps.map(stepShape),
    on_failure: runbook.onFailure.map(stepShape),
    finally: runbook.finally.map(stepShape),
    inputs_schema: inputsJsonSchema(runbook.inputs),
    source: runbook.text,
    expected_duration: durationShape(extras.expectedDuration),
    started_by: extras.startedBy,
  };
}

function stepShape({ id, name, verb, effect }: Step): Shape<typeof runbookStepSchema> {
  return { id, name, verb, effect };
}

/** Null where it is not known. */
export function durationShape(expected: ExpectedDuration | null): Shape<typeof durationSchema> | null {
  if (expected === null) return null;
  const { medianMs, p90Ms, runs } = expected;
  return { median_seconds: medianMs / 1_000, p90_seconds: p90Ms / 1_000, runs };
}
