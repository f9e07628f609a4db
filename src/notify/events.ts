/** What people can ask to be told of (`notify:` in the settings). */
export const NOTICE_EVENTS = [
  "failed",
  "interrupted",
  "no_effect",
  "worse",
  "unknown",
  "approval",
  "breaker_open",
  "relapse",
  "stale",
] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];
