import { z } from "zod";
import { textSchema } from "../platform/schemas.ts";
import {
  type ParsedRange,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
} from "./range-text.ts";
import { zoneProblem } from "./zone.ts";

const EMPTY = "an empty list would mean never; leave the key out to mean any";
const CONDITIONS = ["times", "weekdays", "days_of_month", "months", "years"] as const;

const timeSchema = textSchema.transform((text, context) => {
  const minute = parseTimeOfDay(text);
  if (minute !== undefined) return minute;
  context.addIssue({
    code: "custom",
    message: `"${text}" is no time of day; write hours and minutes with two digits each, such as 09:00, up to 24:00`,
  });
  return z.NEVER;
});

const timesSchema = z
  .strictObject({
    start_time: timeSchema.meta({ description: "HH:MM" }),
    end_time: timeSchema.meta({ description: "HH:MM, no longer part of it; 24:00 is the end of the day" }),
  })
  .superRefine((times, context) => {
    if (times.start_time < times.end_time) return;
    const message =
      "a range of times ends after it begins, on the same day; over midnight write two entries, one up to 24:00 and one from 00:00";
    context.addIssue({ code: "custom", path: ["end_time"], message });
  });

function rangesSchema(parse: (text: string) => ParsedRange, description: string) {
  const range = z
    .union([z.string(), z.number()], { error: "write text or a number here" })
    .transform((written, context) => {
      const parsed = parse(String(written));
      if (parsed.ok) return parsed.range;
      context.addIssue({ code: "custom", message: parsed.message });
      return z.NEVER;
    });
  return z.array(range).min(1, EMPTY).optional().meta({ description });
}

const periodSchema = z
  .strictObject({
    times: z.array(timesSchema).min(1, EMPTY).optional().meta({ description: "Of the day" }),
    weekdays: rangesSchema(parseWeekdays, "Such as monday or monday:friday; a week begins on Sunday"),
    days_of_month: rangesSchema(parseDaysOfMonth, "Such as 15, 1:7, or -1 for the last"),
    months: rangesSchema(parseMonths, "Such as december, 12 or june:august"),
    years: rangesSchema(parseYears, "Such as 2026 or 2026:2028"),
    location: textSchema
      .superRefine((name, context) => {
        const message = zoneProblem(name);
        if (message !== undefined) context.addIssue({ code: "custom", message });
      })
      .default("UTC")
      .meta({ description: "Time zone of the IANA database, such as Europe/Berlin" }),
  })
  .superRefine((period, context) => {
    if (CONDITIONS.some((key) => period[key] !== undefined)) return;
    const message = `without a condition this would be always; give at least one of ${CONDITIONS.join(", ")}`;
    context.addIssue({ code: "custom", message });
  });

/** The name of a time interval: any text, as in Alertmanager. */
export const intervalNameSchema = textSchema
  .min(1, "a name is missing")
  .max(200, "a name has at most 200 characters")
  .regex(/^[^\p{Cc}]*$/u, "a name has no control characters");

/** `time_intervals` exactly as Alertmanager has them. */
export const timeIntervalsSchema = z
  .array(
    z.strictObject({
      name: intervalNameSchema.meta({ description: "What `active` and `mute` name it by" }),
      time_intervals: z
        .array(periodSchema)
        .min(1, "an empty list would mean never; give at least one entry")
        .meta({ description: "Inside any of them; of one, all that it says must fit" }),
    }),
  )
  .superRefine((intervals, context) => {
    for (const [index, { name }] of intervals.entries()) {
      if (intervals.findIndex((other) => other.name === name) === index) continue;
      const message = `there are two time intervals named ${name}`;
      context.addIssue({ code: "custom", path: [index, "name"], message });
    }
  });

/** One entry after it was read: ranges as numbers, times of day as minutes. */
export type TimeIntervalEntry = z.output<typeof timeIntervalsSchema>[number];
export type PeriodEntry = TimeIntervalEntry["time_intervals"][number];
