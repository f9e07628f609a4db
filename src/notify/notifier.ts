/** Something to tell people. */
export interface Notice {
  /** Such as `failed`, `no_effect`, or `step` for a runbook's own words. */
  readonly event: string;
  /** One line. */
  readonly title: string;
  readonly text: string;
  /** Where to read more, or to decide: the run's page, or that of its approval. */
  readonly url: string;
  readonly runId: string | null;
  /** The same for all notices of one alert, group of alerts, or run without one: they belong together. */
  readonly thread: string;
  /** The same for every try of the same notice, so that a receiver can drop a second one. */
  readonly dedupeKey: string;
}

/** One configured way to tell people. */
export interface Notifier {
  readonly name: string;
  readonly kind: NotifierKind;
  /** What it opens stays open until a notice says that the alert has recovered: those are sent to it whoever asked for them. */
  readonly opensIncidents: boolean;
  /**
   * Resolves when the receiver has taken the notice. Throws {@link NotifierError} when it has not, and nothing else. May be
   * repeated with the same `dedupeKey`.
   */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

export const NOTIFIER_KINDS = ["log", "webhook", "slack", "email", "pagerduty"] as const;
export type NotifierKind = (typeof NOTIFIER_KINDS)[number];

/** What receivers call the first notice of a thread. Never rejects: what cannot be remembered begins a new thread. */
export interface ThreadMemory {
  find(notifier: string, thread: string): Promise<string | null>;
  keep(notifier: string, notice: Pick<Notice, "thread" | "runId">, reference: string): Promise<void>;
}

export interface NotifierErrorFacts {
  readonly isRetryable: boolean;
  readonly didNotStart: boolean;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

export class NotifierError extends Error {
  override readonly name = "NotifierError";
  readonly code: "refused" | "unreachable" | "aborted";
  /** Whether the same notice may be taken later. */
  readonly isRetryable: boolean;
  /** Nothing of it can have reached the receiver. */
  readonly didNotStart: boolean;
  /** How long the receiver asks to be left alone; null when it did not say. */
  readonly retryAfterMs: number | null;

  constructor(code: NotifierError["code"], message: string, facts: NotifierErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    // Who was stopped in the middle was not refused.
    this.isRetryable = facts.isRetryable || code === "aborted";
    this.didNotStart = facts.didNotStart;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}
