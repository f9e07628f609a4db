export type OutboundErrorCode =
  | "invalid-request"
  | "address-refused"
  | "dns"
  | "connection-refused"
  | "connection-failed"
  | "tls"
  | "timeout"
  | "aborted"
  | "too-many-redirects"
  | "invalid-redirect";

export interface OutboundErrorFacts {
  /** The request was certainly not sent: no connection was made. */
  readonly didNotStart: boolean;
  readonly cause?: unknown;
}

const RETRYABLE: readonly OutboundErrorCode[] = ["dns", "connection-refused", "connection-failed", "timeout"];

/** An HTTP request without an answer. An answer of any status is none of these. */
export class OutboundError extends Error {
  override readonly name = "OutboundError";
  readonly code: OutboundErrorCode;
  /** Whether the same request may succeed later. Says nothing of whether it may be repeated: see `didNotStart`. */
  readonly isRetryable: boolean;
  readonly didNotStart: boolean;

  constructor(code: OutboundErrorCode, message: string, facts: OutboundErrorFacts) {
    super(message, { cause: facts.cause });
    this.code = code;
    this.isRetryable = RETRYABLE.includes(code);
    this.didNotStart = facts.didNotStart;
  }
}
