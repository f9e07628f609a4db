import { whoMayText } from "../../access/judge-answer.ts";
import type { ApprovalFacts, ApprovalResult } from "../../engine/approvals.ts";
import { answersTo } from "../../runs/approvals.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";

/** Why an answer does not count; null when it does. */
export function answerProblem(result: ApprovalResult, id: string): HttpProblem | null {
  if (result.kind === "unknown") return unknownApproval(id);
  const { approval } = result;
  switch (result.kind) {
    case "decided":
    case "counted":
      return null;
    case "already_decided":
      return new HttpProblem(409, "Already decided", alreadyDecided(result));
    case "already_answered":
      return new HttpProblem(
        409,
        "Already answered",
        "you have said something to it already; each says one thing",
      );
    case "runbook_changed":
      return new HttpProblem(
        409,
        "Runbook changed",
        `${approval.requestedBy} asked for ${result.run.runbook} as it was; it was changed since, so that the run has ended: start it again`,
      );
    case "too_late":
      return new HttpProblem(409, "Too late", `it was to be decided by ${rfc3339(approval.deadlineMs)}`);
    case "not_offered":
      return new HttpProblem(
        409,
        "Not offered",
        `it asks for one of: ${answersTo(approval.kind).join(", ")}`,
      );
    case "other_plan":
      return new HttpProblem(
        409,
        "Other plan",
        `the approval is for plan ${approval.planDigest}; look at it again, then decide`,
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
        `${approval.requestedBy} asked for it and cannot approve it; somebody else has to`,
      );
    case "not_allowed":
      return new HttpProblem(403, "Not allowed", `you may not decide this; who may: ${whoMayText(approval)}`);
  }
}

function alreadyDecided({ approval, run }: ApprovalFacts): string {
  if (approval.state === "void") return `the run is ${run.state}; there is nothing left to decide`;
  if (approval.state === "expired")
    return `nobody decided by ${rfc3339(approval.deadlineMs)}, and ${approval.kind === "start" ? "the run ended" : "the run went on without"}`;
  return `${approval.decidedBy ?? "somebody"} has ${approval.state} it already`;
}

export function unknownApproval(id: string): HttpProblem {
  return notFound(`there is no approval ${id.slice(0, 64)}`);
}
