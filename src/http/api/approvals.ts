import type { Request, Response } from "express";
import { type ApprovalResult, decideApproval } from "../../engine/approvals.ts";
import { type EngineDependencies, runUrl } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { type Approval, APPROVAL_STATES } from "../../runs/guard-records.ts";
import type { Run } from "../../runs/records.ts";
import { type ApprovalCursor, listApprovals, listApprovalsIn, readApproval } from "../../store/approvals.ts";
import { readRun } from "../../store/runs.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { decisionSchema } from "./control-schemas.ts";
import { parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";
import { KNOWN, Routes } from "../routes.ts";

/** What people are asked, and their yes or no. */
export function approvalRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.get("/approvals", KNOWN, (request, response) => sendApprovals(dependencies, request, response));
  routes.get("/approvals/:id", KNOWN, (request, response) => sendApproval(dependencies, request, response));
  for (const decision of ["approve", "reject"] as const)
    routes.post(`/approvals/:id/${decision}`, KNOWN, (request, response) =>
      takeDecision(dependencies, decision, request, response),
    );
  return routes;
}

/** The pending ones first, or those of one `?status=`; newest first. */
async function sendApprovals(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { reader } = dependencies.store;
  const { limit, after } = readPage(request, (text) => isId(text.replace(AMONG_PENDING, "")));
  const { status } = request.query;
  const state = APPROVAL_STATES.find((candidate) => candidate === status);
  if (status !== undefined && state === undefined)
    throw new HttpProblem(400, "Bad request", `status is one of ${APPROVAL_STATES.join(", ")}`);
  const cursor = after === null ? null : parseCursor(after);
  const approvals =
    state === undefined
      ? await listApprovals(reader, limit + 1, cursor)
      : await listApprovalsIn(reader, state, limit + 1, cursor?.id ?? null);
  const shown = approvals.slice(0, limit);
  const last = shown.at(-1);
  response.json({
    items: await Promise.all(shown.map((approval) => shapeOf(dependencies, approval))),
    next: approvals.length > limit && last !== undefined ? formatCursor(last) : null,
  });
}

/** Before the id in the cursor of a page that ended among the pending ones. */
const AMONG_PENDING = /^pending:/;

function parseCursor(text: string): ApprovalCursor {
  return { id: text.replace(AMONG_PENDING, ""), isAmongPending: AMONG_PENDING.test(text) };
}

function formatCursor({ id, state }: Approval): string {
  return state === "pending" ? `pending:${id}` : id;
}

async function sendApproval(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const id = String(request.params["id"]);
  const approval = isId(id) ? await readApproval(dependencies.store.reader, id) : null;
  if (approval === null) throw unknownApproval(id);
  response.json(await shapeOf(dependencies, approval));
}

async function takeDecision(
  dependencies: EngineDependencies,
  decision: "approve" | "reject",
  request: Request,
  response: Response,
): Promise<void> {
  const body = parseBody(decisionSchema, request);
  const id = String(request.params["id"]);
  if (!isId(id)) throw unknownApproval(id);
  const result = await decideApproval(dependencies, {
    id,
    decision,
    by: actorOf(request),
    comment: body.comment === "" ? null : (body.comment ?? null),
    planDigest: body.plan_digest ?? null,
  });
  const problem = problemWith(result, id);
  if (problem !== null) throw problem;
  if (result.kind !== "unknown") response.json(approvalShape(dependencies, result.approval, result.run));
}

function problemWith(result: ApprovalResult, id: string): HttpProblem | null {
  switch (result.kind) {
    case "decided":
      return null;
    case "unknown":
      return unknownApproval(id);
    case "already_decided":
      return new HttpProblem(409, "Already decided", alreadyDecided(result.approval, result.run));
    case "too_late": {
      const deadline = rfc3339(result.approval.deadlineMs);
      return new HttpProblem(409, "Too late", `it was to be decided by ${deadline}`);
    }
    case "other_plan":
      return new HttpProblem(
        409,
        "Other plan",
        `the approval is for plan ${result.approval.planDigest}; look at it again, then decide`,
        {
          errors: [
            { pointer: "/plan_digest", code: "other_plan", message: "is not the plan of this approval" },
          ],
        },
      );
    case "own_request":
      return new HttpProblem(
        403,
        "Own request",
        `${result.approval.requestedBy} asked for it and cannot approve it; somebody else has to`,
      );
  }
}

function alreadyDecided(approval: Approval, run: Run): string {
  if (approval.state === "void") return `the run is ${run.state}; there is nothing left to decide`;
  if (approval.state === "expired")
    return `nobody decided by ${rfc3339(approval.deadlineMs)}, and the run ended`;
  return `${approval.decidedBy ?? "somebody"} has ${approval.state} it already`;
}

function unknownApproval(id: string): HttpProblem {
  return notFound(`there is no approval ${id.slice(0, 64)}`);
}

async function shapeOf(
  dependencies: EngineDependencies,
  approval: Approval,
): Promise<Record<string, unknown>> {
  return approvalShape(dependencies, approval, await readRun(dependencies.store.reader, approval.runId));
}

function approvalShape(
  dependencies: EngineDependencies,
  approval: Approval,
  run: Run | null,
): Record<string, unknown> {
  return {
    id: approval.id,
    run: approval.runId,
    runbook: run?.runbook ?? null,
    hosts: run?.plan.hosts.map((host) => host.name) ?? [],
    requested_by: approval.requestedBy,
    requested_at: rfc3339(approval.requestedAtMs),
    // This version has no login: whoever can connect may.
    may_approve: ["everyone"],
    status: approval.state,
    deadline: rfc3339(approval.deadlineMs),
    plan_digest: approval.planDigest,
    message: approval.message,
    decided_by: approval.decidedBy,
    decided_at: rfc3339(approval.decidedAtMs),
    comment: approval.comment,
    url: runUrl(dependencies, approval.runId),
  };
}
