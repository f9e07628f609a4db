import { z } from "zod";
import { parseDurationMs } from "../../platform/durations.ts";
import { durationSchema, textSchema } from "../../platform/schemas.ts";
import { formatDurationMs } from "../../platform/durations.ts";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type InputKind, known, refused, type Wrong } from "./kind.ts";

const durationInputSchema = z.strictObject({
  type: z.literal("duration"),
  ...COMMON_KEYS,
  default: textSchema.optional(),
  min: durationSchema.optional(),
  max: durationSchema.optional(),
});
export type DurationSpec = z.output<typeof durationInputSchema>;

const dateSchema = z.strictObject({
  type: z.literal("date"),
  ...COMMON_KEYS,
  default: textSchema.optional(),
  min: textSchema.optional(),
  max: textSchema.optional(),
});
export type DateSpec = z.output<typeof dateSchema>;

const datetimeSchema = z.strictObject({ ...dateSchema.shape, type: z.literal("datetime") });
export type DatetimeSpec = z.output<typeof datetimeSchema>;

const DURATION_TEXT =
  "^(?:0|(?=.)(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?)$";
const DURATION_CHARS_MAX = 50;

/** Milliseconds in the plan; a duration in expressions. */
export const durationKind = {
  schema: durationInputSchema,
  problem: ({ min, max }) =>
    min !== undefined && max !== undefined && min > max
      ? { key: "max", message: "max is less than min" }
      : undefined,
  bind({ min, max }, given) {
    const isText = typeof given === "string" && given.length <= DURATION_CHARS_MAX;
    const durationMs = isText ? parseDurationMs(given) : undefined;
    if (durationMs === undefined)
      return refused("wrong-type", "a duration is needed; write it like 90s, 5m or 1h30m");
    if ((min !== undefined && durationMs < min) || (max !== undefined && durationMs > max)) {
      const range = rangeText(min && formatDurationMs(min), max && formatDurationMs(max));
      return refused("out-of-range", `the duration must be ${range}`);
    }
    return accepted(durationMs);
  },
  valueType: () => "duration",
  textParts: () => [],
  jsonSchema: () => ({ type: "string", pattern: DURATION_TEXT, maxLength: DURATION_CHARS_MAX }),
  shape: ({ min, max }) =>
    known({
      min: min === undefined ? undefined : formatDurationMs(min),
      max: max === undefined ? undefined : formatDurationMs(max),
    }),
} satisfies InputKind<DurationSpec>;

/** `2026-11-23`, a day of no time zone; text in expressions. */
export const dateKind = {
  schema: dateSchema,
  problem: (spec) => rangeProblem(spec, readDate, "2026-11-23"),
  bind(spec, given) {
    const date = readDate(given);
    if (date === undefined) return refused("wrong-type", "a day is needed; write it like 2026-11-23");
    return isInRange(spec, readDate, date)
      ? accepted(date)
      : refused("out-of-range", `the day must be ${rangeText(spec.min, spec.max)}`);
  },
  valueType: () => "string",
  textParts: () => [],
  jsonSchema: () => ({ type: "string", format: "date" }),
  shape: ({ min, max }) => known({ min, max }),
} satisfies InputKind<DateSpec>;

/** RFC 3339 with its offset; in UTC, to the millisecond, in the plan; a timestamp in expressions. */
export const datetimeKind = {
  schema: datetimeSchema,
  problem: (spec) => rangeProblem(spec, readDatetime, "2026-11-23T07:00:00Z"),
  bind(spec, given) {
    const time = readDatetime(given);
    if (time === undefined)
      return refused(
        "wrong-type",
        "a time with its offset is needed; write it like 2026-11-23T07:00:00Z or 2026-11-23T08:00:00+01:00",
      );
    return isInRange(spec, readDatetime, time)
      ? accepted(time)
      : refused("out-of-range", `the time must be ${rangeText(spec.min, spec.max)}`);
  },
  valueType: () => "timestamp",
  textParts: () => [],
  jsonSchema: () => ({ type: "string", format: "date-time" }),
  shape: ({ min, max }) => known({ min, max }),
} satisfies InputKind<DatetimeSpec>;

type Limits = Pick<DateSpec, "min" | "max">;

/** The canonical spelling, which is ordered as the times are; undefined when it is none. */
type Read = (given: unknown) => string | undefined;

function readDate(given: unknown): string | undefined {
  if (typeof given !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(given)) return undefined;
  const parsed = new Date(`${given}T00:00:00Z`);
  // A day that no month has is read as one of the next month.
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== given ? undefined : given;
}

const DATETIME = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function readDatetime(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const [, date, hour] = DATETIME.exec(given) ?? [];
  if (date === undefined || readDate(date) === undefined || Number(hour) > 23) return undefined;
  const parsed = new Date(given.toUpperCase().replace(" ", "T"));
  const isFourDigitYear = parsed.getTime() >= -62_167_219_200_000 && parsed.getTime() < 253_402_300_800_000;
  return Number.isNaN(parsed.getTime()) || !isFourDigitYear ? undefined : parsed.toISOString();
}

function isInRange({ min, max }: Limits, read: Read, value: string): boolean {
  return value >= (read(min) ?? value) && value <= (read(max) ?? value);
}

function rangeProblem({ min, max }: Limits, read: Read, example: string): Wrong | undefined {
  for (const [key, limit] of Object.entries({ min, max }))
    if (limit !== undefined && read(limit) === undefined)
      return { key, message: `"${limit}" cannot be read; write it like ${example}` };
  const [first, last] = [read(min), read(max)];
  return first !== undefined && last !== undefined && first > last
    ? { key: "max", message: "max is before min" }
    : undefined;
}

function rangeText(min: string | 0 | undefined, max: string | 0 | undefined): string {
  const first = min === undefined || min === 0 ? "" : `at least ${min}`;
  const last = max === undefined ? "" : `at most ${max === 0 ? "0s" : max}`;
  return [first, last].filter(Boolean).join(" and ");
}
