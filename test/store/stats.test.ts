// Statistics say what a plain recount over everything that is stored says, however far the counting has come.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstIdAt } from "../../src/platform/ids.ts";
import type { Decision } from "../../src/runs/records.ts";
import type { DecisionKind, Reason } from "../../src/runs/reasons.ts";
import { fixTimeStep, overall, RUN_ENDS, summarise } from "../../src/runs/statistics.ts";
import type { Outcome, RunState } from "../../src/runs/states.ts";
import { insertDecisions } from "../../src/store/decisions.ts";
import { insertEpisodes } from "../../src/store/episode-intake.ts";
import { insertGroups, insertMembers } from "../../src/store/groups.ts";
import { insertRuns } from "../../src/store/new-runs.ts";
import { createRollUp } from "../../src/store/rollups.ts";
import { readStatistics } from "../../src/store/stats.ts";
import type { Store } from "../../src/store/store.ts";
import { newDecision, newEpisode, newRun } from "./rows.ts";
import { describeStores, emptyStore } from "./stores.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Not on the hour, so that windows begin inside a day. */
const NOW_MS = Date.UTC(2026, 10, 23, 13, 37);
const RULES = ["web", "disk", "cert"];
const RUNBOOKS = ["restart", "clean"];

/** One alert with what was decided about it; times are minutes before now. */
interface History {
  readonly openedMin: number;
  readonly startedBeforeMin: number;
  readonly decisions: readonly {
    readonly laterMin: number;
    readonly kind: DecisionKind;
    readonly rule: string | null;
    readonly reason: Reason | null;
    readonly wouldRun: boolean;
  }[];
  readonly end: { readonly afterMin: number; readonly state: "resolved" | "ended" } | null;
}

interface RunHistory {
  readonly rule: string | null;
  readonly runbook: string;
  readonly state: RunState;
  readonly outcome: Outcome | null;
  readonly finishedMin: number;
  /** Which alerts it was for, by their place; several make a group. */
  readonly alerts: readonly number[];
}

const history: fc.Arbitrary<History> = fc.record({
  openedMin: fc.integer({ min: 0, max: 33 * 24 * 60 }),
  startedBeforeMin: fc.integer({ min: -5, max: 60 }),
  decisions: fc.array(
    fc.record({
      laterMin: fc.integer({ min: 0, max: 3 * 24 * 60 }),
      kind: fc.constantFrom<DecisionKind>("started", "observed", "refused", "delayed", "no_match", "joined"),
      rule: fc.option(fc.constantFrom(...RULES)),
      reason: fc.option(fc.constantFrom<Reason>("cooldown", "paused", "plan_failed")),
      wouldRun: fc.boolean(),
    }),
    { maxLength: 5 },
  ),
  end: fc.option(
    fc.record({
      afterMin: fc.integer({ min: 0, max: 4 * 24 * 60 }),
      state: fc.constantFrom<"resolved" | "ended">("resolved", "ended"),
    }),
  ),
});

const runHistory: fc.Arbitrary<RunHistory> = fc.record({
  rule: fc.option(fc.constantFrom(...RULES)),
  runbook: fc.constantFrom(...RUNBOOKS),
  state: fc.constantFrom(...RUN_ENDS),
  outcome: fc.option(fc.constantFrom<Outcome>("fixed", "no_effect", "worse", "unknown")),
  finishedMin: fc.integer({ min: 0, max: 33 * 24 * 60 }),
  alerts: fc.uniqueArray(fc.nat({ max: 9 }), { minLength: 1, maxLength: 3 }),
});

interface World {
  readonly episodes: readonly ReturnType<typeof newEpisode>[];
  readonly decisions: readonly Decision[];
  readonly runs: readonly {
    readonly run: ReturnType<typeof newRun>;
    readonly state: RunState;
    readonly outcome: Outcome | null;
    readonly finishedAtMs: number;
    readonly episodes: readonly ReturnType<typeof newEpisode>[];
  }[];
}

const minutesAgo = (minutes: number) => NOW_MS - minutes * 60_000;

/** Ids by the time of what they name, as the service makes them; the number keeps them apart. */
function idMaker(): (atMs: number) => string {
  let made = 0;
  return (atMs) => {
    made += 1;
    return `${firstIdAt(atMs).slice(0, 24)}${made.toString(16).padStart(12, "0")}`;
  };
}

function worldOf(histories: readonly History[], runHistories: readonly RunHistory[]): World {
  const idAt = idMaker();
  const decisions: Decision[] = [];
  const episodes = histories.map((it, index) => {
    const openedAtMs = minutesAgo(it.openedMin);
    const id = idAt(openedAtMs);
    const closedAtMs = it.end === null ? null : Math.min(NOW_MS, openedAtMs + it.end.afterMin * 60_000);
    const about = { episodeId: id, catalogDigest: "digest" };
    for (const each of it.decisions) {
      const atMs = Math.min(NOW_MS, openedAtMs + each.laterMin * 60_000);
      const hasRun = each.kind === "started" || each.kind === "joined";
      decisions.push(
        newDecision({
          ...about,
          id: idAt(atMs),
          atMs,
          kind: each.kind,
          rule: each.rule,
          reason: each.reason,
          runId: hasRun ? idAt(atMs) : null,
          detail: each.wouldRun ? { would_run: "restart" } : { text: 'says "would_run":' },
        }),
      );
    }
    if (closedAtMs !== null)
      decisions.push(newDecision({ ...about, id: idAt(closedAtMs), atMs: closedAtMs, kind: "closed" }));
    return newEpisode({
      id,
      fingerprint: index.toString(16).padStart(16, "0"),
      state: it.end?.state ?? "firing",
      startsAtMs: openedAtMs - it.startedBeforeMin * 60_000,
      openedAtMs,
      closedAtMs,
    });
  });
  decisions.push(
    newDecision({
      id: idAt(NOW_MS),
      episodeId: null,
      atMs: NOW_MS,
      kind: "ignored",
      reason: "invalid_alert",
    }),
  );
  const runs =
    episodes.length === 0
      ? []
      : runHistories.map((it) => {
          const finishedAtMs = minutesAgo(it.finishedMin);
          const id = idAt(finishedAtMs);
          const members = [...new Set(it.alerts.map((place) => episodes[place % episodes.length]))].filter(
            (each) => each !== undefined,
          );
          const run = newRun({
            id,
            runbook: it.runbook,
            trigger: { kind: "alert", rule: it.rule, episodeId: members[0]?.id ?? null, principal: "rule:x" },
            groupId: members.length > 1 ? `group of ${id}` : null,
          });
          return { run, state: it.state, outcome: it.outcome, finishedAtMs, episodes: members };
        });
  return { episodes, decisions, runs };
}

async function storeWorld(store: Store, world: World): Promise<void> {
  const { dialect } = store;
  await store.transaction(async (tx) => {
    await insertEpisodes(tx, dialect, world.episodes);
    for (const { id, state, closedAtMs } of world.episodes)
      await tx.updateTable("episode").set({ state, closed_at: closedAtMs }).where("id", "=", id).execute();
    await insertDecisions(tx, dialect, world.decisions);
    await insertRuns(
      tx,
      dialect,
      world.runs.map(({ run }) => run),
    );
    for (const { run, state, finishedAtMs, episodes } of world.runs) {
      await tx
        .updateTable("run")
        .set({ state, finished_at: finishedAtMs })
        .where("id", "=", run.id)
        .execute();
      if (run.groupId === null) continue;
      await insertGroups(tx, dialect, [
        { id: run.groupId, rule: run.id, key: "[]", runId: run.id, openedAtMs: 1 },
      ]);
      await insertMembers(
        tx,
        dialect,
        episodes.map(({ id }) => ({ groupId: run.groupId ?? "", episodeId: id, isJudged: true })),
      );
    }
  });
}

/** Outcomes come after the ends. */
async function judge(store: Store, runs: World["runs"]): Promise<void> {
  await store.transaction(async (tx) => {
    for (const { run, outcome } of runs)
      if (outcome !== null) await tx.updateTable("run").set({ outcome }).where("id", "=", run.id).execute();
  });
}

const KILLED = new Error("killed");

/** A store whose process ends before each of its commits. */
function interrupted(store: Store): Store {
  return {
    ...store,
    transaction: (work) =>
      store.transaction(async (tx) => {
        await work(tx);
        throw KILLED;
      }),
  };
}

/** What one rule, or with null the whole service, did in a window: read from the histories alone. */
function recount(world: World, days: number, rule: string | null) {
  const fromMs = Math.floor((NOW_MS - days * DAY_MS) / HOUR_MS) * HOUR_MS;
  const decisions = world.decisions.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  const isOfRule = (each: { readonly rule: string | null }) => rule === null || each.rule === rule;
  const firsts = [...Map.groupBy(decisions.filter(isOfRule), (each) => each.episodeId)].flatMap(
    ([id, [first]]) => (id === null || first === undefined ? [] : [first]),
  );
  const inWindow = decisions.filter((each) => each.atMs >= fromMs && isOfRule(each));
  const kinds = Map.groupBy(inWindow, (each) => `${each.kind}:${each.reason ?? ""}`);
  const runs = world.runs.filter((each) => each.finishedAtMs >= fromMs && isOfRule(each.run.trigger));
  const times = runs
    .filter((each) => each.outcome === "fixed" && each.episodes.some(({ closedAtMs }) => closedAtMs !== null))
    .map(({ episodes }) => {
      const starts = episodes.map((it) => Math.min(it.startsAtMs, it.openedAtMs));
      return Math.max(...episodes.map((it) => it.closedAtMs ?? 0)) - Math.min(...starts);
    })
    .sort((left, right) => left - right);
  const selfResolved = world.episodes.filter((episode) => {
    const own = decisions.filter((each) => each.episodeId === episode.id);
    const closing = own.find((each) => each.kind === "closed");
    if (closing === undefined || episode.state !== "resolved" || closing.atMs < fromMs) return false;
    const before = own.filter((each) => each.id < closing.id);
    const acts = before.filter(
      (each) =>
        each.kind === "observed" && each.reason === null && each.rule !== null && "would_run" in each.detail,
    );
    return before.every((each) => each.runId === null) && acts.some(isOfRule);
  });
  const outcomes = (outcome: Outcome) => runs.filter((each) => each.outcome === outcome).length;
  const judged = runs.filter((each) => each.outcome !== null).length;
  return {
    episodes: firsts.filter((each) => each.atMs >= fromMs).length,
    decisions: new Map([...kinds].map(([kind, rows]) => [kind, rows.length])),
    runs: new Map(RUN_ENDS.map((state) => [state, runs.filter((each) => each.state === state).length])),
    outcomes: new Map(
      (["fixed", "no_effect", "worse", "unknown"] as const).map((each) => [each, outcomes(each)]),
    ),
    successRate: judged === 0 ? null : outcomes("fixed") / judged,
    selfResolved: selfResolved.length,
    medianTimeMs: times[Math.ceil(times.length / 2) - 1] ?? null,
  };
}

/** Below a second it is nothing. */
function isWithinFivePercent([told, right]: readonly (number | null)[]): boolean {
  if (right === null || right === undefined) return told === null;
  return right < 1_000 ? told === 0 : Math.abs((told ?? 0) / right - 1) < 0.05;
}

async function expectRecount(store: Store, world: World): Promise<void> {
  const days = [1, 7, 30];
  const all = await readStatistics(store, { days, rules: null, nowMs: NOW_MS });
  const some = await readStatistics(store, { days, rules: RULES, nowMs: NOW_MS });
  expect([all.isComplete, some.isComplete]).toEqual([true, true]);
  for (const [index, window] of all.windows.entries()) {
    const ofRules = Map.groupBy(some.windows[index]?.counts ?? [], (count) => count.rule);
    for (const rule of [null, ...RULES]) {
      const counts = rule === null ? overall(window.counts) : (ofRules.get(rule) ?? []);
      const { medianFixMs, decisions, ...rest } = summarise(counts);
      const { medianTimeMs, ...expected } = recount(world, window.days, rule);
      const byKind = new Map(decisions.map(({ kind, reason, count }) => [`${kind}:${reason ?? ""}`, count]));
      const sorted = (map: ReadonlyMap<string, number>) =>
        [...map].map(([name, count]) => `${name} ${count}`).sort();
      expect({ ...rest, decisions: sorted(byKind) }).toEqual({
        ...expected,
        decisions: sorted(expected.decisions),
      });
      expect([medianFixMs, medianTimeMs]).toSatisfy(isWithinFivePercent);
    }
  }
}

describeStores("statistics", ({ store, peer, dialect }) => {
  const later = NOW_MS + 60_000;
  const small = { decisionsMax: 3, runsMax: 2 };

  test("agree with a recount, however many steps the counting has made and whoever made them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(history, { maxLength: 10 }),
        fc.array(runHistory, { maxLength: 8 }),
        fc.array(fc.nat({ max: 4 }), { minLength: 3, maxLength: 3 }),
        async (histories, runHistories, steps) => {
          await emptyStore(store());
          const world = worldOf(histories, runHistories);
          await storeWorld(store(), world);
          const unjudged = { ...world, runs: world.runs.map((each) => ({ ...each, outcome: null })) };
          const counting = createRollUp(store(), small);
          const other = createRollUp(peer(), small);
          for (let step = 0; step < (steps[0] ?? 0); step += 1) await counting.step(later);
          await expectRecount(store(), unjudged);
          await judge(store(), world.runs);
          for (let step = 0; step < (steps[1] ?? 0); step += 1) await other.step(later);
          await expectRecount(store(), world);
          // Killed right before its commits: nothing of them is there.
          const end = await createRollUp(interrupted(store()), small)
            .step(later)
            .catch((error: unknown) => error);
          expect([false, KILLED]).toContain(end);
          await expectRecount(store(), world);
          // Both at once, to the end; one that was too late has changed nothing.
          while ((await Promise.all([counting.step(later), other.step(later)])).some(Boolean));
          await expectRecount(store(), world);
          await counting.step(later);
          await counting.prune(NOW_MS, 0);
          await expectRecount(store(), world);
        },
      ),
      { numRuns: dialect === "sqlite" ? 60 : 20 },
    );
  }, 120_000);

  test("count an alert where a rule first decided on it, not again in a later window", async () => {
    const decided = (laterMin: number) => ({
      laterMin,
      kind: "refused" as const,
      rule: "web",
      reason: null,
      wouldRun: false,
    });
    const world = worldOf(
      [
        {
          openedMin: 2 * 24 * 60,
          startedBeforeMin: 0,
          decisions: [decided(0), decided(2 * 24 * 60 - 5)],
          end: null,
        },
      ],
      [],
    );
    await storeWorld(store(), world);
    const counts = async () =>
      (await readStatistics(store(), { days: [1, 7], rules: ["web"], nowMs: NOW_MS })).windows.map((it) =>
        summarise(it.counts),
      );
    expect(await counts()).toMatchObject([
      { episodes: 0, decisions: [{ kind: "refused", count: 1 }] },
      { episodes: 1, decisions: [{ kind: "refused", count: 2 }] },
    ]);
  });

  test("leave decisions of the last seconds to the reader, since an earlier one may still be committed", async () => {
    const fresh = newDecision({ id: firstIdAt(NOW_MS - 1_000), atMs: NOW_MS - 1_000, rule: "web" });
    const earlier = newDecision({ id: firstIdAt(NOW_MS - 2_000), atMs: NOW_MS - 2_000, rule: "web" });
    const started = async () =>
      summarise(
        (await readStatistics(store(), { days: [1], rules: ["web"], nowMs: NOW_MS })).windows[0]?.counts ??
          [],
      ).decisions[0]?.count;
    const counting = createRollUp(store());
    await store().transaction((tx) => insertDecisions(tx, dialect, [fresh]));
    await counting.step(NOW_MS);
    await store().transaction((tx) => insertDecisions(tx, dialect, [earlier]));
    await counting.step(NOW_MS);
    expect(await started()).toBe(2);
    await counting.step(later);
    expect(await started()).toBe(2);
    expect(await store().reader.selectFrom("stat_progress").select("decided_to").executeTakeFirst()).toEqual({
      decided_to: fresh.id,
    });
  });

  test("forget counts that no window reaches, and keep the others", async () => {
    const old = newDecision({ id: firstIdAt(NOW_MS), atMs: NOW_MS - 40 * DAY_MS, rule: "web" });
    const recent = newDecision({ id: firstIdAt(NOW_MS + 1), atMs: NOW_MS, rule: "web" });
    await store().transaction((tx) => insertDecisions(tx, dialect, [old, recent]));
    const counting = createRollUp(store());
    await counting.step(later);
    const times = async () =>
      (await store().reader.selectFrom("stat_count").select("at").distinct().orderBy("at").execute()).map(
        ({ at }) => at,
      );
    expect(await times()).toHaveLength(4);
    expect(await counting.prune(NOW_MS, 0)).toBe(0);
    expect((await times()).every((at) => at > NOW_MS - 2 * DAY_MS)).toBe(true);
    expect(await times()).toHaveLength(2);
  });
});

describe("times to a fix", () => {
  test("are known to within 5 %", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 40 * DAY_MS }), (timeMs) => {
        const counts = [
          {
            rule: null,
            runbook: "restart",
            measure: "fix_time",
            value: String(fixTimeStep(timeMs)),
            count: 1,
          },
        ] as const;
        expect(Math.abs((summarise(counts).medianFixMs ?? 0) / timeMs - 1)).toBeLessThan(0.05);
      }),
    );
  });

  test("below a second, or before the start by clocks that disagree, are nothing", () => {
    expect([fixTimeStep(999), fixTimeStep(0), fixTimeStep(-5_000)]).toEqual([0, 0, 0]);
  });
});
