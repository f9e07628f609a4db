import type { Assert } from "../runbooks/runbook.ts";
import type { Verdict } from "./verdict.ts";

export type AssertResult =
  | { readonly kind: "holds" }
  /** `value`: the query's answer; null when there is no query. */
  | { readonly kind: "fails"; readonly value: number | null }
  /** The query could not be asked, or gave no single answer. */
  | { readonly kind: "unknown"; readonly why: string };

export interface AssertFacts {
  readonly assert: Pick<Assert, "name" | "message">;
  readonly result: AssertResult;
}

/** A condition of the runbook must hold, and must be known to. */
export function judgeAssert({ assert, result }: AssertFacts): Verdict {
  const refuse = (text: string): Verdict => ({ kind: "refuses", reason: "assert", text });
  switch (result.kind) {
    case "holds":
      return { kind: "passes" };
    case "fails":
      return refuse(`${assert.message} (${assert.name}${result.value === null ? "" : `: ${result.value}`})`);
    case "unknown":
      return refuse(`it is not known whether this holds: ${assert.name}: ${result.why}`);
  }
}
