import { whoMayText } from "../access/judge-answer.ts";
import { answersTo, type Approval } from "../runs/approvals.ts";
import { noticeThreadOf, type Run } from "../runs/records.ts";
import type { Tx } from "../store/store.ts";
import { approvalUrl, type EngineDependencies, runUrl } from "./dependencies.ts";
import { addNotice, routesOf } from "./notices.ts";

/** The run of an approval, as far as people are told of it. */
export type AskedRun = Pick<Run, "id" | "runbook" | "plan" | "trigger" | "groupId" | "cause">;

/** Why people hear of it: it is asked, half of the time is over, or the time is over and a second group is asked. */
export type ApprovalNews = "asked" | "reminder" | "passed_on";

/** Tells everyone who hears of `approval`. Each of the news is told once to each of them. */
export async function addApprovalNotices(
  tx: Tx,
  dependencies: EngineDependencies,
  run: AskedRun,
  approval: Approval,
  news: ApprovalNews,
  atMs: number,
): Promise<void> {
  // The second group has a half time of its own.
  const round = news === "reminder" && approval.passedAtMs !== null ? "second_reminder" : news;
  for (const { to, events } of routesOf(dependencies, run.trigger.rule)) {
    if (!events.includes("approval")) continue;
    const target = `approval/${approval.id}/${round}`;
    const { rule } = run.trigger;
    const data = { event: "approval", ...approvalNotice(dependencies, run, approval, news), rule };
    const lane = { notifier: to, thread: noticeThreadOf(run) };
    await addNotice(tx, { runId: run.id, target, lane, data, atMs });
  }
}

const ASKED = {
  start: "a person has to say yes or no before it starts",
  step: "a person has to say yes or no before it goes on",
  failed_step: "a step has failed, and a person has to say how it goes on",
} as const;

/** Plain text for any channel: who asks, what, where, who may answer, until when, and where. */
function approvalNotice(
  dependencies: EngineDependencies,
  run: AskedRun,
  approval: Approval,
  news: ApprovalNews,
): { title: string; text: string; url: string } {
  const url = approvalUrl(dependencies, approval.id);
  const hosts = run.plan.hosts.map((host) => host.name).join(", ") || "no host";
  const lead = { asked: "", reminder: "Reminder: ", passed_on: "Nobody has decided yet: " }[news];
  const title = `${lead}${run.runbook} on ${hosts}: ${ASKED[approval.kind]}`;
  const lines = [
    approval.message,
    ...(run.cause.title === "" ? [] : [`Why: ${run.cause.title}`]),
    `Asked by: ${approval.requestedBy}`,
    `Hosts: ${hosts}`,
    `Who may decide: ${whoMayText(approval)}${approval.count > 1 ? `; ${approval.count} different people have to say yes` : ""}`,
    `Until: ${new Date(approval.deadlineMs).toISOString()}`,
    `Decide: ${url}`,
    `Or: ${answersTo(approval.kind)
      .map((answer) => `nightshift approval ${answer} ${approval.id}`)
      .join(" | ")}`,
    `The run: ${runUrl(dependencies, run.id)}`,
  ];
  return { title, text: lines.join("\n"), url };
}
