import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ActivityFacts, judgeActivity } from "../../src/guards/activity.ts";
import { compileIntervals, isWithin } from "../../src/intervals/interval.ts";
import { timeIntervalsSchema } from "../../src/intervals/schema.ts";

const interval = (name: string, ...periods: readonly object[]) => ({ name, time_intervals: periods });
const times = (start_time: string, end_time: string) => [{ start_time, end_time }];

const intervals = compileIntervals(
  timeIntervalsSchema.parse([
    interval("office", {
      weekdays: ["monday:friday"],
      times: times("07:00", "20:00"),
      location: "Europe/Berlin",
    }),
    interval("weekdays", { weekdays: ["monday:friday"], location: "Europe/Berlin" }),
    interval("night", { times: times("00:00", "06:00") }, { times: times("22:00", "24:00") }),
    interval("saturday", { weekdays: ["saturday"] }),
    interval("backup", { times: times("07:00", "08:30"), location: "Europe/Berlin" }),
    interval("backup-2", { times: times("08:00", "09:00"), location: "Europe/Berlin" }),
    interval("past", { years: ["2020:2025"] }),
    interval("2028", { years: [2028] }),
    interval("2035", { years: [2035] }),
  ]),
);

const judge = (facts: Partial<ActivityFacts> & { readonly at: string }) =>
  judgeActivity({ active: [], mute: [], intervals, nowMs: Date.parse(facts.at), ...facts });

/** When it may start, or what keeps it from ever starting. */
function startOf(facts: Parameters<typeof judge>[0]): string {
  const verdict = judge(facts);
  if (verdict.kind === "passes") return "now";
  if (verdict.kind !== "delays") return `${verdict.kind} ${verdict.reason}`;
  return `${verdict.reason} ${new Date(verdict.retryAtMs).toISOString().slice(0, 16)}`;
}

describe("active and mute", () => {
  test.each<[string, Parameters<typeof judge>[0], string]>([
    ["nothing named", { at: "2026-11-22T00:00:00Z" }, "now"],
    ["inside", { at: "2026-11-23T06:00:00Z", active: ["office"] }, "now"],
    [
      "a millisecond early",
      { at: "2026-11-23T05:59:59.999Z", active: ["office"] },
      "inactive 2026-11-23T06:00",
    ],
    ["at the end", { at: "2026-11-20T19:00:00Z", active: ["office"] }, "inactive 2026-11-23T06:00"],
    ["inside any of several", { at: "2026-11-21T12:00:00Z", active: ["office", "saturday"] }, "now"],
    [
      "the first of several",
      { at: "2026-11-20T20:00:00Z", active: ["office", "saturday"] },
      "inactive 2026-11-21T00:00",
    ],
    ["inside mute", { at: "2026-11-23T22:00:00Z", mute: ["night"] }, "muted 2026-11-24T06:00"],
    ["outside mute", { at: "2026-11-23T21:59:59.999Z", mute: ["night"] }, "now"],
    [
      "mutes that overlap",
      { at: "2026-11-23T06:30:00Z", mute: ["backup", "backup-2"] },
      "muted 2026-11-23T08:00",
    ],
    [
      "mute wins over active",
      { at: "2026-11-23T06:00:00Z", active: ["office"], mute: ["backup"] },
      "muted 2026-11-23T07:30",
    ],
    // Active begins at 06:00 UTC, but the mutes end only at 08:00.
    [
      "all looked at together",
      { at: "2026-11-22T12:00:00Z", active: ["office"], mute: ["backup", "backup-2"] },
      "inactive 2026-11-23T08:00",
    ],
    [
      "inactive is told before muted",
      { at: "2026-11-23T23:00:00Z", active: ["office"], mute: ["night"] },
      "inactive 2026-11-24T06:00",
    ],
    [
      "over the change of clocks",
      { at: "2026-03-28T12:00:00Z", active: ["office"] },
      "inactive 2026-03-30T05:00",
    ],
    ["more than a year ahead", { at: "2026-12-31T12:00:00Z", active: ["2028"] }, "inactive 2028-01-01T00:00"],
    ["never again", { at: "2026-01-01T00:00:00Z", active: ["past"] }, "refuses inactive"],
    ["too far ahead", { at: "2026-01-01T00:00:00Z", active: ["2035"] }, "refuses inactive"],
    [
      "always muted while active",
      { at: "2026-11-23T12:00:00Z", active: ["office"], mute: ["weekdays"] },
      "refuses muted",
    ],
    ["an unknown active alone", { at: "2026-11-23T12:00:00Z", active: ["gone"] }, "refuses inactive"],
    [
      "an unknown active beside a known",
      { at: "2026-11-21T12:00:00Z", active: ["gone", "office"] },
      "inactive 2026-11-23T06:00",
    ],
    ["an unknown mute", { at: "2026-11-23T12:00:00Z", mute: ["gone"] }, "refuses muted"],
  ])("%s", (_, facts, expected) => {
    expect(startOf(facts)).toBe(expected);
  });

  test("says what keeps it and until when", () => {
    expect(judge({ at: "2026-11-23T23:00:00Z", active: ["office", "gone"], mute: ["night"] })).toMatchObject({
      text: "it is outside the time intervals of active: office, gone; it is inside the time intervals of mute: night; there is no time interval named gone; allowed from 2026-11-24T06:00:00Z",
    });
    expect(judge({ at: "2026-11-23T12:00:00Z", active: ["past"] })).toMatchObject({
      text: "it is outside the time intervals of active: past; no start is allowed within two years",
    });
  });
});

test("a start is allowed at the time that is told, and at no minute before it", () => {
  const names = fc.subarray(["office", "weekdays", "night", "saturday", "backup", "backup-2"], {
    maxLength: 3,
  });
  const minute = fc.integer({
    min: Date.parse("2026-01-01T00:00Z") / 60_000,
    max: Date.parse("2026-12-31T00:00Z") / 60_000,
  });
  let delayed = 0;
  fc.assert(
    fc.property(names, names, minute, (active, mute, startMinute) => {
      const isIn = (name: string, atMs: number) => isWithin(intervals.get(name)!, atMs);
      const mayStart = (atMs: number) =>
        (active.length === 0 || active.some((name) => isIn(name, atMs))) &&
        !mute.some((name) => isIn(name, atMs));
      const nowMs = startMinute * 60_000;
      const verdict = judgeActivity({ active, mute, intervals, nowMs });
      if (verdict.kind === "delays") delayed += 1;
      const retryAtMs = verdict.kind === "delays" ? verdict.retryAtMs : null;
      expect(mayStart(nowMs)).toBe(verdict.kind === "passes");
      expect(retryAtMs === null || mayStart(retryAtMs)).toBe(true);
      // Nobody who is refused may start in the next three weeks either.
      const closedUntilMs = verdict.kind === "refuses" ? nowMs + 21 * 86_400_000 : (retryAtMs ?? nowMs);
      const earlier: number[] = [];
      for (let atMs = nowMs; atMs < closedUntilMs; atMs += 60_000) if (mayStart(atMs)) earlier.push(atMs);
      expect(earlier).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(delayed).toBeGreaterThan(20);
});
