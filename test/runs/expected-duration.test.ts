import { expect, test } from "vitest";
import { expectedDuration } from "../../src/runs/expected-duration.ts";

test.each<[readonly number[], ReturnType<typeof expectedDuration>]>([
  [[], null],
  [[1_000, 2_000], null],
  [[3_000, 1_000, 2_000], { medianMs: 2_000, p90Ms: 3_000, runs: 3 }],
  [[1_000, 2_000, 3_000, 40_000], { medianMs: 2_500, p90Ms: 40_000, runs: 4 }],
  [Array.from({ length: 50 }, (_, index) => 50 - index), { medianMs: 25.5, p90Ms: 45, runs: 50 }],
  [[5, 5, 5], { medianMs: 5, p90Ms: 5, runs: 3 }],
])("runs of %j", (durationsMs, expected) => {
  expect(expectedDuration(durationsMs)).toEqual(expected);
});
