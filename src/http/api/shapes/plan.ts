import { z } from "zod";
import { calledRunbooks } from "../../../engine/candidate.ts";
import { allInstances, type StepInstance } from "../../../engine/frames.ts";
import type { GuardResult } from "../../../engine/guards.ts";
import type { PlannedRun } from "../../../engine/plan-runbook.ts";
import type { ApprovalTerms } from "../../../runbooks/check-approval.ts";
import { confirmationOf } from "../../../runbooks/check-confirm.ts";
import { hostOf, inputsForExpressions, type Plan } from "../../../runbooks/plan.ts";
import type { Runbook, Section } from "../../../runbooks/runbook.ts";
import { stepText } from "../../../runbooks/step-text.ts";
import { guardSchema, guardShape } from "../explanation-shape.ts";
import { anythingSchema, countSchema, type Shape } from "./common.ts";
import { durationSchema, durationShape, runbookStepSchema } from "./runbook.ts";

const plannedStepSchema = runbookStepSchema.extend({
  host: z.string().nullable(),
  if: z.string().nullable(),
  preview: z.string().nullable(),
  action: z.string().meta({
    description:
      "What it is, in words: `command systemctl restart nginx as root`. What only the run will know stays a template.",
  }),
});

export const planSchema = z
  .object({
    runbook: z.string(),
    digest: z.string(),
    inputs: anythingSchema,
    hosts: z.array(z.string()),
    steps: z.array(plannedStepSchema),
    on_failure: z
      .array(plannedStepSchema)
      .meta({ description: "What follows once one of the steps has failed." }),
    finally: z.array(plannedStepSchema).meta({ description: "What follows in any case." }),
    confirm: z.object({ input: z.string(), value: z.string() }).nullable(),
    approval: z
      .object({ count: countSchema, may_approve: z.array(z.string()) })
      .nullable()
      .meta({
        description:
          "Whose yes a start needs, and of how many; an empty list means operators and admins. Null: nobody is asked.",
      }),
    guards: z.array(guardSchema).nullable(),
    expected_duration: durationSchema.nullable(),
  })
  .meta({ id: "Plan" });

/** What a start would run. */
export type ShownPlan = Pick<PlannedRun, "runbook" | "plan" | "digest" | "expectedDuration"> & {
  /** Null where none was judged. */
  readonly guards: readonly GuardResult[] | null;
  /** Null where nobody is asked, or where it is not known who starts it. */
  readonly approval: ApprovalTerms | null;
};

/** `called`: the runbooks that its steps call, by their digest. */
export function plannedShape(
  { runbook, plan, digest, guards, approval, expectedDuration }: ShownPlan,
  called: ReadonlyMap<string, Runbook>,
): Shape<typeof planSchema> {
  const sections = Map.groupBy(allInstances({ run: { plan }, runbook, called }), sectionIn(runbook));
  const stepsOf = (section: Section) =>
    (sections.get(section) ?? []).map((instance) => stepShape(plan, instance));
  return {
    runbook: runbook.name,
    digest,
    inputs: plan.inputs,
    hosts: plan.hosts.map((host) => host.name),
    steps: stepsOf("steps"),
    on_failure: stepsOf("on_failure"),
    finally: stepsOf("finally"),
    confirm: confirmationOf(runbook, plan),
    approval:
      approval === null ? null : { count: approval.count, may_approve: runbook.access?.approve ?? [] },
    guards: guards?.map(guardShape) ?? null,
    expected_duration: durationShape(expectedDuration),
  };
}

/** The runbooks that a plan calls, as they are now. */
export function calledNow(runbooks: ReadonlyMap<string, Runbook>, plan: Plan): ReadonlyMap<string, Runbook> {
  return new Map(calledRunbooks(runbooks, plan).map((one) => [one.digest, one]));
}

/** A step inside of another belongs where that one stands, unless it follows a failure, or its item, in there. */
function sectionIn(runbook: Runbook): (instance: StepInstance) => Section {
  const outermost = new Map<string, Section>([
    ...runbook.onFailure.map(({ id }) => [id, "on_failure"] as const),
    ...runbook.finally.map(({ id }) => [id, "finally"] as const),
  ]);
  return ({ step, section }) =>
    section === "steps" ? (outermost.get(step.id.split("/")[0] ?? "") ?? "steps") : section;
}

function stepShape(plan: Plan, { step, frame }: StepInstance): Shape<typeof plannedStepSchema> {
  const variables = { inputs: inputsForExpressions(plan, frame.planned), ...frame.items };
  return {
    id: step.id,
    name: step.name,
    verb: step.verb,
    effect: step.effect,
    host: hostOf(plan, step.id)?.name ?? null,
    if: step.if?.source ?? null,
    preview: step.preview?.script ?? null,
    action: stepText(step, frame.body.templates, variables),
  };
}
