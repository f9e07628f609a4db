import { z } from "zod";
import { mayAnswer, whoMayAnswer } from "../../access/judge-answer.ts";
import type { Principal } from "../../access/principal.ts";
import { approvalUrl, type EngineDependencies, runUrl } from "../../engine/dependencies.ts";
import {
  ANSWERS,
  answersTo,
  type Approval,
  APPROVAL_KINDS,
  APPROVAL_STATES,
  type Vote,
} from "../../runs/approvals.ts";
import type { Run } from "../../runs/records.ts";
import { rfc3339 } from "../times.ts";
import { countSchema, idSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { principalSchema } from "./shapes/words.ts";

export const approvalSchema = z
  .object({
    id: idSchema,
    kind: z.enum(APPROVAL_KINDS),
    run: idSchema,
    step: z.string().nullable(),
    runbook: z.string().nullable(),
    hosts: z.array(z.string()),
    requested_by: principalSchema,
    requested_at: timeSchema,
    may_approve: z.array(z.string()),
    from: z.array(z.string()),
    passes_to: z.string().nullable(),
    passed_on_at: timeSchema.nullable(),
    may_decide: z.boolean().meta({ description: "Whether whoever asks may answer it now." }),
    answers: z.array(z.enum(ANSWERS)),
    status: z.enum(APPROVAL_STATES),
    deadline: timeSchema,
    plan_digest: z.string(),
    message: z.string(),
    count: countSchema,
    approved: countSchema,
    said: z.array(
      z.object({
        by: principalSchema,
        answer: z.enum(ANSWERS),
        at: timeSchema,
        comment: z.string().nullable(),
      }),
    ),
    decided_by: principalSchema.nullable(),
    decided_at: timeSchema.nullable(),
    comment: z.string().nullable(),
    url: z.url(),
    run_url: z.url(),
  })
  .meta({ id: "Approval" });

/** What the API says of an approval. `may_decide` is about whoever asks. */
export function approvalShape(
  dependencies: Pick<EngineDependencies, "externalUrl">,
  {
    approval,
    votes,
    run,
  }: { readonly approval: Approval; readonly votes: readonly Vote[]; readonly run: Run | null },
  principal: Principal,
): Shape<typeof approvalSchema> {
  return {
    id: approval.id,
    kind: approval.kind,
    run: approval.runId,
    step: approval.stepId,
    runbook: run?.runbook ?? null,
    hosts: run?.plan.hosts.map((host) => host.name) ?? [],
    requested_by: approval.requestedBy,
    requested_at: rfc3339(approval.requestedAtMs),
    may_approve: whoMayAnswer(approval),
    from: approval.grants.from,
    passes_to: approval.grants.thenAsk,
    passed_on_at: rfc3339(approval.passedAtMs),
    may_decide: approval.state === "pending" && mayAnswer(approval, principal),
    answers: answersTo(approval.kind),
    status: approval.state,
    deadline: rfc3339(approval.deadlineMs),
    plan_digest: approval.planDigest,
    message: approval.message,
    count: approval.count,
    approved: votes.filter((vote) => vote.answer === "approve").length,
    said: votes.map((vote) => ({
      by: vote.principal,
      answer: vote.answer,
      at: rfc3339(vote.atMs),
      comment: vote.comment,
    })),
    decided_by: approval.decidedBy,
    decided_at: rfc3339(approval.decidedAtMs),
    comment: approval.comment,
    url: approvalUrl(dependencies, approval.id),
    run_url: runUrl(dependencies, approval.runId),
  };
}
