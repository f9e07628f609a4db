/** Something to tell people. */
export interface Notice {
  /** Such as `failed`, `no_effect`, or `step` for a runbook's own words. */
  readonly event: string;
  /** One line. */
  readonly title: string;
  readonly text: string;
  /** Where to read more: the run's page. */
  readonly url: string;
  readonly runId: string | null;
  /** The same for every try of the same notice, so that a receiver can drop a second one. */
  readonly dedupeKey: string;
}

/** One configured way to tell people. */
export interface Notifier {
  readonly name: string;
  readonly kind: NotifierKind;
  /**
   * Resolves when the receiver has taken the notice. Throws {@link NotifierError} when it has not, and nothing else. May be
   * repeated with the same `dedupeKey`.
   */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

export type NotifierKind = "log" | "webhook";

export class NotifierError extends Error {
  override readonly name = "NotifierError";
  readonly code: "refused" | "unreachable" | "aborted";
  /** Whether the same notice may be taken later. */
  readonly isRetryable: boolean;
  /** Nothing of it can have reached the receiver. */
  readonly didNotStart: boolean;

  constructor(
    code: NotifierError["code"],
    message: string,
    facts: { isRetryable: boolean; didNotStart: boolean; cause?: unknown },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.isRetryable = facts.isRetryable;
    this.didNotStart = facts.didNotStart;
  }
}
