import { z } from "zod";
import type { Answer } from "../runs/approvals.ts";
import { writeList } from "./client/list.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const approvalSchema = z.object({
  id: z.string(),
  run: z.string(),
  runbook: z.string().nullable(),
  hosts: z.array(z.string()),
  requested_by: z.string(),
  status: z.string(),
  deadline: z.string(),
  message: z.string(),
  step: z.string().nullable(),
  approved: z.number(),
  count: z.number(),
});
type ApprovalJson = z.output<typeof approvalSchema>;

export function approvalListCommand(
  flags: ServerFlags & { readonly status: string | null; readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/approvals", filter: { status: flags.status }, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none: "nobody is asked for anything", asText: approvalTable }),
  );
}

export interface ApprovalDecideFlags extends ServerFlags {
  readonly comment: string | null;
  /** The plan that was looked at; refused when the approval is for another one. */
  readonly planDigest: string | null;
}

export function approvalAnswerCommand(
  answer: Answer,
  id: string,
  flags: ApprovalDecideFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/approvals/${encodeURIComponent(id)}/${answer}`;
    const body = { comment: flags.comment, plan_digest: flags.planDigest };
    const response = await client.send("POST", path, body);
    const approval = readAnswer(approvalSchema, response);
    writeAnswer(flags, output, response, () => `${answerText(answer, approval)}\n`);
    return 0;
  });
}

function answerText(answer: Answer, { status, run, step, approved, count }: ApprovalJson): string {
  switch (answer) {
    case "approve":
      if (status === "pending") return `yes from ${approved} of ${count}; run ${run} waits for the others`;
      return step === null ? `approved; run ${run} is in line` : `approved; run ${run} goes on`;
    case "reject":
      return step === null ? `rejected; run ${run} does not start` : `rejected; run ${run} ends`;
    case "retry":
      return `run ${run} tries step ${step ?? ""} again`;
    case "skip":
      return `run ${run} goes on after step ${step ?? ""}`;
    case "stop":
      return `run ${run} ends`;
  }
}

function approvalTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(approvalSchema), items).map((approval) => [
    approval.id,
    approval.count === 1 ? approval.status : `${approval.status} ${approval.approved}/${approval.count}`,
    approval.step === null ? (approval.runbook ?? "") : `${approval.runbook ?? ""}: ${approval.step}`,
    approval.hosts.join(","),
    approval.requested_by,
    shortTime(approval.deadline),
    approval.message,
  ]);
  return formatTable(["ID", "STATUS", "RUNBOOK", "HOSTS", "ASKED BY", "DEADLINE", "WHAT"], rows);
}
