import { compileIntervals, type TimeInterval } from "../../src/intervals/interval.ts";
import { timeIntervalsSchema } from "../../src/intervals/schema.ts";

/** One entry of `time_intervals` as an operator writes it. */
export interface WrittenPeriod {
  readonly times?: readonly { readonly start_time: string; readonly end_time: string }[];
  readonly weekdays?: readonly string[];
  readonly days_of_month?: readonly (string | number)[];
  readonly months?: readonly (string | number)[];
  readonly years?: readonly (string | number)[];
  readonly location?: string;
}

/** The interval that the settings make of it; throws when they refuse it. */
export function intervalOf(...periods: readonly WrittenPeriod[]): TimeInterval {
  const entries = timeIntervalsSchema.parse([{ name: "tested", time_intervals: periods }]);
  const interval = compileIntervals(entries).get("tested");
  if (interval === undefined) throw new Error("the interval is not there");
  return interval;
}

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** Slow and obvious: reads what the clock on the wall shows, and compares it with what is written. */
export function isWithinByTheClock(periods: readonly WrittenPeriod[], atMs: number): boolean {
  return periods.some((period) => {
    const wall = readWallClock(period.location ?? "UTC", atMs);
    const daysInMonth = new Date(Date.UTC(wall.year, wall.month, 0)).getUTCDate();
    const dayNumbers = (part: string) => (Number(part) < 0 ? daysInMonth + 1 + Number(part) : Number(part));
    return (
      (period.times ?? [{ start_time: "00:00", end_time: "24:00" }]).some(
        ({ start_time, end_time }) => start_time <= wall.time && wall.time < end_time,
      ) &&
      isListed(period.weekdays, wall.weekday, (part) => WEEKDAYS.indexOf(part)) &&
      isListed(period.days_of_month, wall.day, dayNumbers) &&
      isListed(period.months, wall.month, (part) => MONTHS.indexOf(part) + 1 || Number(part)) &&
      isListed(period.years, wall.year, Number)
    );
  });
}

function isListed(
  list: readonly (string | number)[] | undefined,
  value: number,
  numberOf: (part: string) => number,
): boolean {
  if (list === undefined) return true;
  return list.some((item) => {
    const [first = "", last = first] = String(item).split(":");
    return numberOf(first) <= value && value <= numberOf(last);
  });
}

function readWallClock(timeZone: string, atMs: number) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    weekday: "long",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(atMs);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return {
    year: Number(part("year")),
    month: Number(part("month")),
    day: Number(part("day")),
    weekday: WEEKDAYS.indexOf(part("weekday").toLowerCase()),
    time: `${part("hour")}:${part("minute")}`,
  };
}
