import type { Outcome } from "./states.ts";

/** What is known of an alert when its run is judged. All times are milliseconds since 1970, of our clock unless said. */
export interface OutcomeFacts {
  readonly nowMs: number;
  /** End of the last change step plus `resolved_within`. */
  readonly deadlineMs: number;
  readonly stableForMs: number;
  readonly changeStartedAtMs: number | null;
  readonly changeEndedAtMs: number;
  readonly members: readonly MemberFacts[];
  /** What the source's API says now; null when it has none or did not answer. */
  readonly api: "firing" | "suppressed" | "gone" | null;
}

/** One alert that the run was for. */
export interface MemberFacts {
  /** `relapsed`: its episode ended, and a later episode of the same alert is open. */
  readonly state: "firing" | "resolved" | "ended" | "stale" | "relapsed";
  /** The end by the sender's clock, and when we learned of it; null while firing. */
  readonly endsAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly lastFiringAtMs: number;
}

export type Judgement =
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly because: string }
  /** Nothing can be said yet; judge again then. */
  | { readonly kind: "wait"; readonly untilMs: number }
  /** The source no longer knows the alert: it recovered unseen. Close the episodes, then judge again. */
  | { readonly kind: "close" };

/**
 * Judges a run by what its alert did. A false "fixed" is worse than "unknown": it is given only when a change step
 * succeeded, every alert of the group recovered after that step began, and stayed so for `stable_for`.
 */
export function judgeOutcome(facts: OutcomeFacts): Judgement {
  const { members, nowMs } = facts;
  if (members.length === 0) return unknown("the run was for no alert that is still known");
  if (members.some((member) => member.state === "ended" || member.state === "stale")) {
    return unknown("the alert ended for another reason than a recovery, or nothing more was heard of it");
  }
  if (members.every((member) => member.state === "resolved")) return judgeRecovered(facts);
  if (nowMs < facts.deadlineMs) return { kind: "wait", untilMs: facts.deadlineMs };
  if (facts.api === "gone") {
    return members.some((member) => member.state === "relapsed")
      ? noEffect("the alert came back")
      : { kind: "close" };
  }
  if (facts.api === "suppressed")
    return unknown("the alert is silenced or inhibited, so its recovery cannot be seen");
  if (facts.api === "firing") return noEffect("the source says that the alert still fires");
  const heardAgain = members.some(
    (member) => member.state !== "resolved" && member.lastFiringAtMs > facts.changeEndedAtMs,
  );
  if (heardAgain) return noEffect("the alert was sent as firing again after the change");
  return unknown("nothing was heard of the alert after the change, and its source could not be asked");
}

function judgeRecovered(facts: OutcomeFacts): Judgement {
  if (facts.api === "firing") {
    if (facts.nowMs < facts.deadlineMs) return { kind: "wait", untilMs: facts.deadlineMs };
    return noEffect("the source says that the alert fires again");
  }
  if (facts.api === "suppressed")
    return unknown("the alert is silenced or inhibited, so its recovery cannot be seen");
  const changeStartedAtMs = facts.changeStartedAtMs;
  if (changeStartedAtMs === null) return unknown("the alert recovered, but no change step succeeded");
  const recoveredAfterChange = facts.members.every(
    (member) => (member.endsAtMs ?? 0) >= changeStartedAtMs && (member.closedAtMs ?? 0) >= changeStartedAtMs,
  );
  if (!recoveredAfterChange) return unknown("the alert had recovered before the change began");
  const recoveredAtMs = Math.max(...facts.members.map((member) => member.closedAtMs ?? 0));
  const stableAtMs = recoveredAtMs + facts.stableForMs;
  if (facts.nowMs < stableAtMs) return { kind: "wait", untilMs: stableAtMs };
  return { kind: "outcome", outcome: "fixed", because: "the alert recovered after the change and stayed so" };
}

function unknown(because: string): Judgement {
  return { kind: "outcome", outcome: "unknown", because };
}

function noEffect(because: string): Judgement {
  return { kind: "outcome", outcome: "no_effect", because };
}
