/**
 * What is written down: every change of state that a person, a token, a schedule or a rule brings about. A closed list, the same in the
 * API's filter, in `nightshift audit` and in docs/audit.md.
 */
export const AUDIT_ACTIONS = [
  "run.start",
  "run.cancel",
  "run.pin",
  "run.unpin",
  "run.note",
  "run.answer",
  "approval.approve",
  "approval.reject",
  "alert.replay",
  "pause.add",
  "pause.remove",
  "host.hold",
  "host.release",
  "breaker.reset",
  "notice.retry",
  "notice.test",
  "config.reload",
  "retention.change",
  "gc",
  "backup",
  "token.create",
  "token.revoke",
  "login",
  "login.failed",
  "logout",
  "person.add",
  "person.change",
  "person.remove",
  "schedule.pause",
  "schedule.resume",
  "audit.remove",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an action was done to. An approval is found under its run. */
export const AUDIT_SUBJECTS = [
  "run",
  "runbook",
  "rule",
  "alert",
  "host",
  "pause",
  "notifier",
  "schedule",
  "user",
  "token",
  "service",
] as const;
export type AuditSubjectKind = (typeof AUDIT_SUBJECTS)[number];

/** Who does something, and by which way they came. */
export interface Actor {
  /** `user:dana`, `rule:web-latency`, `schedule:nightly`, `system`. */
  readonly principal: string;
  /**
   * `session:ID`, `token:ID`, `alert:ID`, `schedule:NAME`, `proxy`, `local` where there is no login, `signal` for SIGHUP, `file` for a
   * changed file; null where none of these applies.
   */
  readonly via: string | null;
  /** As the service sees it; null for what no request brought. */
  readonly remoteAddress: string | null;
}

export interface AuditEntry {
  readonly atMs: number;
  readonly by: Actor;
  readonly action: AuditAction;
  readonly subject: { readonly kind: AuditSubjectKind; readonly id: string };
  /** What a reader needs to understand it. Secrets are taken out, and what is too long is cut, before it is stored. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The service itself: what it does by its settings, and nobody asked for at that moment. */
export const SYSTEM: Actor = { principal: "system", via: null, remoteAddress: null };
