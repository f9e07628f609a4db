import type { Approval } from "../../api/types.ts";

type Answer = Approval["answers"][number];

/** What each answer says, and what it looks like. */
export const ANSWERS: Readonly<
  Record<Answer, { readonly label: string; readonly color: string; readonly isMain: boolean }>
> = {
  approve: { label: "Approve", color: "teal.9", isMain: true },
  reject: { label: "Reject", color: "var(--bad)", isMain: false },
  retry: { label: "Try the step again", color: "indigo", isMain: true },
  skip: { label: "Skip the step", color: "var(--dim)", isMain: false },
  stop: { label: "Stop the run", color: "var(--bad)", isMain: false },
};

/** `Restart a web server on web-1`, of a question. */
export function askedText({ kind, step, runbook, requested_by: by }: Approval, hosts: string): string {
  const what = runbook ?? "a runbook";
  const where = hosts === "" ? "" : ` on ${hosts}`;
  switch (kind) {
    case "start":
      return `${by} asks to run ${what}${where}`;
    case "step":
      return `${what}${where} asks before it goes on at step ${step ?? ""}`;
    case "failed_step":
      return `Step ${step ?? ""} of ${what}${where} has failed: how does the run go on?`;
  }
}

/**
 * Why a start is asked for, out of the question: a person's reason stands behind it, the alert of a rule before it. Null where nobody has
 * said why.
 */
export function reasonText({ message, requested_by: by }: Approval): string | null {
  if (message.startsWith(`${by} asks to run `)) return /: (.*)$/s.exec(message)?.[1] ?? null;
  return /^(.*): rule \S+ asks to run .*$/s.exec(message)?.[1] ?? message;
}

/** What follows from each answer, a line each. */
export function afterwards({ kind, count, passes_to: next }: Approval): string[] {
  const others = count > 1 ? ` once ${count} people have said so` : "";
  const late = next === null ? "" : ` After the deadline ${next} is asked.`;
  switch (kind) {
    case "start":
      return [
        `Approve: the run starts${others}, or waits for its turn.`,
        `Reject: the run ends, and nothing was done. One no is enough.${late}`,
      ];
    case "step":
      return [
        `Approve: the run goes on${others}.`,
        `Reject: the step fails, and the run ends as its runbook says. One no is enough.${late}`,
      ];
    case "failed_step":
      return [
        "Try again: the step runs once more.",
        "Skip: the run goes on as if the step were not there.",
        "Stop: the run fails; what its runbook does after a failure is still done.",
      ];
  }
}

const ENDS: Readonly<Record<Approval["status"], string>> = {
  pending: "",
  approved: "It was approved.",
  rejected: "It was rejected.",
  retried: "The step was tried again.",
  skipped: "The step was skipped.",
  stopped: "The run was stopped.",
  expired: "Nobody answered in time.",
  void: "The run ended before anybody answered.",
};

/** How it was decided; empty while it is not. */
export function endText({ status }: Approval): string {
  return ENDS[status];
}

/** `group:dba`, `operators and admins`; `from` narrows it. */
export function mayDecideText({ may_approve: may, from }: Approval): string {
  const names = may.map((name) => name.replace(/^role:(.*)$/, "$1s")).join(", ");
  return from.length === 0 ? names : `${names} (only those who are also ${from.join(" or ")})`;
}
