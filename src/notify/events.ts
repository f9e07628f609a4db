/** What people can ask to be told of (`notify:` in the settings). */
export const NOTICE_EVENTS = ["failed", "interrupted", "no_effect", "worse", "unknown"] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];
