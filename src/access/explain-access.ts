import type { Access } from "../runbooks/runbook.ts";
import { authorize, type Permission } from "./authorize.ts";
import { isApprover } from "./judge-answer.ts";
import { isAmong, type Principal } from "./principal.ts";

/** One thing that somebody may or may not do with a runbook, and why. */
export interface AccessAnswer {
  readonly what: string;
  readonly isAllowed: boolean;
  readonly because: string;
}

const QUESTIONS: readonly {
  readonly what: string;
  readonly permission: Permission;
  readonly of: "runbook" | "run";
}[] = [
  { what: "see it", permission: "see", of: "runbook" },
  { what: "plan a run", permission: "plan", of: "runbook" },
  { what: "start a run", permission: "start", of: "runbook" },
  { what: "read logs, files and bundle of others' runs", permission: "read_evidence", of: "run" },
  { what: "cancel, pin and note others' runs", permission: "manage_run", of: "run" },
];

/** What a person may do with a runbook, with the reason of each answer. What they may with their own runs follows from the start. */
export function explainAccess(principal: Principal, runbook: string, access: Access | null): AccessAnswer[] {
  const answers = QUESTIONS.map(({ what, permission, of }): AccessAnswer => {
    const subject =
      of === "run"
        ? ({ kind: "run", runbook, access, requestedBy: "user:(somebody else)" } as const)
        : ({ kind: "runbook", runbook, access } as const);
    const answer = authorize({ principal, scopes: null }, { permission, subject, isRead: false });
    const because = answer.isAllowed ? whyAllowed(principal, permission, access) : answer.because;
    return { what, isAllowed: answer.isAllowed, because };
  });
  return [...answers, approves(principal, access)];
}

function whyAllowed(principal: Principal, permission: Permission, access: Access | null): string {
  if (principal.isLocal) return "there is no login";
  const lists = { view: access?.view ?? [], run: access?.run ?? [], approve: access?.approve ?? [] };
  const named = Object.entries(lists).find(
    ([list, names]) => isAmong(principal, names) && GIVES[permission]?.includes(list) === true,
  );
  if (named !== undefined) {
    const [list, names] = named;
    return `access.${list} names ${names.find((name) => isAmong(principal, [name])) ?? ""}`;
  }
  return `by the role ${principal.role}`;
}

/** Which lists of `access` give a permission. */
const GIVES: Partial<Readonly<Record<Permission, readonly string[]>>> = {
  see: ["view", "run", "approve"],
  plan: ["run", "approve"],
  start: ["run"],
  read_evidence: ["approve"],
};

function approves(principal: Principal, access: Access | null): AccessAnswer {
  const what = "approve others' runs";
  const names = access?.approve ?? [];
  if (principal.isLocal) return { what, isAllowed: true, because: "there is no login" };
  const because =
    names.length === 0
      ? "access.approve names nobody, so that operators and admins decide"
      : `access.approve names ${names.join(", ")}`;
  return { what, isAllowed: isApprover(principal, names), because };
}
