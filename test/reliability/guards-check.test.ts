// Negative controls of R11: the check finds a violation of each kind among facts that are right without it.
import { expect, test } from "vitest";
import { findExceeded, type GuardFacts, type RunFact } from "./guards-check.ts";
import type { GuardedConfiguration } from "./guards-rules.ts";

const CONFIGURATION: GuardedConfiguration = {
  rules: [
    { name: "rated", kind: "", runbook: "quick", rate: { max: 2, perMs: 100 } },
    { name: "cooled", kind: "", groupBy: "id", runbook: "quick", cooldownMs: 50 },
    { name: "slots", kind: "", runbook: "quick", concurrency: 2 },
    { name: "locked", kind: "", runbook: "quick", locks: ["pool:a"] },
    { name: "also-locked", kind: "", runbook: "quick", locks: ["pool:a", "pool:b"] },
    { name: "narrow", kind: "", runbook: "narrow" },
    { name: "web", kind: "", runbook: "restart", hasHost: true },
    { name: "grouped", kind: "", groupBy: "id", runbook: "quick" },
  ],
  runbooks: [
    { name: "quick", steps: [] },
    { name: "narrow", steps: [], concurrency: 1, rate: { max: 1, perMs: 20 } },
    { name: "restart", steps: [], budget: { role: "web", max: "50%", withinMs: 100 } },
  ],
  hosts: new Map([["web", ["web-1", "web-2", "web-3", "web-4", "web-5"]]]),
};

let count = 0;

/** A run from one time to another, decided on when it began. */
function run(rule: string, fromMs: number, toMs: number | null, more: Partial<RunFact> = {}): RunFact {
  count += 1;
  const runbook = CONFIGURATION.rules.find(({ name }) => name === rule)?.runbook ?? "";
  return {
    id: `run-${count}`,
    rule,
    runbook,
    episodeId: `episode-${count}`,
    groupId: null,
    groupKey: "a",
    state: toMs === null ? "running" : "succeeded",
    createdAtMs: fromMs,
    startedAtMs: fromMs,
    finishedAtMs: toMs,
    hosts: [],
    ...more,
  };
}

function change(host: string, fromMs: number, toMs: number): RunFact {
  return run("web", fromMs, toMs, { hosts: [{ name: host, changedAtMs: fromMs }] });
}

const NEVER_BEGAN = { state: "cancelled", startedAtMs: null } as const;

/** Just within every limit. */
const RIGHT: readonly RunFact[] = [
  ...[0, 0, 100, 199, 200].map((atMs) => run("rated", atMs, atMs + 1)),
  run("rated", 150, 151, NEVER_BEGAN),
  run("cooled", 0, 30),
  run("cooled", 80, 90),
  run("cooled", 81, 90, { groupKey: "b" }),
  run("cooled", 85, 90, NEVER_BEGAN),
  run("slots", 0, 10),
  run("slots", 0, 20),
  run("slots", 10, 20),
  run("locked", 0, 10),
  run("also-locked", 10, 20),
  run("locked", 20, 20),
  run("locked", 20, 30),
  run("narrow", 0, 10),
  run("narrow", 20, 30),
  ...["web-1", "web-2", "web-1"].map((host, index) => change(host, index * 10, index * 10 + 5)),
  change("web-3", 120, 125),
  run("grouped", 0, 10, { groupId: "g" }),
  run("grouped", 10, 20, { groupId: "g" }),
];

function check(more: readonly RunFact[], facts: Partial<GuardFacts> = {}): string[] {
  const all = { pauses: [], decisions: [], locks: [], ...facts };
  // Times far from those of the right ones, so that each finding is of the added ones.
  const later = more.map((each) => shifted(each, 10_000));
  return findExceeded(CONFIGURATION, { ...all, runs: [...RIGHT, ...later] }).map(
    (line) => line.split(":")[0] ?? "",
  );
}

function shifted(fact: RunFact, byMs: number): RunFact {
  const move = (atMs: number | null) => (atMs === null ? null : atMs + byMs);
  return {
    ...fact,
    createdAtMs: fact.createdAtMs + byMs,
    startedAtMs: move(fact.startedAtMs),
    finishedAtMs: move(fact.finishedAtMs),
    hosts: fact.hosts.map((host) => ({ ...host, changedAtMs: move(host.changedAtMs) })),
  };
}

test("nothing is found where everything is just within its limit", () => {
  expect(check([], { pauses: [{ scope: "all", fromMs: 500, untilMs: 600 }] })).toEqual([]);
});

test.each<[string, readonly RunFact[]]>([
  ["rate_limit", [0, 1, 99].map((atMs) => run("rated", atMs, atMs + 1))],
  ["rate_limit", [run("narrow", 0, 5), run("narrow", 19, 25)]],
  ["cooldown", [run("cooled", 0, 30), run("cooled", 79, 90)]],
  ["concurrency", [run("slots", 0, 10), run("slots", 0, 20), run("slots", 9, 20)]],
  ["concurrency", [run("narrow", 0, 25), run("narrow", 24, 30)]],
  ["lock", [run("locked", 0, 10), run("also-locked", 9, 20)]],
  ["budget", ["web-1", "web-2", "web-3"].map((host, index) => change(host, index * 49, index * 49 + 5))],
  ["twice", [run("slots", 0, 5, { episodeId: "e" }), run("slots", 6, 9, { episodeId: "e" })]],
  ["group", [run("grouped", 0, 10, { groupId: "h" }), run("grouped", 9, 20, { groupId: "h" })]],
])("an exceeded %s is found", (guard, runs) => {
  expect(check(runs)).toEqual([guard]);
});

test("two runs that change one host at once are found", () => {
  expect(check([change("web-1", 0, 10), change("web-1", 9, 15)])).toEqual(["lock"]);
});

test("a run that did not end is found", () => {
  expect(check([run("slots", 0, null)])).toEqual(["unfinished"]);
});

test.each(["all", "rule:slots", "runbook:quick"])("a start in a pause of %s is found", (scope) => {
  const pause = { scope, fromMs: 10_000, untilMs: 10_100 };
  expect(check([run("slots", 50, 60)], { pauses: [pause] })).toEqual(["paused", "paused"]);
  // Decided before it, begun in it.
  expect(check([run("slots", 50, 60, { createdAtMs: -5 })], { pauses: [pause] })).toEqual(["paused"]);
  expect(check([run("slots", 101, 102)], { pauses: [pause] })).toEqual([]);
  expect(check([run("slots", 50, 60)], { pauses: [{ ...pause, scope: "rule:other" }] })).toEqual([]);
});

test("a start on a paused host is found", () => {
  const pause = { scope: 'hosts:role="web"', fromMs: 10_000, untilMs: 10_100 };
  expect(check([change("web-1", 50, 60)], { pauses: [pause] })).toEqual(["paused", "paused"]);
});

test("decisions without a reason or a time, and locks that are left, are found", () => {
  const decision = { id: "d", kind: "delayed", reason: "cooldown", retryAt: "2026-01-01T00:00:00Z" };
  expect(check([], { decisions: [decision, { ...decision, kind: "started", reason: null }] })).toEqual([]);
  expect(
    check([], {
      decisions: [
        { ...decision, reason: null },
        { ...decision, kind: "refused", reason: null },
        { ...decision, retryAt: "soon" },
      ],
      locks: ["pool:a"],
    }),
  ).toEqual(["reason", "reason", "retry_at", "left"]);
});
