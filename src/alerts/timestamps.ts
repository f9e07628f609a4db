const DAY_MS = 86_400_000;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Go's zero time, which Alertmanager and Grafana send for "not set": `0001-01-01T00:00:00Z`. */
export const ZERO_TIME_MS = -62_135_596_800_000;

/**
 * Milliseconds since 1970 of an RFC 3339 time with 0 to 9 fraction digits, cut (not rounded) to milliseconds. Undefined when
 * the text is none. Years 0000 to 9999, any offset below 24 hours, no leap second: what Go's parser takes.
 * Written by hand because `Date.parse` also takes a dozen other forms, and because this runs for each alert.
 */
export function parseTimestampMs(text: string): number | undefined {
  if (text.length < 20 || text.length > 35) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
  if (text[4] !== "-" || text[7] !== "-" || text[13] !== ":" || text[16] !== ":") return undefined;
  if (text[10] !== "T" && text[10] !== "t") return undefined;
  const fractionEnd = endOfFraction(text);
  const offsetMs = parseOffsetMs(text, fractionEnd);
  if (offsetMs === undefined) return undefined;
  const timeMs = ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs(text, fractionEnd);
  return daysSince1970(year, month, day) * DAY_MS + timeMs - offsetMs;
}

/** The number of `count` decimal digits at `start`, or -1. */
function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** Where the fraction ends (19 when there is none), or -1 when it is malformed. */
function endOfFraction(text: string): number {
  if (text[19] !== ".") return 19;
  let end = 20;
  while (end < text.length && digits(text, end, 1) >= 0) end += 1;
  return end > 20 && end <= 29 ? end : -1;
}

function fractionMs(text: string, end: number): number {
  if (end <= 20) return 0;
  const count = Math.min(3, end - 20);
  return digits(text, 20, count) * (count === 3 ? 1 : count === 2 ? 10 : 100);
}

function parseOffsetMs(text: string, start: number): number | undefined {
  if (start < 0) return undefined;
  const sign = text[start];
  if (sign === "Z" || sign === "z") return text.length === start + 1 ? 0 : undefined;
  if ((sign !== "+" && sign !== "-") || text.length !== start + 6 || text[start + 3] !== ":")
    return undefined;
  const hours = digits(text, start + 1, 2);
  const minutes = digits(text, start + 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined;
  return (hours * 60 + minutes) * 60_000 * (sign === "-" ? -1 : 1);
}

/** Days from 1970-01-01 in the Gregorian calendar. `Date.UTC` cannot be used: it reads the years 0 to 99 as 1900 to 1999. */
function daysSince1970(year: number, month: number, day: number): number {
  // Years are counted from March, so that a leap day is a year's last day.
  const shiftedYear = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays =
    Math.floor(shiftedYear / 4) - Math.floor(shiftedYear / 100) + Math.floor(shiftedYear / 400);
  return shiftedYear * 365 + leapDays + dayOfYear - 719_468;
}
