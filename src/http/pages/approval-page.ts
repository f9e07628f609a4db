import { whoMayText } from "../../access/judge-answer.ts";
import type { ApprovalFacts } from "../../engine/approvals.ts";
import { answersTo, type Approval } from "../../runs/approvals.ts";
import { rfc3339 } from "../times.ts";
import { type Html, html } from "./html.ts";

/** What a person needs to decide: who asks, what for, where, until when, and how to answer. */
export function approvalContent({ approval, votes, run }: ApprovalFacts): Html {
  const yes = votes.filter((vote) => vote.answer === "approve").length;
  return html`<p>${approval.message}</p><dl>
<dt>Status</dt><dd class="status">${approval.state}</dd>
<dt>Run</dt><dd><a href="/runs/${run.id}">${run.runbook}</a>${approval.stepId === null ? "" : `, at step ${approval.stepId}`}</dd>
<dt>Hosts</dt><dd>${run.plan.hosts.map((host) => host.name).join(", ") || "none"}</dd>
<dt>Changes</dt><dd>${run.plan.changes.join(", ") || "no host"}</dd>
<dt>Why</dt><dd>${run.cause.title}</dd>
<dt>Asked by</dt><dd>${approval.requestedBy}, ${rfc3339(approval.requestedAtMs)}</dd>
<dt>Who may decide</dt><dd>${whoMayText(approval)}</dd>
<dt>Yes so far</dt><dd>${yes} of ${approval.count}</dd>
<dt>Until</dt><dd>${rfc3339(approval.deadlineMs)}</dd>
<dt>Plan</dt><dd><code>${approval.planDigest}</code></dd></dl>
${votes.length === 0 ? null : html`<h2>Answers</h2><table><tbody>${votes.map((vote) => html`<tr><td>${rfc3339(vote.atMs)}</td><td>${vote.principal}</td><td class="status">${vote.answer}</td><td>${vote.comment ?? ""}</td></tr>`)}</tbody></table>`}
<h2>Inputs</h2><dl>${Object.entries(run.plan.inputs).map(([name, value]) => html`<dt>${name}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>`)}</dl>
${approval.state === "pending" ? commands(approval) : null}`;
}

function commands({ id, kind, planDigest }: Approval): Html {
  const lines = answersTo(kind).map(
    (answer) => `nightshift approval ${answer} ${id} --plan-digest ${planDigest}`,
  );
  return html`<h2>To answer</h2><pre>${lines.join("\n")}</pre>`;
}

/** On a run's page: what it waits for. */
export function questionsContent(pending: readonly Approval[]): Html | null {
  if (pending.length === 0) return null;
  const links = pending.map(
    (approval) =>
      html`<li><a href="/approvals/${approval.id}">${approval.message}</a>, until ${rfc3339(approval.deadlineMs)}</li>`,
  );
  return html`<h2>Waits for a person</h2><ul>${links}</ul>`;
}
