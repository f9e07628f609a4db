import type { Request, Response } from "express";
import { z } from "zod";
import { mayAnswer } from "../../access/judge-answer.ts";
import { type ApprovalFacts, decideApproval } from "../../engine/approvals.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RunbookCache } from "../../engine/runbook-cache.ts";
import { isId } from "../../platform/ids.ts";
import { type Answer, ANSWERS, type Approval, APPROVAL_STATES } from "../../runs/approvals.ts";
import {
  type ApprovalCursor,
  listApprovals,
  listApprovalsIn,
  readApproval,
  readApprovalsOf,
  readVotes,
} from "../../store/approvals.ts";
import { readRun } from "../../store/runs.ts";
import { actorOf } from "../actor.ts";
import { requireIdentity } from "../identity.ts";
import { HttpProblem } from "../problems.ts";
import { ApiRoutes, KNOWN } from "../routes.ts";
import { seesRun } from "../visibility.ts";
import { approvalDetails, approvalDetailsSchema } from "./approval-details.ts";
import { answerProblem, unknownApproval } from "./approval-problems.ts";
import { approvalSchema, approvalShape } from "./approval-shape.ts";
import { decisionSchema } from "./control-schemas.ts";
import { pageKeys, textParameter, wordParameter } from "./query.ts";
import { listOf, problemSchema, type Shape } from "./shapes/common.ts";

/** Before the id in the cursor of a page that ended among the pending ones. */
const AMONG_PENDING = /^pending:/;

const approvalsQuery = z.strictObject({
  ...pageKeys((text) => isId(text.replace(AMONG_PENDING, ""))),
  status: wordParameter(APPROVAL_STATES, "Only those that are so."),
  run: textParameter("Only those of the run with this id, oldest first."),
});
const listFacts = {
  id: "listApprovals",
  summary: "What people are asked: those that are pending first, then the newest",
  query: approvalsQuery,
  answers: { 200: listOf(approvalSchema) },
};
const getFacts = {
  id: "getApproval",
  summary: "One question to people, with what the run would do",
  answers: { 200: approvalDetailsSchema },
};
const answerFacts = {
  body: decisionSchema,
  answers: { 200: approvalSchema },
  problems: { 409: problemSchema },
};
const SUMMARIES: Readonly<Record<Answer, string>> = {
  approve: "Says yes: the run starts, or goes on, once enough people have",
  reject: "Says no: the run ends, or does not start",
  retry: "Has a step that failed tried again",
  skip: "Goes on without a step that failed",
  stop: "Ends a run whose step failed",
};

/** What people are asked, and what they say to it. */
export function approvalRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Approvals");
  const cache: RunbookCache = new Map();
  routes.get("/approvals", KNOWN, listFacts, (request, response, { query }) =>
    sendApprovals(dependencies, query, request, response),
  );
  routes.get("/approvals/:id", KNOWN, getFacts, (request, response) =>
    sendApproval(dependencies, cache, request, response),
  );
  for (const answer of ANSWERS) {
    const facts = { ...answerFacts, id: `${answer}Approval`, summary: SUMMARIES[answer] };
    routes.post(`/approvals/:id/${answer}`, KNOWN, facts, (request, response, { body }) =>
      takeAnswer(dependencies, { answer, ...body }, request, response),
    );
  }
  return routes;
}

/** The pending ones first, or those of one `?status=`, newest first; or all of one `?run=`, oldest first. */
async function sendApprovals(
  dependencies: EngineDependencies,
  { limit, after, status: state, run }: z.output<typeof approvalsQuery>,
  request: Request,
  response: Response,
): Promise<void> {
  const { reader } = dependencies.store;
  if (run !== null) {
    const ofRun = (await readApprovalsOf(reader, run)).filter(
      (one) => (state === null || one.state === state) && (after === null || one.id > after),
    );
    const shown = ofRun.slice(0, limit);
    const next = ofRun.length > limit ? (shown.at(-1)?.id ?? null) : null;
    return void response.json({ items: await shapesOf(dependencies, shown, request), next });
  }
  const cursor = after === null ? null : parseCursor(after);
  const approvals =
    state === null
      ? await listApprovals(reader, limit + 1, cursor)
      : await listApprovalsIn(reader, state, limit + 1, cursor?.id ?? null);
  const shown = approvals.slice(0, limit);
  const last = shown.at(-1);
  response.json({
    items: await shapesOf(dependencies, shown, request),
    next: approvals.length > limit && last !== undefined ? formatCursor(last) : null,
  });
}

function parseCursor(text: string): ApprovalCursor {
  return { id: text.replace(AMONG_PENDING, ""), isAmongPending: AMONG_PENDING.test(text) };
}

function formatCursor({ id, state }: Approval): string {
  return state === "pending" ? `pending:${id}` : id;
}

/** Those that whoever asks may see. */
async function shapesOf(
  dependencies: EngineDependencies,
  approvals: readonly Approval[],
  request: Request,
): Promise<Shape<typeof approvalSchema>[]> {
  const { principal } = requireIdentity(request);
  const found = await Promise.all(
    approvals.map((approval) => findVisible(dependencies, approval.id, request)),
  );
  return found.flatMap((facts) => (facts === null ? [] : [approvalShape(dependencies, facts, principal)]));
}

async function sendApproval(
  dependencies: EngineDependencies,
  cache: RunbookCache,
  request: Request,
  response: Response,
): Promise<void> {
  const facts = await visibleApproval(dependencies, request);
  response.json(await approvalDetails(dependencies, cache, facts, requireIdentity(request).principal));
}

/** The approval of the path. Throws 404 where there is none, or none for whoever asks. */
export async function visibleApproval(
  dependencies: Pick<EngineDependencies, "store" | "catalog">,
  request: Request,
): Promise<ApprovalFacts> {
  const id = String(request.params["id"]);
  const facts = isId(id) ? await findVisible(dependencies, id, request) : null;
  if (facts === null) throw unknownApproval(id);
  return facts;
}

/** Null for what is not there, and for who neither may answer it nor see its run. */
async function findVisible(
  dependencies: Pick<EngineDependencies, "store" | "catalog">,
  id: string,
  request: Request,
): Promise<ApprovalFacts | null> {
  const { reader } = dependencies.store;
  const approval = await readApproval(reader, id);
  const run = approval === null ? null : await readRun(reader, approval.runId);
  if (approval === null || run === null) return null;
  const { principal, scopes } = requireIdentity(request);
  const isWide = scopes === null || scopes.includes("all") || scopes.includes("read");
  const isVisible = (isWide && mayAnswer(approval, principal)) || seesRun(request, dependencies, run);
  return isVisible ? { approval, run, votes: await readVotes(reader, [id]) } : null;
}

async function takeAnswer(
  dependencies: EngineDependencies,
  said: z.output<typeof decisionSchema> & { readonly answer: Answer },
  request: Request,
  response: Response,
): Promise<void> {
  const { principal, scopes } = requireIdentity(request);
  if (scopes !== null && !scopes.includes("all"))
    throw new HttpProblem(403, "Not allowed", "the token's scope does not allow answers; all is needed");
  // Whom the run is hidden from does not hear of it by being refused.
  const { id } = (await visibleApproval(dependencies, request)).approval;
  const result = await decideApproval(dependencies, {
    id,
    answer: said.answer,
    principal,
    by: actorOf(request),
    comment: said.comment === "" ? null : (said.comment ?? null),
    planDigest: said.plan_digest ?? null,
  });
  const problem = answerProblem(result, id);
  if (problem !== null) throw problem;
  if (result.kind !== "unknown") response.json(approvalShape(dependencies, result, principal));
}
