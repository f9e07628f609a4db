import type { Range } from "./range-text.ts";
import type { PeriodEntry, TimeIntervalEntry } from "./schema.ts";
import { createZone, type Zone } from "./zone.ts";

/** A named set of times, ready to be asked. */
export interface TimeInterval {
  readonly name: string;
  /** A moment inside any of them is inside the interval. */
  readonly periods: readonly Period[];
  /** When it can begin or end: at these minutes of a day, by the clocks of these zones, and when those are changed. */
  readonly edges: readonly Edges[];
}

export interface Edges {
  readonly zone: Zone;
  /** From 0 to 1439. */
  readonly minutes: readonly number[];
}

/** Times that fit everything it says; null says nothing. */
interface Period {
  readonly zone: Zone;
  readonly minutes: readonly { readonly from: number; readonly before: number }[] | null;
  /** 0 is Sunday. */
  readonly weekdays: readonly Range[] | null;
  /** Negative: from the end of the month, whose last day is -1. */
  readonly daysOfMonth: readonly Range[] | null;
  /** 1 is January. */
  readonly months: readonly Range[] | null;
  readonly years: readonly Range[] | null;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** By name. The same entries always give intervals that answer alike. */
export function compileIntervals(entries: readonly TimeIntervalEntry[]): ReadonlyMap<string, TimeInterval> {
  const zones = new Map<string, Zone>();
  const zoneOf = (name: string) => {
    const zone = zones.get(name) ?? createZone(name);
    zones.set(name, zone);
    return zone;
  };
  return new Map(entries.map((entry) => [entry.name, compileInterval(entry, zoneOf)]));
}

function compileInterval(entry: TimeIntervalEntry, zoneOf: (name: string) => Zone): TimeInterval {
  const periods = entry.time_intervals.map((period) => compilePeriod(period, zoneOf));
  const zones = [...new Set(periods.map(({ zone }) => zone))];
  return {
    name: entry.name,
    periods,
    edges: zones.map((zone) => ({ zone, minutes: minutesOf(zone, periods) })),
  };
}

function compilePeriod(period: PeriodEntry, zoneOf: (name: string) => Zone): Period {
  return {
    zone: zoneOf(period.location),
    minutes: period.times?.map((times) => ({ from: times.start_time, before: times.end_time })) ?? null,
    weekdays: period.weekdays ?? null,
    daysOfMonth: period.days_of_month ?? null,
    months: period.months ?? null,
    years: period.years ?? null,
  };
}

function minutesOf(zone: Zone, periods: readonly Period[]): number[] {
  const ranges = periods.flatMap((period) => (period.zone === zone ? (period.minutes ?? []) : []));
  const minutes = ranges.flatMap(({ from, before }) => [from, before % DAY_MINUTES]);
  return [...new Set([0, ...minutes])].sort((left, right) => left - right);
}

/** Whether the moment is inside the interval. Takes about a microsecond. */
export function isWithin(interval: Pick<TimeInterval, "periods">, atMs: number): boolean {
  return interval.periods.some((period) => isWithinPeriod(period, atMs));
}

function isWithinPeriod(period: Period, atMs: number): boolean {
  // Its UTC fields are the fields of the zone's clocks.
  const local = new Date(atMs + period.zone.stretchAt(atMs).offsetMs);
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  if (period.minutes?.every(({ from, before }) => minute < from || minute >= before) === true) return false;
  return (
    fits(period.weekdays, local.getUTCDay()) &&
    fits(period.months, local.getUTCMonth() + 1) &&
    fits(period.years, local.getUTCFullYear()) &&
    fitsDayOfMonth(period.daysOfMonth, local)
  );
}

function fits(ranges: readonly Range[] | null, value: number): boolean {
  return ranges === null || ranges.some(({ first, last }) => value >= first && value <= last);
}

function fitsDayOfMonth(ranges: readonly Range[] | null, local: Date): boolean {
  if (ranges === null) return true;
  const day = local.getUTCDate();
  const days = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  const fromStart = (position: number) => (position < 0 ? days + 1 + position : position);
  return ranges.some(({ first, last }) => day >= fromStart(first) && day <= fromStart(last));
}

/** All moments after `afterMs` and up to `untilMs` at which an answer of these clocks may change, in no order. */
export function edgesBetween({ zone, minutes }: Edges, afterMs: number, untilMs: number): number[] {
  const moments: number[] = [];
  let fromMs = afterMs;
  while (fromMs <= untilMs) {
    const { toMs, offsetMs } = zone.stretchAt(fromMs);
    const lastMs = Math.min(toMs - 1, untilMs);
    // The clocks may be changed here.
    if (fromMs > afterMs) moments.push(fromMs);
    const dayMs = DAY_MINUTES * MINUTE_MS;
    const firstDayMs = Math.floor((fromMs + offsetMs) / dayMs) * dayMs;
    for (let midnightMs = firstDayMs - offsetMs; midnightMs <= lastMs; midnightMs += dayMs) {
      for (const minute of minutes) {
        const atMs = midnightMs + minute * MINUTE_MS;
        if (atMs > afterMs && atMs >= fromMs && atMs <= lastMs) moments.push(atMs);
      }
    }
    fromMs = toMs;
  }
  return moments;
}
