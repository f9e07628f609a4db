import type { Labels } from "../alerts/alert.ts";

/** What a source itself says of an alert now. `suppressed`: silenced, inhibited or muted, and still there. */
export type SourceAlertState = "firing" | "suppressed" | "gone";

/** Asks the source of an alert for its state, whatever its webhooks have said. */
export interface AlertSourceApi {
  /** Throws {@link SourceApiError} when no answer could be had; then nothing is known. May be repeated. */
  state(fingerprint: string, labels: Labels, signal: AbortSignal): Promise<SourceAlertState>;
}

/** None of a source's addresses gave a usable answer. */
export class SourceApiError extends Error {
  override readonly name = "SourceApiError";
}
