import { z } from "zod";
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
});

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

export function approvalDecideCommand(
  decision: "approve" | "reject",
  id: string,
  flags: ApprovalDecideFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/approvals/${encodeURIComponent(id)}/${decision}`;
    const body = { comment: flags.comment, plan_digest: flags.planDigest };
    const answer = await client.send("POST", path, body);
    const { run } = readAnswer(approvalSchema, answer);
    writeAnswer(flags, output, answer, () =>
      decision === "approve" ? `approved; run ${run} is in line\n` : `rejected; run ${run} does not start\n`,
    );
    return 0;
  });
}

function approvalTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(approvalSchema), items).map((approval) => [
    approval.id,
    approval.status,
    approval.runbook ?? "",
    approval.hosts.join(","),
    approval.requested_by,
    shortTime(approval.deadline),
    approval.message,
  ]);
  return formatTable(["ID", "STATUS", "RUNBOOK", "HOSTS", "ASKED BY", "DEADLINE", "WHAT"], rows);
}
