// The times of schedules, above all where clocks are changed. Figures for Europe/Berlin: 29 March and 25 October 2026.
import { describe, expect, test } from "vitest";
import { compileCron, CronError } from "../../src/schedules/cron.ts";
import { definitionOf, nextDue } from "../../src/schedules/due.ts";
import type { Schedule } from "../../src/schedules/schedule.ts";

function timesOf(cron: string, from: string, count: number, zone = "Europe/Berlin"): string[] {
  const times = compileCron(cron, zone);
  const found: string[] = [];
  let atMs = Date.parse(from);
  while (found.length < count) {
    const next = times.nextAfter(atMs);
    if (next === null) break;
    atMs = next;
    found.push(new Date(next).toISOString().slice(0, 16));
  }
  return found;
}

describe("clocks that are put forward: from 02:00 to 03:00", () => {
  test("a time that the day does not have comes right after the gap, once", () => {
    expect(timesOf("30 2 * * *", "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(timesOf("0 3 * * *", "2026-03-28T12:00:00Z", 2)).toEqual(["2026-03-29T01:00", "2026-03-30T01:00"]);
  });

  test("a pattern for every so many minutes goes on without a break", () => {
    expect(timesOf("*/30 * * * *", "2026-03-29T00:00:00Z", 4)).toEqual([
      "2026-03-29T00:30",
      "2026-03-29T01:00",
      "2026-03-29T01:30",
      "2026-03-29T02:00",
    ]);
  });
});

describe("clocks that are put back: from 03:00 to 02:00", () => {
  test("a time that the day has twice comes once, the first time", () => {
    expect(timesOf("30 2 * * *", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    expect(timesOf("30 2,14 * * *", "2026-10-24T22:00:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T13:30",
    ]);
  });

  test("a pattern for every so many minutes goes on through both hours", () => {
    expect(timesOf("*/30 * * * *", "2026-10-25T00:00:00Z", 4)).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00",
    ]);
  });
});

test("days of months and of weeks", () => {
  expect(timesOf("0 6 * * mon-fri", "2026-11-20T12:00:00Z", 2, "UTC")).toEqual([
    "2026-11-23T06:00",
    "2026-11-24T06:00",
  ]);
  expect(timesOf("0 0 29 2 *", "2026-01-01T00:00:00Z", 2, "UTC")).toEqual([
    "2028-02-29T00:00",
    "2032-02-29T00:00",
  ]);
  expect(timesOf("0 0 30 2 *", "2026-01-01T00:00:00Z", 1)).toEqual([]);
});

test.each(["", "* * * *", "* * * * * *", "61 * * * *", "@daily", "2026-11-23T07:00:00Z", "a b c d e"])(
  "%j is no cron expression",
  (source) => {
    expect(() => compileCron(source, "UTC")).toThrow(CronError);
  },
);

describe("jitter", () => {
  const schedule = (changes: Partial<Schedule> = {}): Schedule => ({
    name: "nightly",
    runbook: "look",
    with: {},
    cron: compileCron("0 2 * * *", "UTC"),
    timeZone: "UTC",
    jitterMs: 600_000,
    missed: "run_once",
    overlap: "skip",
    file: "schedules.yml",
    line: 1,
    ...changes,
  });
  const from = Date.parse("2026-11-23T00:00:00Z");

  test("is the same on every node, differs from day to day, and stays within its bounds", () => {
    const days = Array.from({ length: 50 }, (_, day) => nextDue(schedule(), from + day * 86_400_000));
    expect(days).toEqual(
      Array.from({ length: 50 }, (_, day) => nextDue(schedule(), from + day * 86_400_000)),
    );
    const offsets = days.map((due) => (due === null ? -1 : due.dueAtMs - due.forMs));
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...offsets)).toBeLessThanOrEqual(600_000);
    expect(new Set(offsets).size).toBeGreaterThan(40);
  });

  test("is none without one, and another schedule has another", () => {
    const due = nextDue(schedule({ jitterMs: 0 }), from);
    expect(due?.dueAtMs).toBe(Date.parse("2026-11-23T02:00:00Z"));
    expect(nextDue(schedule({ name: "other" }), from)?.dueAtMs).not.toBe(nextDue(schedule(), from)?.dueAtMs);
  });

  test("belongs to what the times come from", () => {
    expect(definitionOf(schedule({ jitterMs: 0 }))).not.toBe(definitionOf(schedule()));
    expect(definitionOf(schedule({ missed: "skip" }))).toBe(definitionOf(schedule()));
  });
});
