import type { Rule } from "../../api/types.ts";

/** What each mode means, for whoever does not know the words yet. */
export const MODES: Readonly<Record<Rule["mode"], string>> = {
  observe: "says what it would do, and does nothing",
  approve: "asks a person before it acts",
  auto: "acts by itself",
};

const TONES: Readonly<Record<Rule["mode"], string>> = {
  observe: "quiet",
  approve: "warning",
  auto: "busy",
};

export function ModeBadge({ mode }: { readonly mode: Rule["mode"] }) {
  return (
    <span className={`status status-${TONES[mode]}`} title={MODES[mode]}>
      {mode}
    </span>
  );
}
