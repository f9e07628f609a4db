import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatValue, timeTicks, valueTicks } from "../../src/archive/chart-axis.ts";
import { type Chart, lineChart } from "../../src/archive/svg-chart.ts";

const START = Date.parse("2026-11-23T02:22:00Z");
const END = START + 3_600_000;

function chart(changes: Partial<Chart> = {}): Chart {
  const points = [0.2, 0.3, NaN, 0.9, 0.8].map((value, index) => ({ timeMs: START + index * 60_000, value }));
  return {
    title: "p99 latency",
    subtitle: "rate(x[5m])",
    series: [{ name: '{instance="web-1:9100"}', points }],
    startMs: START,
    endMs: END,
    stepMs: 60_000,
    mark: { timeMs: START + 120_000, label: "alert since" },
    ...changes,
  };
}

const count = (svg: string, pattern: RegExp) => svg.match(pattern)?.length ?? 0;

describe("lineChart", () => {
  test("breaks the line where a value is missing, and draws a lone point as a dot", () => {
    expect(count(lineChart(chart()), /<path class="line c0"/g)).toBe(2);
    const lone = chart({ series: [{ name: "x", points: [{ timeMs: START, value: 1 }] }] });
    expect(count(lineChart(lone), /<circle class="dot f0"/g)).toBe(1);
  });

  test("breaks the line where points are farther apart than a step", () => {
    const points = [0, 1, 4, 5].map((index) => ({ timeMs: START + index * 60_000, value: 1 }));
    expect(count(lineChart(chart({ series: [{ name: "x", points }] })), /<path class="line/g)).toBe(2);
  });

  test("marks the alert's start with its time, only inside the range", () => {
    expect(lineChart(chart())).toContain(">alert since 02:24:00</text>");
    expect(lineChart(chart({ mark: { timeMs: START - 1, label: "alert since" } }))).not.toContain(
      "alert since",
    );
    expect(lineChart(chart({ mark: null }))).not.toContain("alert since");
  });

  test("says that there is no data, and how many series are not shown", () => {
    expect(lineChart(chart({ series: [] }))).toContain("no data in this range");
    const series = Array.from({ length: 13 }, (_, index) => ({ name: `s${index}`, points: [] }));
    expect(lineChart(chart({ series }))).toContain("and 3 more series");
  });

  test("lets no text become markup, and is well-formed whatever it is given", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1e-300, 1e300, -5));
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("</text><script>x</script>", "]]>&amp;", '" onload="x'),
    );
    fc.assert(
      fc.property(hostile, hostile, fc.array(value, { maxLength: 8 }), (title, name, values) => {
        const points = values.map((each, index) => ({ timeMs: START + index * 60_000, value: each }));
        const svg = lineChart(
          chart({ title, subtitle: name, series: [{ name, points }], mark: { timeMs: START, label: name } }),
        );
        expect(svg).not.toMatch(/<script|onload="x|NaN|Infinity|undefined/);
        expect(
          svg
            .replaceAll(/<style>[\s\S]*<\/style>/g, "")
            .replaceAll(/<\/?(?:svg|title|desc|rect|text|line|path|circle)(?: [\w-]+="[^"<>]*")*\/?>/g, ""),
        ).not.toMatch(/[<>]/);
        // XML 1.0 has no other control characters, not even escaped.
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(svg).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
      }),
    );
  });

  test("gives the same text for the same input", () => {
    expect(lineChart(chart())).toBe(lineChart(structuredClone(chart())));
  });
});

describe("axes", () => {
  test.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0.93, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [95, 104, [94, 96, 98, 100, 102, 104]],
    [-3, 7, [-4, -2, 0, 2, 4, 6, 8]],
  ])("round values from %d to %d", (min, max, ticks) => expect(valueTicks(min, max, 6)).toEqual(ticks));

  test.each([
    [0, "0"],
    [1_500_000, "1.5M"],
    [2.5, "2.5"],
    [0.0004, "0.0004"],
    [0.00000004, "4e-8"],
    [-1_000, "-1k"],
    [3e15, "3e+15"],
  ])("writes %d as %s", (value, text) => expect(formatValue(value)).toBe(text));

  test("times in UTC, a day's beginning as its date", () => {
    const hours = timeTicks(Date.parse("2026-11-22T22:00:00Z"), Date.parse("2026-11-23T02:00:00Z"), 5);
    expect(hours.map(({ label }) => label)).toEqual(["22:00", "23:00", "11-23", "01:00", "02:00"]);
    const seconds = timeTicks(START, START + 20_000, 5);
    expect(seconds.map(({ label }) => label)).toEqual([
      "02:22:00",
      "02:22:05",
      "02:22:10",
      "02:22:15",
      "02:22:20",
    ]);
  });
});
