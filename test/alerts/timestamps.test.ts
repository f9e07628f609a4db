import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTimestampMs, ZERO_TIME_MS } from "../../src/alerts/timestamps.ts";

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["2026-03-04T11:02:13.417Z", 1772622133417],
  ["2026-03-04T11:02:13Z", 1772622133000],
  ["2026-03-04T11:02:13.4Z", 1772622133400],
  ["2026-03-04T11:02:13.41799999Z", 1772622133417],
  ["2026-03-04T11:02:13.000000001Z", 1772622133000],
  ["2026-03-04T13:02:13.417+02:00", 1772622133417],
  ["2026-03-04T05:32:13.417-05:30", 1772622133417],
  ["2026-03-04t11:02:13.417z", 1772622133417],
  ["2024-02-29T00:00:00Z", 1709164800000],
  ["0001-01-01T00:00:00Z", ZERO_TIME_MS],
  ["0000-01-01T00:00:00Z", -62167219200000],
  ["9999-12-31T23:59:59.999999999Z", 253402300799999],
])("%s", (text, expected) => {
  expect(parseTimestampMs(text)).toBe(expected);
});

test.each([
  "",
  "yesterday",
  "1772622133",
  "2026-03-04",
  "2026-03-04T11:02:13",
  "2026-03-04 11:02:13Z",
  "2026-03-04T11:02Z",
  "2026-3-04T11:02:13.4Z",
  "2026-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-03-04T24:00:00Z",
  "2026-03-04T11:60:00Z",
  "2026-03-04T11:02:60Z",
  "2026-03-04T11:02:13.Z",
  "2026-03-04T11:02:13.0123456789Z",
  "2026-03-04T11:02:13+2:00",
  "2026-03-04T11:02:13+24:00",
  "2026-03-04T11:02:13+02:60",
  "2026-03-04T11:02:13+0200",
  "2026-03-04T11:02:13ZZ",
  "2026-03-04T11:02:13.417Z trailing text here",
  "+2026-03-04T11:02:13Z",
  "２０26-03-04T11:02:13Z",
  "2026/03/04T11:02:13Z",
])("refuses %j", (text) => {
  expect(parseTimestampMs(text)).toBeUndefined();
});

test("agrees with Date over all years that Date can write in this form", () => {
  const time = fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(time, (date) => {
      expect(parseTimestampMs(date.toISOString())).toBe(date.getTime());
    }),
  );
});

test("never throws, and gives a finite number or nothing", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const timeMs = parseTimestampMs(text);
      expect(timeMs === undefined || Number.isFinite(timeMs)).toBe(true);
    }),
  );
});
