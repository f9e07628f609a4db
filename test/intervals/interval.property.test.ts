// Time intervals against a slow reference that reads the clock on the wall, at random times and around changes of clocks.
import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin } from "../../src/intervals/interval.ts";
import { nextChangeMs } from "../../src/intervals/next-change.ts";
import { intervalOf, isWithinByTheClock, MONTHS, WEEKDAYS, type WrittenPeriod } from "./reference.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** When clocks were or will be changed. Those of Lord Howe are moved by 30 minutes. */
const CLOCK_CHANGES: Readonly<Record<string, readonly string[]>> = {
  "Europe/Berlin": ["2026-03-29T01:00Z", "2026-10-25T01:00Z"],
  "America/New_York": ["2026-03-08T07:00Z", "2026-11-01T06:00Z"],
  "Australia/Lord_Howe": ["2026-04-04T15:00Z", "2026-10-03T15:30Z"],
  "Asia/Kolkata": ["2026-01-01T00:00Z"],
  // Clocks changed at midnight, and a day that was left out.
  "America/Havana": ["2026-03-08T05:00Z", "2026-11-01T05:00Z"],
  "Pacific/Apia": ["2011-12-30T10:00Z"],
  UTC: ["2028-02-29T00:00Z"],
};
const ZONES = Object.keys(CLOCK_CHANGES);

const range = (first: number, last: number, text: (value: number) => string) =>
  fc
    .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: first, max: last }))
    .map(([left, right]) => {
      const [from, to] = left <= right ? [left, right] : [right, left];
      return from === to ? text(from) : `${text(from)}:${text(to)}`;
    });
const list = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { minLength: 1, maxLength: 3 });
const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Often in the hours in which clocks are changed. */
const minuteOfDay = fc.oneof(
  fc.integer({ min: 0, max: 1440 }),
  fc.integer({ min: 0, max: 12 }).map((n) => n * 15),
);
const times = fc
  .tuple(minuteOfDay, minuteOfDay)
  .filter(([left, right]) => left !== right)
  .map(([left, right]) => ({
    start_time: clock(Math.min(left, right)),
    end_time: clock(Math.max(left, right)),
  }));

const period: fc.Arbitrary<WrittenPeriod> = fc.record(
  {
    times: list(times),
    weekdays: list(range(0, 6, (day) => WEEKDAYS[day] ?? "")),
    days_of_month: list(
      fc.oneof(
        range(1, 31, String),
        range(-31, -1, String),
        fc.integer({ min: 1, max: 9 }).map((day) => `${day}:-${day}`),
      ),
    ),
    months: list(
      fc.oneof(
        range(1, 12, String),
        range(1, 12, (month) => MONTHS[month - 1] ?? ""),
      ),
    ),
    years: list(range(2009, 2030, String)),
    location: fc.constantFrom(...ZONES),
  },
  { requiredKeys: ["location"] },
);
const periods = fc.array(
  period.filter((each) => Object.keys(each).length > 1),
  { minLength: 1, maxLength: 3 },
);

const around = fc
  .tuple(
    fc.constantFrom(...Object.values(CLOCK_CHANGES).flat()),
    fc.integer({ min: -2 * 1440, max: 2 * 1440 }),
  )
  .map(([change, minutes]) => Date.parse(change) + minutes * MINUTE_MS);
const anyTime = fc
  .integer({ min: Date.UTC(2009, 0, 1) / 1000, max: Date.UTC(2031, 0, 1) / 1000 })
  .map((s) => s * 1000);
const moment = fc
  .tuple(fc.oneof(around, anyTime), fc.constantFrom(-1, 0, 0, 1, 12_345))
  .map(([atMs, more]) => atMs + more);

test("a moment is inside exactly when the clocks on the wall say so", () => {
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(periods, fc.array(moment, { minLength: 5, maxLength: 20 }), (written, moments) => {
      const interval = intervalOf(...written);
      for (const atMs of moments) {
        const expected = isWithinByTheClock(written, atMs);
        seen.add(expected);
        expect([new Date(atMs), isWithin(interval, atMs)]).toEqual([new Date(atMs), expected]);
      }
    }),
    { numRuns: 300 },
  );
  // Neither answer alone would show anything.
  expect(seen.size).toBe(2);
});

test("the next change is the one that is met minute by minute", () => {
  const STEPPED_MS = 3 * DAY_MS;
  let found = 0;
  fc.assert(
    fc.property(periods, fc.oneof(around, moment), (written, atMs) => {
      const interval = intervalOf(...written);
      const isInside = isWithin(interval, atMs);
      const firstMinute = Math.floor(atMs / MINUTE_MS) + 1;
      let stepped: number | null = null;
      for (let minute = firstMinute; minute * MINUTE_MS <= atMs + STEPPED_MS; minute += 1) {
        if (isWithin(interval, minute * MINUTE_MS) === isInside) continue;
        stepped = minute * MINUTE_MS;
        break;
      }
      const next = nextChangeMs(interval, atMs);
      if (stepped !== null) found += 1;
      const isFar = next === null || next > atMs + STEPPED_MS;
      expect(isFar ? null : next).toBe(stepped);
      const around = next === null ? null : [isWithin(interval, next - 1), isWithin(interval, next)];
      expect(around ?? [isInside, !isInside]).toEqual([isInside, !isInside]);
    }),
    { numRuns: 600 },
  );
  expect(found).toBeGreaterThan(100);
});
