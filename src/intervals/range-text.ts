import { closestWord } from "../platform/problems.ts";

/** Whole numbers from `first` to `last`, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export type ParsedRange =
  | { readonly ok: true; readonly range: Range }
  /** What is wrong, and what to write. */
  | { readonly ok: false; readonly message: string };

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const MONTHS = [
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
] as const;
const DAYS_MAX = 31;
const YEAR_MAX = 9_999;

/** `monday`, or `monday:friday`; 0 is Sunday, where a week begins. */
export function parseWeekdays(text: string): ParsedRange {
  const words = splitRange(text);
  if (words === undefined) return wrong(`"${text}" is no range of weekdays; write it like monday:friday`);
  const [first, last] = words.map((word) => WEEKDAYS.findIndex((name) => name === word));
  const unknown = words.find((word) => !WEEKDAYS.some((name) => name === word));
  if (first === undefined || last === undefined || unknown !== undefined)
    return wrong(
      `"${unknown || text}" is no weekday; ${advice(unknown, WEEKDAYS, "monday or monday:friday")}`,
    );
  if (first <= last) return { ok: true, range: { first, last } };
  const [from, to] = words;
  const early = last === 0 ? "sunday" : `sunday:${to}`;
  const late = from === "saturday" ? "saturday" : `${from}:saturday`;
  return wrong(
    `"${text}" goes over the end of the week, which begins on sunday; write two entries, "${early}" and "${late}"`,
  );
}

/** `january`, `1`, `april:june` or `4:6`; 1 is January. */
export function parseMonths(text: string): ParsedRange {
  const words = splitRange(text);
  if (words === undefined) return wrong(`"${text}" is no range of months; write it like april:june or 4:6`);
  const [first, last] = words.map(monthNumber);
  const unknown = words.find((word) => monthNumber(word) === undefined);
  if (first === undefined || last === undefined)
    return wrong(`"${unknown || text}" is no month; ${advice(unknown, MONTHS, "april, 4 or april:june")}`);
  if (first <= last) return { ok: true, range: { first, last } };
  return wrong(`"${text}" goes over the end of the year; write two entries, "${first}:12" and "1:${last}"`);
}

function monthNumber(word: string): number | undefined {
  const position = MONTHS.findIndex((name) => name === word);
  const month = position === -1 ? wholeNumber(word) : position + 1;
  return month === undefined || month < 1 || month > MONTHS.length ? undefined : month;
}

/** `15`, `1:7`, or counted from the end of the month: `-1`, `-7:-1`, `20:-1`. */
export function parseDaysOfMonth(text: string): ParsedRange {
  const [first, last] = splitRange(text)?.map(wholeNumber) ?? [];
  if (!isDay(first) || !isDay(last))
    return wrong(
      `"${text}" is no day of a month; write 1 to 31, or -1 to -31 counted from its end, or a range such as 1:7 or -3:-1`,
    );
  if (first < 0 && last > 0)
    return wrong(
      `"${text}" begins counted from the end of the month and ends counted from its start; write it like ${first}:-1`,
    );
  // Counted from the end, a day is at its latest in the longest month.
  const isNever = first > (first > 0 && last < 0 ? DAYS_MAX + 1 + last : last);
  if (isNever) return wrong(`"${text}" ends before it begins, in every month; write the earlier day first`);
  return { ok: true, range: { first, last } };
}

function isDay(day: number | undefined): day is number {
  return day !== undefined && day !== 0 && Math.abs(day) <= DAYS_MAX;
}

/** `2026`, or `2026:2028`. */
export function parseYears(text: string): ParsedRange {
  const [first, last] = splitRange(text)?.map(wholeNumber) ?? [];
  if (!isYear(first) || !isYear(last))
    return wrong(`"${text}" is no year; write it like 2026, or a range such as 2026:2028`);
  if (first > last) return wrong(`"${text}" ends before it begins; write "${last}:${first}"`);
  return { ok: true, range: { first, last } };
}

function isYear(year: number | undefined): year is number {
  return year !== undefined && year >= 1 && year <= YEAR_MAX;
}

/** Minutes since midnight of `HH:MM`, up to `24:00`; undefined for anything else. */
export function parseTimeOfDay(text: string): number | undefined {
  if (text === "24:00") return 24 * 60;
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
}

/** Both ends in small letters; equal when there is one. */
function splitRange(text: string): [string, string] | undefined {
  const [first, last = first, ...others] = text.toLowerCase().split(":");
  return first === undefined || last === undefined || others.length > 0 ? undefined : [first, last];
}

function wholeNumber(text: string): number | undefined {
  return /^-?\d{1,4}$/.test(text) ? Number(text) : undefined;
}

function wrong(message: string): ParsedRange {
  return { ok: false, message };
}

function advice(word: string | undefined, known: readonly string[], examples: string): string {
  const meant =
    known.find((name) => word !== undefined && word.length >= 3 && name.startsWith(word)) ??
    closestWord(word ?? "", known);
  return meant === undefined ? `write it like ${examples}` : `did you mean "${meant}"?`;
}
