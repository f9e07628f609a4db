import { z } from "zod";
import type { Principal } from "../../access/principal.ts";
import type { ApprovalFacts } from "../../engine/approvals.ts";
import { judgeWaitingRun } from "../../engine/claim.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RunbookCache } from "../../engine/runbook-cache.ts";
import { STEP_STATES } from "../../runs/states.ts";
import { readSteps } from "../../store/steps.ts";
import { approvalSchema, approvalShape } from "./approval-shape.ts";
import { planOfRun } from "./run-plan.ts";
import { countSchema, type Shape } from "./shapes/common.ts";
import { planSchema } from "./shapes/plan.ts";
import { runStateSchema } from "./shapes/words.ts";

export const approvalDetailsSchema = approvalSchema
  .extend({
    run_status: runStateSchema,
    plan: planSchema.nullable().meta({
      description:
        "What the run does; null where this version cannot read its runbook. `guards` are judged while the run waits for people to start.",
    }),
    failure: z
      .object({
        step: z.string(),
        host: z.string().nullable(),
        status: z.enum(STEP_STATES),
        attempts: countSchema,
        exit_code: z.int().nullable(),
        message: z.string().nullable(),
      })
      .nullable()
      .meta({ description: "The step that has failed; null where none is asked about." }),
  })
  .meta({ id: "ApprovalDetails" });

/** An approval with everything that somebody needs to decide it: they may see no more of its run than this. */
export async function approvalDetails(
  dependencies: EngineDependencies,
  cache: RunbookCache,
  facts: ApprovalFacts,
  principal: Principal,
): Promise<Shape<typeof approvalDetailsSchema>> {
  return {
    ...approvalShape(dependencies, facts, principal),
    run_status: facts.run.state,
    plan: await planOf(dependencies, cache, facts),
    failure: await failureOf(dependencies, facts),
  };
}

function planOf(
  dependencies: EngineDependencies,
  cache: RunbookCache,
  { approval, run }: ApprovalFacts,
): Promise<Shape<typeof planSchema> | null> {
  const isAsked = approval.kind === "start" && approval.state === "pending";
  return planOfRun(dependencies, cache, run, async (runbook) =>
    isAsked ? judgeWaitingRun(dependencies, run, runbook) : null,
  );
}

async function failureOf(
  { store: { reader } }: EngineDependencies,
  { approval, run }: ApprovalFacts,
): Promise<Shape<typeof approvalDetailsSchema>["failure"]> {
  if (approval.kind !== "failed_step") return null;
  const step = (await readSteps(reader, run.id)).find((one) => one.id === approval.stepId);
  if (step === undefined) return null;
  const { id, host, state, attempts, exitCode, message } = step;
  // While people are asked the step itself is still under way.
  const status = approval.failedStep?.status ?? state;
  return { step: id, host, status, attempts, exit_code: exitCode, message };
}
