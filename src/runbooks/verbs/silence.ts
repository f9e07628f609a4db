import { z } from "zod";
import { formatMatcher, type Matcher, MatcherError, parseMatchers } from "../../expressions/matchers.ts";
import { nameSchema, positiveDurationSchema, textSchema } from "../../platform/schemas.ts";

/** A label and what it must be or not be. Values with `${{ }}` are put in after parsing, so that they stay one value. */
export type SilencedLabel = Pick<Matcher, "name" | "operator" | "value">;

/** A silence at a source of alerts, from the step to the end of the run, and never longer than `forMs`. */
export interface SilenceSpec {
  /** A source of the settings. */
  readonly source: string;
  /** Alerts that all of them fit are silenced. */
  readonly matchers: readonly SilencedLabel[];
  readonly forMs: number;
  /** For people who look at the silence; null for none. */
  readonly comment: string | null;
}

/** A run that takes longer has other troubles, and nobody is to be left without alerts for days. */
export const SILENCE_MS_MAX = 24 * 3_600_000;
const MATCHERS_MAX = 50;

export const silenceSchema = z
  .strictObject({
    source: nameSchema.meta({ description: "A source of the settings that has an api" }),
    matchers: z
      .array(textSchema)
      .min(1, "a silence needs matchers, such as 'instance = \"web-1:9100\"'")
      .max(MATCHERS_MAX, `a silence has at most ${MATCHERS_MAX} matchers`)
      .meta({
        description:
          "What is silenced, in Alertmanager's grammar; values of = and != may be ${{ }}, in quotes",
      }),
    for: positiveDurationSchema
      .refine(
        (durationMs) => durationMs <= SILENCE_MS_MAX,
        "a silence is 24h at most; the end of the run lifts it",
      )
      .meta({ description: "How long at most, up to 24h; it is lifted when the run ends" }),
    comment: textSchema.min(1).max(500).optional().meta({ description: "For people who see the silence" }),
  })
  .transform(
    (silence): SilenceSpec => ({
      source: silence.source,
      matchers: silence.matchers.flatMap(silencedLabels),
      forMs: silence.for,
      comment: silence.comment ?? null,
    }),
  );

/** The labels of one text; none where it cannot be read, which `check-silence.ts` says. */
export function silencedLabels(text: string): SilencedLabel[] {
  try {
    return parseMatchers(text).map(({ name, operator, value }) => ({ name, operator, value }));
  } catch (error) {
    if (error instanceof MatcherError) return [];
    throw error;
  }
}

/** Whether alerts without the label fit too. With nothing but such matchers a silence would be for all alerts. */
export function fitsMissingLabel(label: SilencedLabel): boolean {
  return parseMatchers(formatMatcher(label)).every((matcher) => matcher.matches(""));
}
