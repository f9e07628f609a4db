import type { Labels } from "../alerts/alert.ts";

/** What a source itself says of an alert now. `suppressed`: silenced by others, inhibited or muted, and still there. */
export type SourceAlertState = "firing" | "suppressed" | "gone";

/** A label and the value that it has; the empty value fits alerts that lack the label. */
export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
}

/** A silence for the time of one run. */
export interface SilenceWish {
  /** The mark by which it is found again: it stands in the comment. */
  readonly runId: string;
  readonly runUrl: string;
  /** All of them must fit; at least one value is not empty. */
  readonly matchers: readonly SilenceMatcher[];
  readonly endsAtMs: number;
}

/** Asks the source of an alert for its state, whatever its webhooks have said, and silences alerts there. */
export interface AlertSourceApi {
  /**
   * An alert that only silences of ours suppress fires. Throws {@link SourceApiError} when no answer could be had; then
   * nothing is known. May be repeated.
   */
  state(fingerprint: string, labels: Labels, signal: AbortSignal): Promise<SourceAlertState>;
  /**
   * Makes a silence unless there is one for the run already, and resolves with its id. Throws {@link SourceApiError} when
   * it is not known to be there. May be repeated: an answer that was lost makes no second one where peers have heard of it.
   */
  silence(wish: SilenceWish, signal: AbortSignal): Promise<string>;
  /**
   * Ends every silence for the run. Throws {@link SourceApiError} unless it is known that none is left. May be repeated.
   */
  unsilence(runId: string, signal: AbortSignal): Promise<void>;
}

/** None of a source's addresses gave a usable answer. */
export class SourceApiError extends Error {
  override readonly name = "SourceApiError";
}
