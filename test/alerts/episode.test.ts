// The table of semantics "Episodes", then properties over whole lives of an alert.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SourceKind, SOURCE_KINDS } from "../../src/alerts/alert.ts";
import { decideEpisode, type EpisodeChange, type EpisodeQuestion } from "../../src/alerts/episode.ts";

const MINUTE_MS = 60_000;
const NOW_MS = Date.parse("2026-11-23T03:00:00Z");
const START_MS = NOW_MS - 30 * MINUTE_MS;

const firing = (startsAtMs: number, isStartAssumed = false): EpisodeQuestion["alert"] => ({
  status: "firing",
  isRecovery: true,
  startsAtMs,
  isStartAssumed,
  endsAtMs: null,
});
const resolved = (
  startsAtMs: number,
  endsAtMs: number | null,
  isRecovery = true,
): EpisodeQuestion["alert"] => ({
  status: "resolved",
  isRecovery,
  startsAtMs,
  endsAtMs,
});

interface Facts {
  readonly kind?: SourceKind;
  readonly openMs?: number;
  readonly lastEndedAtMs?: number;
}
const decide = (
  alert: EpisodeQuestion["alert"],
  { kind, openMs, lastEndedAtMs }: Facts = {},
): EpisodeChange =>
  decideEpisode({
    sourceKind: kind ?? "alertmanager",
    open: openMs === undefined ? null : { startsAtMs: openMs },
    lastEndedAtMs: lastEndedAtMs ?? null,
    alert,
    nowMs: NOW_MS,
  });

describe("firing", () => {
  test("opens where none is open", () => {
    expect(decide(firing(START_MS))).toEqual({ kind: "opens", startsAtMs: START_MS });
  });
  test("opens after the last one ended", () => {
    const change = decide(firing(START_MS), { lastEndedAtMs: START_MS - 1 });
    expect(change).toEqual({ kind: "opens", startsAtMs: START_MS });
  });
  test.each([0, 1, MINUTE_MS])("is late when it began %i ms before the last one ended", (beforeMs) => {
    expect(decide(firing(START_MS - beforeMs), { lastEndedAtMs: START_MS })).toEqual({ kind: "late" });
  });
  test("without a start of its own is never late", () => {
    const change = decide(firing(NOW_MS, true), { lastEndedAtMs: NOW_MS + MINUTE_MS });
    expect(change.kind).toBe("opens");
  });
  test.each(SOURCE_KINDS)("repeats while open, and keeps the earliest start (%s)", (kind) => {
    const same = { kind: "repeats", startsAtMs: START_MS };
    expect(decide(firing(START_MS), { kind, openMs: START_MS })).toEqual(same);
    expect(decide(firing(START_MS + MINUTE_MS), { kind, openMs: START_MS })).toEqual(same);
    expect(decide(firing(START_MS + 2 * MINUTE_MS), { kind, openMs: START_MS })).toEqual(same);
    expect(decide(firing(START_MS), { kind, openMs: START_MS + MINUTE_MS })).toEqual(same);
  });
  test("more than 2 minutes later on an open one is a new one for Alertmanager: the resolve was lost", () => {
    const later = START_MS + 2 * MINUTE_MS + 1;
    expect(decide(firing(later), { openMs: START_MS })).toEqual({
      kind: "reopens",
      endedAtMs: later,
      startsAtMs: later,
    });
  });
  test.each(["grafana", "generic"] as const)(
    "more than 2 minutes later is still the same one for %s",
    (kind) => {
      const change = decide(firing(START_MS + 20 * MINUTE_MS), { kind, openMs: START_MS });
      expect(change).toEqual({ kind: "repeats", startsAtMs: START_MS });
    },
  );
  test("without a start of its own never reopens", () => {
    expect(decide(firing(NOW_MS, true), { openMs: START_MS })).toEqual({
      kind: "repeats",
      startsAtMs: START_MS,
    });
  });
  test("a start that is earlier by more than 2 minutes does not pull the start back", () => {
    const change = decide(firing(START_MS - 2 * MINUTE_MS - 1), { openMs: START_MS });
    expect(change).toEqual({ kind: "repeats", startsAtMs: START_MS });
  });
});

describe("resolved", () => {
  test("closes whatever its start, and keeps the sender's end", () => {
    for (const startsAtMs of [START_MS, START_MS - MINUTE_MS, START_MS + 20 * MINUTE_MS, NOW_MS]) {
      const change = decide(resolved(startsAtMs, NOW_MS - 1), { openMs: START_MS });
      expect(change).toEqual({ kind: "closes", state: "resolved", endedAtMs: NOW_MS - 1 });
    }
  });
  test("without a recovery ends the episode", () => {
    const change = decide(resolved(START_MS, NOW_MS, false), { kind: "grafana", openMs: START_MS });
    expect(change).toEqual({ kind: "closes", state: "ended", endedAtMs: NOW_MS });
  });
  test("without an open one starts nothing", () => {
    expect(decide(resolved(START_MS, NOW_MS))).toEqual({ kind: "resolved_without_firing" });
  });
  test("an end far in the future does not make the next firing late", () => {
    const change = decide(resolved(START_MS, Date.parse("9999-12-31T00:00:00Z")), { openMs: START_MS });
    expect(change).toMatchObject({ kind: "closes", endedAtMs: NOW_MS + 10 * MINUTE_MS });
  });
  test("without an end, a firing that follows at once by a slow clock is not late", () => {
    const slowMs = NOW_MS - 20_000;
    const change = decide(resolved(START_MS, null), { kind: "generic", openMs: START_MS });
    if (change.kind !== "closes") throw new Error(change.kind);
    expect(decide(firing(slowMs), { kind: "generic", lastEndedAtMs: change.endedAtMs }).kind).toBe("opens");
    expect(decide(firing(START_MS), { kind: "generic", lastEndedAtMs: change.endedAtMs }).kind).toBe("late");
  });
});

/** Feeds deliveries in their order, and counts what the engine would start. Throws on a step that makes no sense. */
function live(kind: SourceKind, deliveries: readonly EpisodeQuestion["alert"][], nowMs: number): number {
  let open: { startsAtMs: number } | null = null;
  let lastEndedAtMs: number | null = null;
  let episodes = 0;
  for (const alert of deliveries) {
    const change = decideEpisode({ sourceKind: kind, open, lastEndedAtMs, alert, nowMs });
    const needsOpen: boolean = ["reopens", "repeats", "closes"].includes(change.kind);
    if (needsOpen !== (open !== null)) throw new Error(`${change.kind} with ${JSON.stringify(open)}`);
    switch (change.kind) {
      case "opens":
        open = { startsAtMs: change.startsAtMs };
        episodes += 1;
        break;
      case "reopens":
        lastEndedAtMs = change.endedAtMs;
        open = { startsAtMs: change.startsAtMs };
        episodes += 1;
        break;
      case "repeats":
        if (open !== null && change.startsAtMs > open.startsAtMs)
          throw new Error("a repeat moved the start on");
        open = { startsAtMs: change.startsAtMs };
        break;
      case "closes":
        lastEndedAtMs = change.endedAtMs;
        open = null;
        break;
      case "late":
      case "resolved_without_firing":
        break;
    }
  }
  return episodes;
}

const kindArbitrary = fc.constantFrom(...SOURCE_KINDS);

describe("whole lives", () => {
  test("one period is one episode, however often and in whatever order both peers deliver it", () => {
    const jitterMs = fc.integer({ min: 0, max: 2 * MINUTE_MS });
    const deliveries = fc.array(fc.tuple(fc.constantFrom("firing", "resolved"), jitterMs), { minLength: 1 });
    fc.assert(
      fc.property(kindArbitrary, deliveries, (kind, list) => {
        const alerts = list.map(([status, ms]) =>
          status === "firing" ? firing(START_MS + ms) : resolved(START_MS + ms, START_MS + 20 * MINUTE_MS),
        );
        const hasFiring = list.some(([status]) => status === "firing");
        expect(live(kind, alerts, NOW_MS)).toBe(hasFiring ? 1 : 0);
      }),
    );
  });

  test("each period that fires is one episode, also where every resolve is lost (Alertmanager)", () => {
    const periods = fc.array(
      fc.record({ repeats: fc.integer({ min: 1, max: 3 }), isResolveLost: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 10,
      },
    );
    fc.assert(
      fc.property(periods, (list) => {
        const alerts = list.flatMap(({ repeats, isResolveLost }, index) => {
          const startsAtMs = START_MS + index * 10 * MINUTE_MS;
          const end = isResolveLost ? [] : [resolved(startsAtMs, startsAtMs + 5 * MINUTE_MS)];
          return [...Array.from({ length: repeats }, () => firing(startsAtMs)), ...end];
        });
        expect(live("alertmanager", alerts, START_MS + 24 * 60 * MINUTE_MS)).toBe(list.length);
      }),
    );
  });

  test.each([
    ["a lost resolve", START_MS, START_MS + 10 * MINUTE_MS, 2],
    ["another replica that saw it earlier", START_MS + 10 * MINUTE_MS, START_MS, 1],
  ])(
    "two peers that differ since %s do not make episodes at every turn",
    (_name, first, second, episodes) => {
      const alerts = Array.from({ length: 10 }, () => [firing(first), firing(second)]).flat();
      expect(live("alertmanager", alerts, NOW_MS)).toBe(episodes);
    },
  );

  test("any sequence of any times is decided without an impossible step", () => {
    const timeMs = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
    const alert = fc.oneof(
      fc.tuple(timeMs, fc.boolean()).map(([ms, isAssumed]) => firing(ms, isAssumed)),
      fc
        .tuple(timeMs, fc.option(timeMs), fc.boolean())
        .map(([ms, endMs, isRecovery]) => resolved(ms, endMs, isRecovery)),
    );
    fc.assert(
      fc.property(kindArbitrary, fc.array(alert, { maxLength: 30 }), (kind, alerts) => {
        expect(live(kind, alerts, NOW_MS)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
