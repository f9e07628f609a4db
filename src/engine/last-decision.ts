import type { DecisionKind, Reason } from "../runs/reasons.ts";

// What the last judgement of an episode came to, as one text that a repeat is compared with: `kind:rule:reason` for each
// rule, with a space between. Names hold neither.

export interface DecisionEntry {
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
}

export function formatDecisions(entries: readonly DecisionEntry[]): string {
  return entries.map(({ kind, rule, reason }) => `${kind}:${rule ?? ""}:${reason ?? ""}`).join(" ");
}

export function parseDecisions(text: string | null): DecisionEntry[] {
  if (text === null || text === "") return [];
  return text.split(" ").map((entry) => {
    const [kind, rule, reason] = entry.split(":");
    return {
      kind: kind as DecisionKind,
      rule: rule === undefined || rule === "" ? null : rule,
      reason: reason === undefined || reason === "" ? null : (reason as Reason),
    };
  });
}

/** The rule has its run for this episode: it is not judged for it again. */
export function hasBegun({ kind }: DecisionEntry): boolean {
  return kind === "started" || kind === "joined" || kind === "queued" || kind === "waiting_person";
}

/**
 * Whether something was begun, or will be, for the episode, and nothing was refused; if not, its next repeat is judged again.
 */
export function isSettled(text: string | null): boolean {
  const decided = text ?? "";
  return (
    /(^| )(started|joined|delayed|queued|waiting_person):/.test(decided) && !/(^| )refused:/.test(decided)
  );
}
