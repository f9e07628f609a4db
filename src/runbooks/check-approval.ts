import type { Expression } from "../expressions/expression.ts";
import { recordOf } from "../platform/yaml.ts";
import { type Checking, checkExpression } from "./expressions.ts";
import { APPROVAL_TIMEOUT_MS } from "./verbs/approve.ts";

/** What is asked of people before a run starts. */
export interface ApprovalTerms {
  /** So many different people have to say yes. */
  readonly count: number;
  readonly timeoutMs: number;
  /** A second group, asked when nobody decided in time. */
  readonly thenAsk: string | null;
  /** Sees `inputs` and `run.trigger`; null: always. */
  readonly when: Expression | null;
}

/** For a rule that asks, where the runbook says nothing. */
export const APPROVAL_DEFAULT: ApprovalTerms = {
  count: 1,
  timeoutMs: APPROVAL_TIMEOUT_MS,
  thenAsk: null,
  when: null,
};

/** Compiles `approval`; null where the runbook has none. Problems are pushed. */
export function compileApproval(checking: Checking): ApprovalTerms | null {
  const { raw, entry } = checking.draft;
  const text = recordOf(raw["approval"])["when"];
  const source = { path: ["approval", "when"], place: { kind: "approval" as const }, present: [] };
  const when = typeof text === "string" ? checkExpression(checking, { ...source, text }, "bool") : undefined;
  if (entry?.approval === undefined) return null;
  const { count, timeout, then } = entry.approval;
  return {
    count: count ?? 1,
    timeoutMs: timeout ?? APPROVAL_TIMEOUT_MS,
    thenAsk: then ?? null,
    when: when ?? null,
  };
}
