import type { Labels } from "../alerts/alert.ts";
import type { Matcher } from "../expressions/matchers.ts";

/** What a source itself says of an alert now. `suppressed`: silenced by others, inhibited or muted, and still there. */
export type SourceAlertState = "firing" | "suppressed" | "gone";

/** A label and the value that it has, or has not; the empty value fits alerts that lack the label. */
export type SilenceMatcher = Pick<Matcher, "name" | "operator" | "value">;

/** Whose silence it is, and by what it is found again: it stands in the comment. */
export interface SilenceMark {
  readonly runId: string;
  /** Of a silence that a step of the run asked for; null for the one of its rule. */
  readonly stepId: string | null;
}

/** A silence for the time of one run. */
export interface SilenceWish extends SilenceMark {
  readonly runUrl: string;
  /** Further words for people; null for none. */
  readonly comment: string | null;
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
   * Makes a silence unless there is one with the mark already, and resolves with its id. Throws {@link SourceApiError} when
   * it is not known to be there. May be repeated: an answer that was lost makes no second one where peers have heard of it.
   */
  silence(wish: SilenceWish, signal: AbortSignal): Promise<string>;
  /**
   * Ends every silence with the mark. Throws {@link SourceApiError} unless it is known that none is left. May be repeated.
   */
  unsilence(mark: SilenceMark, signal: AbortSignal): Promise<void>;
}

/** A mark in a source's graphs. */
export interface Annotation {
  readonly text: string;
  readonly tags: readonly string[];
  readonly timeMs: number;
  /** Null for a mark of one moment. */
  readonly timeEndMs: number | null;
  /** Null: of no dashboard, for all that show annotations with these tags. */
  readonly dashboardUid: string | null;
  readonly panelId: number | null;
}

export interface AnnotationsApi {
  /** Throws {@link SourceApiError} unless it is known to be there. A repeat makes another one. */
  annotate(annotation: Annotation, signal: AbortSignal): Promise<{ readonly id: number }>;
}

/** None of a source's addresses gave a usable answer. */
export class SourceApiError extends Error {
  override readonly name = "SourceApiError";
}
