import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chart } from "../../src/archive/chart.ts";
import { tickLabels, timeTicks, valueTicks } from "../../src/archive/chart-axis.ts";
import { formatValue } from "../../src/archive/chart-units.ts";
import { lineChart } from "../../src/archive/svg-chart.ts";
import { type Unit, UNITS } from "../../src/runbooks/verbs/prometheus.ts";
import { injectionCorpus } from "../support/injection-corpus.ts";

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
    unit: null,
    alertMs: START + 120_000,
    changeMs: null,
    notes: [],
    ...changes,
  };
}

/** Well-formed XML of our own elements and attributes alone: nothing that acts, and no character that XML does not have. */
function expectInert(svg: string): void {
  const rest = svg
    .replaceAll(/<style>[\s\S]*<\/style>/g, "")
    .replaceAll(
      /<\/?(?:svg|title|desc|rect|text|line|path|circle)(?: (?:[a-z]+[0-9]?|viewBox|text-anchor|stroke-dasharray|aria-labelledby)="[^"<>]*")*\/?>/g,
      (tag) => {
        expect(tag).not.toMatch(/\s(?:on\w*|href|style)=/i);
        return "";
      },
    );
  expect(rest).not.toMatch(/[<>]/);
  expect(rest.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
  // XML 1.0 has no other control characters, not even escaped.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(svg).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
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

  test("marks the alert's start with its time", () => {
    expect(lineChart(chart())).toContain(">alert since 02:24:00</text>");
    expect(lineChart(chart({ alertMs: END + 1 }))).not.toContain("alert since");
    expect(lineChart(chart({ alertMs: null }))).not.toContain("alert since");
  });

  test("says that there is no data, and how many series are not shown", () => {
    expect(lineChart(chart({ series: [] }))).toContain("no data in this range");
    const series = Array.from({ length: 13 }, (_, index) => ({ name: `s${index}`, points: [] }));
    expect(lineChart(chart({ series }))).toContain("and 3 more series");
  });

  test("says at its edge that the alert began earlier, with the day when it was another one", () => {
    expect(lineChart(chart({ alertMs: START - 60_000 }))).toContain(
      "← alert since 02:21:00, before this range",
    );
    expect(lineChart(chart({ alertMs: START - 4 * 3_600_000 }))).toContain(
      "← alert since 2026-11-22 22:22:00",
    );
  });

  test("shows each series' value before the first change, its highest and its last one", () => {
    const svg = lineChart(chart({ unit: "seconds", changeMs: START + 200_000 }));
    expect(svg).toContain(">first change 02:25:20</text>");
    expect(svg).toContain(">max 900ms · before the change 900ms · last 800ms</text>");
    expect(lineChart(chart({ unit: "seconds" }))).toContain(">max 900ms · last 800ms</text>");
  });

  test("keeps the highest of many series, in their order", () => {
    const series = Array.from({ length: 12 }, (_, index) => ({
      name: `s${index}`,
      points: [{ timeMs: START, value: index === 0 ? 99 : index }],
    }));
    const svg = lineChart(chart({ series }));
    const names = [...svg.matchAll(/>(s\d+)<\/text>/g)].map((match) => match[1]);
    expect(names).toEqual(["s0", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"]);
    expect(svg).toContain("and 2 more series with lower peaks");
  });

  test("draws 10,000 points as fewer, and loses no extreme", () => {
    const points = Array.from({ length: 10_000 }, (_, index) => ({ timeMs: START + index * 360, value: 10 }));
    points[4_321] = { timeMs: START + 4_321 * 360, value: 50 };
    points[7_777] = { timeMs: START + 7_777 * 360, value: 0 };
    const series = [{ name: "x", points }];
    const svg = lineChart(chart({ series, stepMs: 360 }));
    const drawn = [...(/ d="M([^"]+)"/.exec(svg)?.[1] ?? "").matchAll(/(?<=\s)[\d.]+/g)].map(Number);
    expect(drawn.length).toBeGreaterThan(860);
    expect(drawn.length).toBeLessThanOrEqual(4 * 861);
    // The plot's top is 50, its bottom 0; no other value comes near them.
    expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([92, 392]);
    const isFlat = new Set(drawn).size === 3;
    expect(isFlat).toBe(true);
    expect(svg.length).toBeLessThan(100_000);
  });

  test("says that the data is not complete", () => {
    const svg = lineChart(chart({ notes: ["<a>", "b", "c", "d", "e"] }));
    expect(svg).toContain('class="note"');
    expect(svg).toContain(">&lt;a&gt;</text>");
    expect(svg).toContain("and 2 more notes");
  });

  test("no value of the injection corpus becomes markup", () => {
    const corpus = injectionCorpus("/tmp/canary");
    for (const { value } of corpus) {
      const points = [{ timeMs: START, value: 1 }];
      const series = [{ name: value, points }];
      expectInert(lineChart(chart({ title: value, subtitle: value, series, notes: [value] })));
    }
    // A value that is written as it is does not pass.
    expect(() => expectInert(lineChart(chart()).replace("p99", "<svg onload=alert(1)>"))).toThrow(
      "not to match",
    );
    console.log(`PROMISE S1 sink=svg values=${corpus.length} places=4 canaries=0 ok`);
  });

  test("lets no text become markup, and is well-formed whatever it is given", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1e-300, 1e300, -5));
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("</text><script>x</script>", "]]>&amp;", '" onload="x'),
    );
    const units = fc.constantFrom<Unit | null>(null, ...UNITS);
    fc.assert(
      fc.property(hostile, hostile, fc.array(value, { maxLength: 8 }), units, (title, name, values, unit) => {
        const points = values.map((each, index) => ({ timeMs: START + index * 60_000, value: each }));
        const svg = lineChart(
          chart({ title, subtitle: name, series: [{ name, points }], notes: [name], unit }),
        );
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expectInert(svg);
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

  test.each<[number, Unit, string]>([
    [0, "seconds", "0s"],
    [0.000_25, "seconds", "250µs"],
    [0.25, "seconds", "250ms"],
    [59.5, "seconds", "59.5s"],
    [90, "seconds", "1m30s"],
    [-5_400, "seconds", "-1h30m"],
    [86_399.9, "seconds", "24h"],
    [3 * 86_400, "seconds", "3d"],
    [1_536, "bytes", "1.5KiB"],
    [-(1024 ** 3), "bytes", "-1GiB"],
    [1024 ** 2, "bytes_per_second", "1MiB/s"],
    [1_500, "per_second", "1.5k/s"],
    [85, "percent", "85%"],
    [0.85, "ratio", "85%"],
  ])("writes %d %s as %s", (value, unit, text) => expect(formatValue(value, unit)).toBe(text));

  test.each<[number, number, Unit, string[]]>([
    [0, 600, "seconds", ["0s", "2m", "4m", "6m", "8m", "10m"]],
    [0, 3e9, "bytes", ["0B", "1GiB", "2GiB", "3GiB"]],
    [0, 1, "ratio", ["0%", "20%", "40%", "60%", "80%", "100%"]],
    [
      1_000_000,
      1_000_005,
      "percent",
      ["1M%", "1.000001M%", "1.000002M%", "1.000003M%", "1.000004M%", "1.000005M%"],
    ],
  ])("an axis from %d to %d %s", (min, max, unit, labels) =>
    expect(tickLabels(valueTicks(min, max, 6, unit), unit)).toEqual(labels),
  );

  test("no two ticks of an axis are written alike", () => {
    const unit = fc.constantFrom<Unit | null>(null, ...UNITS);
    const edge = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(edge, fc.double({ min: 1e-3, max: 1e12, noNaN: true }), unit, (min, span, of) => {
        // What is closer together than this counts as flat, and gets an axis from 0.
        fc.pre(span > Math.abs(min) * 1e-9);
        const ticks = valueTicks(min, min + span, 6, of);
        expect(ticks.length).toBeLessThanOrEqual(8);
        const labels = tickLabels(ticks, of);
        expect(new Set(labels).size).toBe(ticks.length);
      }),
    );
  });

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
