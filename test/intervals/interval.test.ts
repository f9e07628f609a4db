import { describe, expect, test } from "vitest";
import { isWithin } from "../../src/intervals/interval.ts";
import { nextChangeMs } from "../../src/intervals/next-change.ts";
import { intervalOf, type WrittenPeriod } from "./reference.ts";

const times = (start_time: string, end_time: string) => [{ start_time, end_time }];

/** All changes from one moment to another. */
function changes(periods: readonly WrittenPeriod[], from: string, to: string): string[] {
  const interval = intervalOf(...periods);
  const found: string[] = [];
  let atMs = nextChangeMs(interval, Date.parse(from));
  while (atMs !== null && atMs <= Date.parse(to)) {
    found.push(new Date(atMs).toISOString().slice(0, 16));
    atMs = nextChangeMs(interval, atMs);
  }
  return found;
}

describe("is inside", () => {
  const office: WrittenPeriod = {
    weekdays: ["monday:friday"],
    times: times("07:00", "20:00"),
    location: "Europe/Berlin",
  };
  test.each<[string, WrittenPeriod[], string, boolean]>([
    ["from the first minute", [office], "2026-11-23T06:00:00.000Z", true],
    ["not a millisecond before", [office], "2026-11-23T05:59:59.999Z", false],
    ["to the last millisecond", [office], "2026-11-23T18:59:59.999Z", true],
    ["not from the end on", [office], "2026-11-23T19:00:00.000Z", false],
    ["in summer an hour earlier by UTC", [office], "2026-07-20T05:00:00.000Z", true],
    ["not on another weekday", [office], "2026-11-22T12:00:00.000Z", false],
    ["UTC when no location is given", [{ times: times("12:00", "13:00") }], "2026-01-01T12:30:00Z", true],
    ["24:00 is the end of the day", [{ times: times("23:00", "24:00") }], "2026-01-01T23:59:59.999Z", true],
    ["and no part of the next one", [{ times: times("23:00", "24:00") }], "2026-01-02T00:00:00Z", false],
    [
      "any of several times",
      [{ times: [...times("01:00", "02:00"), ...times("05:00", "06:00")] }],
      "2026-01-01T05:00:00Z",
      true,
    ],
    [
      "none of several times",
      [{ times: [...times("01:00", "02:00"), ...times("05:00", "06:00")] }],
      "2026-01-01T03:00:00Z",
      false,
    ],
    ["any of several entries", [{ years: [2020] }, { months: ["january"] }], "2026-01-01T00:00:00Z", true],
    ["all that one entry says", [{ years: [2020], months: ["january"] }], "2026-01-01T00:00:00Z", false],
    ["the last day of a leap February", [{ days_of_month: [-1] }], "2028-02-29T12:00:00Z", true],
    ["not its day before", [{ days_of_month: [-1] }], "2028-02-28T12:00:00Z", false],
    ["the last day of a February", [{ days_of_month: ["-1"] }], "2026-02-28T12:00:00Z", true],
    ["the last three days", [{ days_of_month: ["-3:-1"] }], "2026-04-28T00:00:00Z", true],
    ["from a day to the last", [{ days_of_month: ["30:-1"] }], "2026-12-31T00:00:00Z", true],
    ["a day that the month does not have", [{ days_of_month: ["30:-1"] }], "2026-02-28T00:00:00Z", false],
    ["a range that is longer than the month", [{ days_of_month: ["-31:-1"] }], "2026-02-01T00:00:00Z", true],
    ["a month by name and number", [{ months: ["march:5"] }], "2026-05-31T00:00:00Z", true],
    [
      "capital letters",
      [{ weekdays: ["Monday:FRIDAY"], months: ["November"] }],
      "2026-11-23T00:00:00Z",
      true,
    ],
    [
      "the month of the zone, not of UTC",
      [{ months: [2], location: "Asia/Kolkata" }],
      "2026-01-31T18:30:00Z",
      true,
    ],
    // Alertmanager counts 30 days in a March whose clocks are moved forward.
    [
      "the last day of a March with 743 hours",
      [{ days_of_month: [-1], location: "Europe/Berlin" }],
      "2026-03-31T12:00:00Z",
      true,
    ],
  ])("%s", (_, periods, at, expected) => {
    expect(isWithin(intervalOf(...periods), Date.parse(at))).toBe(expected);
  });
});

describe("changes of clocks", () => {
  test("a time that is skipped in spring is not met that day", () => {
    const skipped = [{ times: times("02:15", "02:45"), location: "Europe/Berlin" }];
    expect(changes(skipped, "2026-03-28T00:00Z", "2026-03-30T12:00Z")).toEqual([
      "2026-03-28T01:15",
      "2026-03-28T01:45",
      "2026-03-30T00:15",
      "2026-03-30T00:45",
    ]);
  });

  test("a range that reaches into the skipped hour ends where the clocks jump", () => {
    const early = [{ times: times("01:30", "02:30"), location: "Europe/Berlin" }];
    expect(changes(early, "2026-03-29T00:00Z", "2026-03-29T12:00Z")).toEqual([
      "2026-03-29T00:30",
      "2026-03-29T01:00",
    ]);
    const late = [{ times: times("02:30", "03:30"), location: "Europe/Berlin" }];
    expect(changes(late, "2026-03-29T00:00Z", "2026-03-29T12:00Z")).toEqual([
      "2026-03-29T01:00",
      "2026-03-29T01:30",
    ]);
  });

  test("a time that is shown twice in autumn is met twice", () => {
    const twice = [{ times: times("02:30", "02:45"), location: "Europe/Berlin" }];
    expect(changes(twice, "2026-10-25T00:00Z", "2026-10-25T12:00Z")).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T00:45",
      "2026-10-25T01:30",
      "2026-10-25T01:45",
    ]);
    const over = [{ times: times("02:30", "03:30"), location: "Europe/Berlin" }];
    expect(changes(over, "2026-10-25T00:00Z", "2026-10-25T12:00Z")).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:30",
    ]);
  });

  test("clocks that are moved by half an hour", () => {
    const night = [{ times: times("01:45", "02:15"), location: "Australia/Lord_Howe" }];
    // 02:00 becomes 01:30 in April, and 02:30 in October.
    expect(changes(night, "2026-04-04T12:00Z", "2026-04-05T00:00Z")).toEqual([
      "2026-04-04T14:45",
      "2026-04-04T15:00",
      "2026-04-04T15:15",
      "2026-04-04T15:45",
    ]);
    expect(changes(night, "2026-10-03T12:00Z", "2026-10-04T00:00Z")).toEqual([
      "2026-10-03T15:15",
      "2026-10-03T15:30",
    ]);
  });
});

describe("the next change", () => {
  test("is over the weekend where the interval is", () => {
    const office = [
      { weekdays: ["monday:friday"], times: times("07:00", "20:00"), location: "Europe/Berlin" },
    ];
    expect(changes(office, "2026-11-20T19:00Z", "2026-11-23T19:00Z")).toEqual([
      "2026-11-23T06:00",
      "2026-11-23T19:00",
    ]);
  });

  test("does not stop at midnight between days that are both inside", () => {
    expect(changes([{ weekdays: ["monday:friday"] }], "2026-11-23T00:00Z", "2026-11-29T00:00Z")).toEqual([
      "2026-11-28T00:00",
    ]);
    const late = [{ times: [...times("22:00", "24:00"), ...times("00:00", "06:00")] }];
    expect(changes(late, "2026-11-23T21:00Z", "2026-11-24T12:00Z")).toEqual([
      "2026-11-23T22:00",
      "2026-11-24T06:00",
    ]);
  });

  test("is found in whole days from the moment as well", () => {
    const tuesday = [{ weekdays: ["tuesday"] }];
    for (const day of ["18", "19", "20", "21", "22", "23"])
      expect(changes(tuesday, `2026-11-${day}T00:00Z`, "2026-11-25T00:00Z")).toEqual([
        "2026-11-24T00:00",
        "2026-11-25T00:00",
      ]);
  });

  test("finds the next 29th of February over the year 2100", () => {
    const leapDay = [{ months: ["february"], days_of_month: [29] }];
    expect(changes(leapDay, "2096-03-02T00:00Z", "2104-03-02T00:00Z")).toEqual([
      "2104-02-29T00:00",
      "2104-03-01T00:00",
    ]);
  });

  test("is never, for what is over and for what always holds", () => {
    const nowMs = Date.parse("2026-11-23T00:00Z");
    expect(nextChangeMs(intervalOf({ years: ["2020:2025"] }), nowMs)).toBeNull();
    expect(
      nextChangeMs(intervalOf({ weekdays: ["sunday:saturday"], location: "Europe/Berlin" }), nowMs),
    ).toBeNull();
    expect(nextChangeMs(intervalOf({ months: [2], days_of_month: [30] }), nowMs)).toBeNull();
  });
});

test("a check costs far less than 50 microseconds", () => {
  const interval = intervalOf(
    ...["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"].map((location) => ({
      weekdays: ["monday:friday"],
      times: times("07:00", "20:00"),
      location,
    })),
  );
  const CHECKS = 20_000;
  const startMs = performance.now();
  for (let index = 0; index < CHECKS; index += 1)
    isWithin(interval, Date.UTC(2026, 0, 1) + index * 1_571_000);
  expect((performance.now() - startMs) / CHECKS).toBeLessThan(0.05);
});
