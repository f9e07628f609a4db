// Which alerts a list holds: by what was decided about them, by their rule, source, state and outcome; page by page.
import { sql } from "kysely";
import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { Decision } from "../../src/runs/records.ts";
import { insertDecisions } from "../../src/store/decisions.ts";
import { insertEpisodes } from "../../src/store/episode-intake.ts";
import { ALL_EPISODES, type EpisodeFilter, firingIds, listEpisodes } from "../../src/store/episode-list.ts";
import type { JudgedEpisode } from "../../src/store/episode-row.ts";
import { readLastDecisions } from "../../src/store/last-decisions.ts";
import { addRuns, newDecision, newEpisode, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

type Said = Pick<Decision, "kind"> & Partial<Decision>;

describeStores("the list of alerts", ({ store, dialect }) => {
  let number = 0;
  /** An episode with these decisions, in this order. */
  async function episodeWith(said: readonly Said[], parts: Partial<JudgedEpisode> = {}): Promise<string> {
    number += 1;
    const episode = newEpisode({ fingerprint: number.toString(16).padStart(16, "0"), ...parts });
    await store().transaction(async (tx) => {
      await insertEpisodes(tx, dialect, [episode]);
      await insertDecisions(
        tx,
        dialect,
        said.map((each) => newDecision({ episodeId: episode.id, ...each })),
      );
    });
    return episode.id;
  }
  const find = async (filter: Partial<EpisodeFilter>, limit = 50, before: string | null = null) =>
    (await listEpisodes(store().reader, limit, before, { ...ALL_EPISODES, ...filter })).map(({ id }) => id);
  const lastOf = async (id: string) => {
    const last = (await readLastDecisions(store().reader, [id])).get(id);
    return last === undefined ? null : [last.kind, last.rule, last.reason];
  };
  const run = newId();

  test.each<readonly [string, readonly Said[], readonly unknown[] | null]>([
    ["nothing", [], null],
    ["an end alone", [{ kind: "closed" }], null],
    ["no match", [{ kind: "no_match" }, { kind: "closed" }, { kind: "repeat" }], ["no_match", null, null]],
    [
      "a start before what a later rule refused",
      [
        { kind: "started", rule: "fix", runId: run },
        { kind: "refused", rule: "second", reason: "cooldown" },
      ],
      ["started", "fix", null],
    ],
    [
      "a start after it was delayed",
      [
        { kind: "delayed", rule: "fix", reason: "after" },
        { kind: "started", rule: "fix", runId: run },
      ],
      ["started", "fix", null],
    ],
    [
      "what became of a start later",
      [
        { kind: "queued", rule: "fix", reason: "lock", runId: run },
        { kind: "refused", rule: "fix", reason: "expired", runId: run },
      ],
      ["refused", "fix", "expired"],
    ],
    [
      "a refusal before what was only observed",
      [
        { kind: "refused", rule: "fix", reason: "paused" },
        { kind: "observed", rule: "watch" },
      ],
      ["refused", "fix", "paused"],
    ],
    [
      "the newest of two refusals",
      [
        { kind: "refused", rule: "fix", reason: "paused" },
        { kind: "refused", rule: "fix", reason: "cooldown" },
      ],
      ["refused", "fix", "cooldown"],
    ],
    [
      "what a rule observed after none had matched",
      [{ kind: "no_match" }, { kind: "observed", rule: "watch" }],
      ["observed", "watch", null],
    ],
  ])("tells %s", async (_name, said, last) => {
    const id = await episodeWith(said);
    expect(await lastOf(id)).toEqual(last);
    const [kind = null] = last ?? [];
    for (const decision of ["no_match", "started", "queued", "delayed", "refused", "observed"] as const)
      expect(await find({ decision })).toEqual(decision === kind ? [id] : []);
  });

  test("says what the run of the decision runs, as long as it is kept", async () => {
    const [kept = ""] = await addRuns(store(), newRun({ runbook: "restart-web" }));
    const one = await episodeWith([{ kind: "started", rule: "fix", runId: kept }]);
    const other = await episodeWith([{ kind: "started", rule: "fix", runId: newId() }]);
    const lasts = await readLastDecisions(store().reader, [one, other, one]);
    expect(lasts.get(one)).toMatchObject({
      runId: kept,
      runOf: { runbook: "restart-web", state: "queued", trigger: { principal: "rule:slow" } },
    });
    expect(lasts.get(other)?.runOf).toBe(null);
    expect(await readLastDecisions(store().reader, [])).toEqual(new Map());
  });

  test("finds by reason, rule, state, source and outcome together, and goes on behind a page", async () => {
    const refused = { kind: "refused", rule: "fix", reason: "cooldown" } as const;
    const closed = { state: "resolved", endsAtMs: 1, closedAtMs: 1 } as const;
    const one = await episodeWith([refused, { kind: "observed", rule: "watch" }], closed);
    const two = await episodeWith([refused, refused], { outcome: "fixed" });
    const three = await episodeWith([{ kind: "observed", rule: "watch" }], { source: "grafana" });
    expect(await find({})).toEqual([three, two, one]);
    expect(await find({ reason: "cooldown" })).toEqual([two, one]);
    expect(await find({ reason: "cooldown" }, 1)).toEqual([two]);
    expect(await find({ reason: "cooldown" }, 1, two)).toEqual([one]);
    expect(await find({ reason: "cooldown", state: "resolved" })).toEqual([one]);
    expect(await find({ decision: "refused", outcome: "fixed" })).toEqual([two]);
    expect(await find({ decision: "refused", source: "grafana" })).toEqual([]);
    // Whatever a rule has decided, though another decision says more.
    expect(await find({ rule: "watch" })).toEqual([three, one]);
    expect(await find({ rule: "watch", decision: "observed" })).toEqual([three]);
    expect(await find({ rule: "fix", decision: "observed" })).toEqual([]);
    expect(await find({ source: "grafana" })).toEqual([three]);
    expect(await find({ outcome: "worse" })).toEqual([]);
    expect(await find({ state: "firing" })).toEqual([three, two]);
    expect(await find({ state: "firing" }, 1, three)).toEqual([two]);
    expect(await find({ state: "firing", reason: "cooldown" })).toEqual([two]);
    expect(await find({ state: "firing", decision: "observed" })).toEqual([three]);
    expect(await find({ state: "firing", decision: "observed" }, 50, three)).toEqual([]);
    expect(await find({ state: "firing", rule: "watch", outcome: "fixed" })).toEqual([]);
  });

  test("finds those that fire without walking through all others", async () => {
    if (dialect !== "sqlite") return;
    const asked = sql<{
      detail: string;
    }>`explain query plan select id from episode where id in ${firingIds()}`;
    const { rows } = await asked.execute(store().reader);
    const plan = rows.map(({ detail }) => detail).join("\n");
    expect(plan).toMatch(/SEARCH episode .*\(id=\?\)/);
    expect(plan).toMatch(/SCAN open USING (COVERING )?INDEX episode_open/);
  });
});
