// Guards that look at what goes on now: budget, concurrency, locks, asserts; and how all verdicts are put together.
import { describe, expect, test } from "vitest";
import { judgeAssert } from "../../src/guards/assert.ts";
import { type BudgetFacts, judgeBudget } from "../../src/guards/budget.ts";
import { judgeConcurrency } from "../../src/guards/concurrency.ts";
import { judgeLocks } from "../../src/guards/lock.ts";
import { combineVerdicts, type Verdict } from "../../src/guards/verdict.ts";
import { allowedHosts } from "../../src/runbooks/guards.ts";

describe("budget", () => {
  const hosts = Array.from({ length: 10 }, (_, index) => `web-${index}`);
  const percent = (amount: number) => ({
    selector: 'role="web"',
    max: { unit: "percent" as const, amount },
    withinMs: 30 * 60_000,
  });
  const facts: BudgetFacts = {
    budget: percent(20),
    selectedHosts: hosts,
    changedHosts: ["web-0"],
    wantedHosts: ["web-1"],
  };

  test.each([
    [20, 10, 2],
    [20, 14, 2],
    [20, 15, 3],
    [20, 4, 0],
    [100, 3, 3],
    [29, 100, 29],
    [57, 100, 57],
  ])("%i percent of %i hosts are %i", (amount, count, allowed) => {
    expect(allowedHosts(percent(amount), count)).toBe(allowed);
  });

  test("a number of hosts is that number", () => {
    expect(allowedHosts({ max: { unit: "hosts", amount: 3 } }, 10)).toBe(3);
  });

  test("passes up to the limit and refuses beyond it", () => {
    expect(judgeBudget(facts)).toEqual({ kind: "passes" });
    expect(judgeBudget({ ...facts, changedHosts: ["web-0", "web-2"] })).toEqual({
      kind: "refuses",
      reason: "budget",
      text: 'the budget of 20% of {role="web"} allows 2 hosts of 10 to be changed within 30m; web-0, web-2 changed already, and this run wants web-1',
    });
    expect(judgeBudget({ ...facts, wantedHosts: ["web-1", "web-2"] }).kind).toBe("refuses");
  });

  test("counts a host once, and only those of the selection", () => {
    expect(judgeBudget({ ...facts, changedHosts: ["web-0", "web-1"] }).kind).toBe("passes");
    expect(judgeBudget({ ...facts, changedHosts: ["web-0", "db-1", "db-2"] }).kind).toBe("passes");
    expect(judgeBudget({ ...facts, changedHosts: ["web-0", "web-2"], wantedHosts: ["db-1"] }).kind).toBe(
      "passes",
    );
  });

  test("refuses what comes to no host at all, but not a run that changes none", () => {
    const few = { ...facts, selectedHosts: hosts.slice(0, 4), changedHosts: [] };
    expect(judgeBudget(few)).toMatchObject({
      kind: "refuses",
      text: 'the budget of 20% of {role="web"}, which is 4 hosts now, allows none to be changed; raise max or correct the selector',
    });
    expect(judgeBudget({ ...facts, selectedHosts: [] }).kind).toBe("refuses");
    expect(judgeBudget({ ...few, wantedHosts: [] }).kind).toBe("passes");
  });

  test("does not list hundreds of hosts", () => {
    const many = Array.from({ length: 300 }, (_, index) => `web-${index}`);
    const verdict = judgeBudget({ ...facts, budget: percent(1), selectedHosts: many, wantedHosts: many });
    expect(verdict).toMatchObject({ text: expect.stringContaining("and 290 more") });
  });
});

describe("concurrency", () => {
  const judge = (running: number, waiting: number, onBusy: "queue" | "refuse" = "queue") =>
    judgeConcurrency({ of: "rule web", max: 2, running, waiting, onBusy });

  test("a slot is free until as many run or wait as are allowed", () => {
    expect([judge(0, 0), judge(1, 0)].map(({ kind }) => kind)).toEqual(["passes", "passes"]);
    expect([judge(2, 0), judge(1, 1), judge(0, 2)].map(({ kind }) => kind)).toEqual([
      "queues",
      "queues",
      "queues",
    ]);
    expect(judge(2, 3)).toEqual({
      kind: "queues",
      reason: "concurrency",
      text: "rule web has 2 of at most 2 runs under way and 3 in line",
    });
  });

  test("refuses where the guard says so", () => {
    expect(judge(2, 0, "refuse")).toEqual({
      kind: "refuses",
      reason: "concurrency",
      text: "rule web has 2 of at most 2 runs under way",
    });
    expect(judge(1, 0, "refuse").kind).toBe("passes");
  });
});

test("locks name what is taken, and by which run", () => {
  const holders = new Map([
    ["host:web-1", "01AAA"],
    ["pool:web", "01BBB"],
    ["host:web-9", "01CCC"],
  ]);
  const wanted = ["host:web-1", "host:web-2", "pool:web"];
  const text = "host web-1 is taken by run 01AAA; lock pool:web is taken by run 01BBB";
  expect(judgeLocks({ wanted, holders, onBusy: "queue" })).toEqual({ kind: "queues", reason: "lock", text });
  expect(judgeLocks({ wanted, holders, onBusy: "refuse" })).toEqual({
    kind: "refuses",
    reason: "lock",
    text,
  });
  expect(judgeLocks({ wanted: ["host:web-2"], holders, onBusy: "queue" })).toEqual({ kind: "passes" });
});

test("an assert must hold, and must be known to", () => {
  const assert = { name: "two peers", message: "Fewer than two would remain." };
  expect(judgeAssert({ assert, result: { kind: "holds" } })).toEqual({ kind: "passes" });
  expect(judgeAssert({ assert, result: { kind: "fails", value: 1 } })).toEqual({
    kind: "refuses",
    reason: "assert",
    text: "Fewer than two would remain. (two peers: 1)",
  });
  expect(judgeAssert({ assert, result: { kind: "fails", value: null } })).toMatchObject({
    text: "Fewer than two would remain. (two peers)",
  });
  expect(judgeAssert({ assert, result: { kind: "unknown", why: "Prometheus cannot be reached" } })).toEqual({
    kind: "refuses",
    reason: "assert",
    text: "it is not known whether this holds: two peers: Prometheus cannot be reached",
  });
});

describe("all verdicts together", () => {
  const passes: Verdict = { kind: "passes" };
  const lock: Verdict = { kind: "queues", reason: "lock", text: "l" };
  const slot: Verdict = { kind: "queues", reason: "concurrency", text: "c" };
  const budget: Verdict = { kind: "refuses", reason: "budget", text: "b" };
  const cooldown: Verdict = { kind: "delays", reason: "cooldown", retryAtMs: 1, text: "d" };
  const assert: Verdict = { kind: "refuses", reason: "assert", text: "a" };

  test("pass when each passes", () => {
    expect(combineVerdicts([passes, passes])).toEqual({ verdict: passes, against: [] });
  });

  test("tell the first reason and keep all", () => {
    expect(combineVerdicts([assert, passes, budget, cooldown])).toEqual({
      verdict: cooldown,
      against: [cooldown, budget, assert],
    });
  });

  test("give a place in line only when nothing else speaks against it", () => {
    expect(combineVerdicts([lock, slot]).verdict).toBe(slot);
    expect(combineVerdicts([lock, assert])).toEqual({ verdict: assert, against: [lock, assert] });
  });
});
