import { z } from "zod";
import { confirmationOf } from "../../../runbooks/check-confirm.ts";
import { inputShape, inputsJsonSchema } from "../../../runbooks/input-shapes.ts";
import { INPUT_TYPES } from "../../../runbooks/inputs/types.ts";
import { hostOf } from "../../../runbooks/plan.ts";
import { type Runbook, VERBS } from "../../../runbooks/runbook.ts";
import type { ExpectedDuration } from "../../../runs/expected-duration.ts";
import { calledRunbooks } from "../../../engine/candidate.ts";
import { allInstances } from "../../../engine/frames.ts";
import type { GuardResult } from "../../../engine/guards.ts";
import type { PlannedRun } from "../../../engine/plan-runbook.ts";
import { guardSchema, guardShape } from "../explanation-shape.ts";
import { anythingSchema, countSchema, digestSchema, type Shape } from "./common.ts";
import { effectSchema } from "./words.ts";

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
  })
  .meta({ id: "Runbook" });

const stepSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  verb: z.enum(VERBS),
  effect: effectSchema,
});

export const runbookDetailsSchema = runbookSchema
  .extend({
    file: z.string(),
    digest: digestSchema,
    steps: z.array(stepSchema),
    inputs_schema: anythingSchema,
    source: z.string(),
  })
  .meta({ id: "RunbookDetails" });

export const planSchema = z
  .object({
    runbook: z.string(),
    digest: z.string(),
    inputs: anythingSchema,
    hosts: z.array(z.string()),
    steps: z.array(
      stepSchema.extend({
        host: z.string().nullable(),
        if: z.string().nullable(),
        preview: z.string().nullable(),
      }),
    ),
    confirm: z.object({ input: z.string(), value: z.string() }).nullable(),
    guards: z.array(guardSchema).nullable(),
    expected_duration: z
      .object({ median_seconds: z.number(), p90_seconds: z.number(), runs: countSchema })
      .nullable(),
  })
  .meta({ id: "Plan" });

export function runbookShape(runbook: Runbook): Shape<typeof runbookSchema> {
  return {
    name: runbook.name,
    title: runbook.title,
    description: runbook.description,
    owner: runbook.owner,
    tags: runbook.tags,
    // Each type of input writes its own keys.
    inputs: [...runbook.inputs.values()].map((input) => inputShape(input) as Shape<typeof inputSchema>),
    confirm: runbook.confirm,
  };
}

export function runbookDetailsShape(runbook: Runbook): Shape<typeof runbookDetailsSchema> {
  return {
    ...runbookShape(runbook),
    file: runbook.file,
    digest: runbook.digest,
    steps: runbook.steps.map(({ id, name, verb, effect }) => ({ id, name, verb, effect })),
    inputs_schema: inputsJsonSchema(runbook.inputs),
    source: runbook.text,
  };
}

/** What a start would run; `guards` is null where none was judged, `expectedDuration` where it is not known. */
export function plannedShape(
  {
    runbook,
    plan,
    digest,
    guards,
    expectedDuration,
  }: Pick<PlannedRun, "runbook" | "plan" | "digest" | "expectedDuration"> & {
    readonly guards: readonly GuardResult[] | null;
  },
  runbooks: ReadonlyMap<string, Runbook>,
): Shape<typeof planSchema> {
  const called = new Map(calledRunbooks(runbooks, plan).map((one) => [one.digest, one]));
  return {
    runbook: runbook.name,
    digest,
    inputs: plan.inputs,
    hosts: plan.hosts.map((host) => host.name),
    steps: allInstances({ run: { plan }, runbook, called })
      .filter(({ section }) => section === "steps")
      .map(({ step }) => ({
        id: step.id,
        name: step.name,
        verb: step.verb,
        effect: step.effect,
        host: hostOf(plan, step.id)?.name ?? null,
        if: step.if?.source ?? null,
        preview: step.preview?.script ?? null,
      })),
    confirm: confirmationOf(runbook, plan),
    guards: guards?.map(guardShape) ?? null,
    expected_duration: expectedDuration === null ? null : durationShape(expectedDuration),
  };
}

function durationShape({
  medianMs,
  p90Ms,
  runs,
}: ExpectedDuration): Shape<typeof planSchema>["expected_duration"] {
  return { median_seconds: medianMs / 1_000, p90_seconds: p90Ms / 1_000, runs };
}
