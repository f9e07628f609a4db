/** What people can ask to be told of (`notify:` in the settings). */
export const NOTICE_EVENTS = [
  "failed",
  "interrupted",
  "no_effect",
  "worse",
  "unknown",
  "fixed",
  "recovered",
  "approval",
  "breaker_open",
  "relapse",
  "stale",
] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];

/** What is well again after it; nothing is left to be done. */
export function isGoodEnd(event: string): boolean {
  return event === "recovered" || event === "fixed";
}

/** A person has to look at it whatever becomes of the alert: a half-made change, a rule that is stopped. */
export function needsPersonAnyway(event: string): boolean {
  return event === "interrupted" || event === "breaker_open";
}
