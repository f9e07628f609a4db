import type { AttemptResult } from "../runs/step-context.ts";

type Facts = Partial<Omit<AttemptResult, "status">>;

const NOTHING: Omit<AttemptResult, "status"> = {
  didNotStart: false,
  isPermanent: false,
  exitCode: null,
  message: null,
  json: null,
  value: null,
  response: null,
};

export function succeeded(facts: Facts = {}): AttemptResult {
  return { ...NOTHING, status: "succeeded", ...facts };
}

/** `message` is one sentence for people. */
export function failed(message: string, facts: Facts = {}): AttemptResult {
  return { ...NOTHING, status: "failed", ...facts, message };
}

/** An attempt that ended without a result of its own. */
export function ended(
  status: "timed_out" | "cancelled" | "interrupted",
  message: string,
  facts: Facts = {},
): AttemptResult {
  return { ...NOTHING, status, ...facts, message };
}
