// Any sequence of starts that is judged by these guards stays inside every limit, and a delay is never longer than it must be.
import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeBudget } from "../../src/guards/budget.ts";
import { judgeConcurrency } from "../../src/guards/concurrency.ts";
import { judgeCooldown } from "../../src/guards/cooldown.ts";
import { judgeLocks } from "../../src/guards/lock.ts";
import { judgeRateLimit } from "../../src/guards/rate-limit.ts";
import { combineVerdicts, type Verdict } from "../../src/guards/verdict.ts";
import { allowedHosts, type Budget } from "../../src/runbooks/guards.ts";

const HOSTS = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7"];

interface Limits {
  readonly cooldownMs: number;
  readonly rate: { readonly max: number; readonly perMs: number };
  readonly concurrency: number;
  readonly budget: Pick<Budget, "selector" | "max" | "withinMs">;
}

interface Run {
  readonly id: string;
  readonly group: string;
  readonly hosts: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
}

interface Attempt {
  readonly afterMs: number;
  readonly lengthMs: number;
  readonly group: string;
  readonly hosts: readonly string[];
}

const limitsArbitrary: fc.Arbitrary<Limits> = fc.record({
  cooldownMs: fc.integer({ min: 1, max: 300 }),
  rate: fc.record({ max: fc.integer({ min: 1, max: 4 }), perMs: fc.integer({ min: 1, max: 500 }) }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  budget: fc.record({
    selector: fc.constant("all"),
    max: fc.oneof(
      fc.record({ unit: fc.constant("hosts" as const), amount: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ unit: fc.constant("percent" as const), amount: fc.integer({ min: 1, max: 60 }) }),
    ),
    withinMs: fc.integer({ min: 1, max: 500 }),
  }),
});
const attemptArbitrary: fc.Arbitrary<Attempt> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120 })),
  lengthMs: fc.integer({ min: 0, max: 150 }),
  group: fc.constantFrom("x", "y", "z"),
  hosts: fc.subarray(HOSTS, { minLength: 1, maxLength: 3 }),
});

/** The facts of each guard as the history gives them, judged. */
function judgeAll(limits: Limits, runs: readonly Run[], attempt: Attempt, nowMs: number) {
  const live = runs.filter((run) => run.endMs > nowMs);
  const ofGroup = runs.filter((run) => run.group === attempt.group).map((run) => run.endMs);
  const isChanged = (run: Run) => run.endMs > nowMs - limits.budget.withinMs;
  const cooldown = (atMs: number): Verdict =>
    judgeCooldown({
      cooldownMs: limits.cooldownMs,
      lastRunEndedAtMs: ofGroup.length === 0 ? null : Math.max(...ofGroup),
      nowMs: atMs,
    });
  const rate = (atMs: number): Verdict =>
    judgeRateLimit({ ...limits.rate, startsAtMs: runs.map((run) => run.startMs).toReversed(), nowMs: atMs });
  const others: Verdict[] = [
    judgeConcurrency({
      of: "rule r",
      max: limits.concurrency,
      running: live.length,
      waiting: 0,
      onBusy: "refuse",
    }),
    judgeLocks({
      wanted: attempt.hosts.map((host) => `host:${host}`),
      holders: new Map(live.flatMap((run) => run.hosts.map((host) => [`host:${host}`, run.id] as const))),
      onBusy: "refuse",
    }),
    judgeBudget({
      budget: limits.budget,
      selectedHosts: HOSTS,
      changedHosts: runs.filter(isChanged).flatMap((run) => run.hosts),
      wantedHosts: attempt.hosts,
    }),
  ];
  return { cooldown, rate, others };
}

function play(limits: Limits, attempts: readonly Attempt[]) {
  const runs: Run[] = [];
  const loose: unknown[] = [];
  const seen = new Set<string>();
  let nowMs = 1_000_000;
  for (const attempt of attempts) {
    nowMs += attempt.afterMs;
    const { cooldown, rate, others } = judgeAll(limits, runs, attempt, nowMs);
    for (const judge of [cooldown, rate]) {
      const verdict = judge(nowMs);
      if (verdict.kind !== "delays") continue;
      const { retryAtMs } = verdict;
      const around = [judge(retryAtMs - 1).kind, judge(retryAtMs).kind];
      if (retryAtMs <= nowMs || around.join() !== "delays,passes") loose.push({ verdict, around });
    }
    const { verdict } = combineVerdicts([...others, cooldown(nowMs), rate(nowMs)]);
    seen.add(verdict.kind === "passes" ? "started" : verdict.reason);
    if (verdict.kind !== "passes") continue;
    const { group, hosts, lengthMs } = attempt;
    runs.push({ id: String(runs.length), group, hosts, startMs: nowMs, endMs: nowMs + lengthMs });
  }
  return { runs, seen, loose };
}

/** What is over a limit, found without the guards. */
function overLimits(limits: Limits, runs: readonly Run[]): string[] {
  const { cooldownMs, rate, concurrency, budget } = limits;
  return runs.flatMap((run, index) => {
    const before = runs.slice(0, index);
    const isOver: Record<string, boolean> = {
      cooldown: before.some((other) => other.group === run.group && run.startMs < other.endMs + cooldownMs),
      rate: before.filter((other) => other.startMs > run.startMs - rate.perMs).length + 1 > rate.max,
      concurrency: before.filter((other) => other.endMs > run.startMs).length + 1 > concurrency,
      lock: before.some(
        (other) => other.endMs > run.startMs && other.hosts.some((host) => run.hosts.includes(host)),
      ),
      budget:
        new Set([
          ...run.hosts,
          ...before
            .filter((other) => other.endMs > run.startMs - budget.withinMs)
            .flatMap((other) => other.hosts),
        ]).size > allowedHosts(budget, HOSTS.length),
    };
    return Object.keys(isOver).filter((name) => isOver[name] === true);
  });
}

test("no limit is ever exceeded, and every delay ends exactly when it may", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      limitsArbitrary,
      fc.array(attemptArbitrary, { minLength: 5, maxLength: 80 }),
      (limits, attempts) => {
        const played = play(limits, attempts);
        for (const reason of played.seen) seen.add(reason);
        expect(overLimits(limits, played.runs)).toEqual([]);
        expect(played.loose).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
  // Each guard has had its say; otherwise nothing was shown of it.
  expect([...seen].sort()).toEqual(["budget", "concurrency", "cooldown", "lock", "rate_limit", "started"]);
});

test("the check sees runs that no guard was asked about", () => {
  const limits: Limits = {
    cooldownMs: 10,
    rate: { max: 1, perMs: 10 },
    concurrency: 1,
    budget: { selector: "all", max: { unit: "hosts", amount: 1 }, withinMs: 10 },
  };
  const run = { id: "0", group: "x", hosts: ["h0", "h1"], startMs: 0, endMs: 5 };
  expect(overLimits(limits, [run, { ...run, startMs: 3, endMs: 9 }]).sort()).toEqual([
    "budget",
    "budget",
    "concurrency",
    "cooldown",
    "lock",
    "rate",
  ]);
});
