import { type Answer, answersTo, type Approval, STATE_AFTER, type Vote } from "../runs/approvals.ts";
import { isAtLeast } from "./authorize.ts";
import { isAmong, type Principal } from "./principal.ts";

/** What an answer is judged by: all of it as it is in the transaction that takes the answer. */
export interface AnswerFacts {
  readonly approval: Approval;
  /** What people have said to it before. */
  readonly votes: readonly Vote[];
  /** The plan that the run would go on with. */
  readonly runPlanDigest: string;
  readonly atMs: number;
}

export interface GivenAnswer {
  readonly principal: Principal;
  readonly answer: Answer;
  /** The plan that the person has seen; null when the caller did not say. */
  readonly planDigest: string | null;
}

/**
 * `already_decided`: somebody was faster, nobody was in time, or the run has ended. `own_request`: nobody says yes to what
 * they asked for themselves. `other_plan`: it is not what the person has seen, or not what the run would do.
 * `already_answered`: each person says one thing.
 */
export type AnswerRefusal =
  | "already_decided"
  | "too_late"
  | "not_offered"
  | "other_plan"
  | "own_request"
  | "not_allowed"
  | "already_answered";

export type AnswerVerdict =
  | { readonly kind: "refused"; readonly reason: AnswerRefusal }
  /** A yes that is not the last one needed. */
  | { readonly kind: "counts" }
  | { readonly kind: "decides"; readonly state: (typeof STATE_AFTER)[Answer] };

/** What an answer comes to: one no is enough, a yes needs as many different people as were asked for. */
export function judgeAnswer(facts: AnswerFacts, given: GivenAnswer): AnswerVerdict {
  const { approval, votes } = facts;
  const reason = refusalOf(facts, given);
  if (reason !== null) return { kind: "refused", reason };
  const state = STATE_AFTER[given.answer];
  if (given.answer !== "approve") return { kind: "decides", state };
  const yes = votes.filter((vote) => vote.answer === "approve").length + 1;
  return yes >= approval.count ? { kind: "decides", state } : { kind: "counts" };
}

function refusalOf(facts: AnswerFacts, given: GivenAnswer): AnswerRefusal | null {
  const { approval, votes, atMs } = facts;
  const { answer, principal, planDigest } = given;
  const isYes = answer !== "reject" && answer !== "stop";
  if (approval.state !== "pending") return "already_decided";
  if (atMs >= approval.deadlineMs) return "too_late";
  if (!answersTo(approval.kind).includes(answer)) return "not_offered";
  if (planDigest !== null && planDigest !== approval.planDigest) return "other_plan";
  if (isYes && facts.runPlanDigest !== approval.planDigest) return "other_plan";
  // Whoever asked may take it back, and no more.
  if (approval.requestedBy === principal.id) return isYes ? "own_request" : null;
  if (!isAsked(approval, principal)) return "not_allowed";
  return votes.some((vote) => vote.principal === principal.id) ? "already_answered" : null;
}

/** Whether the question is for this person. Who asked it themselves may only take it back. */
export function mayAnswer(approval: Approval, principal: Principal): boolean {
  return approval.requestedBy !== principal.id && isAsked(approval, principal);
}

function isAsked({ grants, passedAtMs }: Approval, principal: Principal): boolean {
  if (principal.isLocal) return true;
  if (passedAtMs !== null && grants.thenAsk !== null && isAmong(principal, [grants.thenAsk])) return true;
  return (
    isApprover(principal, grants.approve) && (grants.from.length === 0 || isAmong(principal, grants.from))
  );
}

/** Whether `access.approve` of a runbook names the person; where it names nobody, operators and above decide. */
export function isApprover(principal: Principal, approve: readonly string[]): boolean {
  if (approve.length > 0) return isAmong(principal, approve);
  return principal.role !== null && isAtLeast(principal.role, "operator");
}

/** Where no one is named, as {@link whoMayAnswer} says it. */
const BY_ROLE = ["role:operator", "role:admin"] as const;

/** Who is asked just now, before `from` narrows it. */
export function whoMayAnswer({ grants, passedAtMs }: Approval): string[] {
  const { approve, thenAsk } = grants;
  const first = approve.length === 0 ? BY_ROLE : approve;
  return [...new Set([...first, ...(passedAtMs === null || thenAsk === null ? [] : [thenAsk])])];
}

/** {@link whoMayAnswer} as a person reads it: `group:sre; of these only group:dba`. */
export function whoMayText(approval: Approval): string {
  const { approve, from, thenAsk } = approval.grants;
  const first = (approve.length === 0 ? BY_ROLE : approve).join(", ");
  const narrowed = from.length === 0 ? first : `those of ${first} who are also ${from.join(" or ")}`;
  return approval.passedAtMs === null || thenAsk === null ? narrowed : `${narrowed}, and ${thenAsk}`;
}
