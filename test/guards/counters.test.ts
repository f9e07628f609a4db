// Guards that count earlier runs: cooldown, rate limit, starts of one person, loop, breaker.
import { describe, expect, test } from "vitest";
import { judgeBreaker, openingText, shouldOpen } from "../../src/guards/breaker.ts";
import { judgeCooldown } from "../../src/guards/cooldown.ts";
import { judgeLoop, LOOP_STARTS_MAX, LOOP_WINDOW_MS, type LoopFacts } from "../../src/guards/loop.ts";
import { judgePerUser } from "../../src/guards/per-user.ts";
import { judgeRateLimit } from "../../src/guards/rate-limit.ts";

const NOW_MS = Date.parse("2026-11-23T03:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test("the cooldown ends to the millisecond", () => {
  const at = (sinceMs: number) =>
    judgeCooldown({ cooldownMs: HOUR_MS, lastRunEndedAtMs: NOW_MS, nowMs: NOW_MS + sinceMs });
  expect(at(HOUR_MS)).toEqual({ kind: "passes" });
  expect(at(HOUR_MS - 1)).toEqual({
    kind: "delays",
    reason: "cooldown",
    retryAtMs: NOW_MS + HOUR_MS,
    text: "the last run for this group ended at 2026-11-23T03:00:00Z, and the cooldown is 1h",
  });
  expect(judgeCooldown({ cooldownMs: HOUR_MS, lastRunEndedAtMs: null, nowMs: NOW_MS }).kind).toBe("passes");
});

describe("rate limit", () => {
  const startsAtMs = [NOW_MS - 10 * MINUTE_MS, NOW_MS - 20 * MINUTE_MS, NOW_MS - 50 * MINUTE_MS];
  const rate = { max: 3, perMs: HOUR_MS, startsAtMs };

  test("lets the next one start when the oldest that counts leaves the window", () => {
    expect(judgeRateLimit({ ...rate, nowMs: NOW_MS })).toEqual({
      kind: "delays",
      reason: "rate_limit",
      retryAtMs: NOW_MS + 10 * MINUTE_MS,
      text: "3 of 3 starts within 1h are used, the last at 2026-11-23T02:50:00Z; the next one may start at 2026-11-23T03:10:00Z",
    });
    expect(judgeRateLimit({ ...rate, nowMs: NOW_MS + 10 * MINUTE_MS - 1 }).kind).toBe("delays");
    expect(judgeRateLimit({ ...rate, nowMs: NOW_MS + 10 * MINUTE_MS })).toEqual({ kind: "passes" });
  });

  test("passes while there are fewer", () => {
    expect(judgeRateLimit({ ...rate, startsAtMs: [], nowMs: NOW_MS }).kind).toBe("passes");
    expect(judgeRateLimit({ ...rate, startsAtMs: startsAtMs.slice(0, 2), nowMs: NOW_MS }).kind).toBe(
      "passes",
    );
  });

  test("waits for as many to leave as are too many after the limit was lowered", () => {
    expect(judgeRateLimit({ ...rate, max: 1, nowMs: NOW_MS })).toMatchObject({
      retryAtMs: NOW_MS + 50 * MINUTE_MS,
    });
  });

  test("counts starts that lie ahead after the clock was set back", () => {
    expect(
      judgeRateLimit({ max: 1, perMs: HOUR_MS, startsAtMs: [NOW_MS + MINUTE_MS], nowMs: NOW_MS }),
    ).toMatchObject({
      retryAtMs: NOW_MS + HOUR_MS + MINUTE_MS,
    });
  });

  test("refuses where none is allowed at all", () => {
    expect(judgeRateLimit({ ...rate, max: 0, nowMs: NOW_MS })).toMatchObject({ kind: "refuses" });
  });
});

test("a person who used up the starts is refused, and told when the next one is possible", () => {
  const facts = { max: 2, perMs: 24 * HOUR_MS, startsAtMs: [NOW_MS - HOUR_MS, NOW_MS - 2 * HOUR_MS] };
  expect(judgePerUser({ ...facts, nowMs: NOW_MS })).toEqual({
    kind: "refuses",
    reason: "per_user",
    text: "2 of 2 starts within 1d are used, the last at 2026-11-23T02:00:00Z; your next one may start at 2026-11-24T01:00:00Z",
  });
  expect(judgePerUser({ ...facts, nowMs: NOW_MS + 22 * HOUR_MS - 1 }).kind).toBe("refuses");
  expect(judgePerUser({ ...facts, nowMs: NOW_MS + 22 * HOUR_MS }).kind).toBe("passes");
});

describe("loop", () => {
  const facts: LoopFacts = { rule: "a", hosts: ["web-1", "web-2"], startsOnHost: new Map(), chain: [] };

  test("allows three runs of a rule on a host and refuses the fourth", () => {
    const withStarts = (starts: number) =>
      judgeLoop({ ...facts, startsOnHost: new Map([["web-2", starts]]) });
    expect([LOOP_STARTS_MAX, LOOP_WINDOW_MS]).toEqual([3, HOUR_MS]);
    expect(withStarts(2).kind).toBe("passes");
    expect(withStarts(3)).toEqual({
      kind: "refuses",
      reason: "loop",
      text: "on web-2 rule a has started 3 times within 1h; 3 times are allowed",
    });
  });

  test("does not count hosts that this run leaves alone", () => {
    expect(judgeLoop({ ...facts, startsOnHost: new Map([["web-3", 9]]) }).kind).toBe("passes");
  });

  test.each<[string, readonly string[], boolean]>([
    ["nothing before", [], false],
    ["another rule before", ["b"], false],
    ["others before", ["b", "c", "b"], false],
    ["only itself before", ["a", "a", "a"], false],
    ["itself, then another", ["a", "b"], false],
    ["back over another", ["b", "a"], true],
    ["back over two others", ["b", "c", "a", "d"], true],
    ["back over another, itself again between", ["a", "b", "a"], true],
  ])("%s", (_, chain, isLoop) => {
    expect(judgeLoop({ ...facts, chain }).kind).toBe(isLoop ? "refuses" : "passes");
  });

  test("shows the way around, oldest first", () => {
    expect(judgeLoop({ ...facts, chain: ["c", "b", "a", "d"] })).toMatchObject({
      text: "each of these rules started the next one: a -> b -> c -> a",
    });
  });
});

describe("breaker", () => {
  const breaker = { failures: 3, withinMs: 2 * HOUR_MS, resetAfterMs: 12 * HOUR_MS };
  const state = {
    rule: "web",
    openedAtMs: NOW_MS,
    runId: "01J",
    because: "3 runs failed",
    countedFromMs: NOW_MS,
  };

  test("refuses until it closes by itself", () => {
    const at = (sinceMs: number) => judgeBreaker({ rule: "web", state, breaker, nowMs: NOW_MS + sinceMs });
    expect(at(0)).toEqual({
      kind: "refuses",
      reason: "breaker",
      text: "the breaker of rule web opened at 2026-11-23T03:00:00Z: 3 runs failed; it closes by itself at 2026-11-23T15:00:00Z, or now by nightshift rule reset-breaker web",
    });
    expect(at(12 * HOUR_MS - 1).kind).toBe("refuses");
    expect(at(12 * HOUR_MS).kind).toBe("passes");
  });

  test("passes where it never opened, was reset, or is no more", () => {
    const judge = (more: object) =>
      judgeBreaker({ rule: "web", state, breaker, nowMs: NOW_MS, ...more }).kind;
    expect(judge({ state: null })).toBe("passes");
    expect(judge({ state: { ...state, openedAtMs: null } })).toBe("passes");
    expect(judge({ breaker: null })).toBe("passes");
    expect(judge({})).toBe("refuses");
  });

  test("opens at the last of so many failures in the window", () => {
    const opens = (failuresAtMs: readonly number[], countedFromMs = 0) =>
      shouldOpen({ breaker, failuresAtMs, countedFromMs, nowMs: NOW_MS });
    const edgeMs = NOW_MS - 2 * HOUR_MS;
    expect(opens([NOW_MS, NOW_MS - 1])).toBe(false);
    expect(opens([NOW_MS, NOW_MS - 1, edgeMs + 1])).toBe(true);
    expect(opens([NOW_MS, NOW_MS - 1, edgeMs])).toBe(false);
    // Those that opened it, and those before a reset, do not count again.
    expect(opens([NOW_MS, NOW_MS - 1, NOW_MS - 2], NOW_MS - 2)).toBe(false);
    expect(opens([NOW_MS, NOW_MS - 1, NOW_MS - 2], NOW_MS - 3)).toBe(true);
    expect(
      openingText({
        breaker,
        failuresAtMs: [NOW_MS, NOW_MS - 1, edgeMs + 1, edgeMs],
        countedFromMs: 0,
        nowMs: NOW_MS,
      }),
    ).toBe("3 runs within 2h failed or had no effect; 3 open it");
  });
});
