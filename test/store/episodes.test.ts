import { expect, test } from "vitest";
import type { Labels } from "../../src/alerts/alert.ts";
import { newId } from "../../src/platform/ids.ts";
import {
  addPulses,
  closeEpisodes,
  findLastEnds,
  findOpenEpisodes,
  insertEpisodes,
  updateEpisodeContents,
} from "../../src/store/episode-intake.ts";
import { contentOf, type JudgedEpisode } from "../../src/store/episode-row.ts";
import {
  closeEpisode,
  findOpeningsAfter,
  findSilentEpisodes,
  readEpisode,
  readEpisodes,
  readNewestEpisode,
  setEpisodeOutcome,
} from "../../src/store/episodes.ts";
import { listEpisodes } from "../../src/store/episode-list.ts";
import { newEpisode } from "./rows.ts";
import { describeStores } from "./stores.ts";

const HUGE = "ä".repeat(2 ** 20);

const LABELS: readonly [string, Labels][] = [
  [
    "__proto__ and constructor",
    new Map([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["hasOwnProperty", "3"],
      ["then", "4"],
    ]),
  ],
  [
    "names of any script",
    new Map([
      ["host.name", "db-01.例え.jp"],
      ["🔥", "yes"],
      ["a b", "\u202eright to left"],
    ]),
  ],
  [
    "U+0000 and lone surrogates",
    new Map([
      ["nul", "a\0b"],
      ["high", "\ud800"],
      ["low", "x\udc00y"],
    ]),
  ],
  ["2 MiB", new Map([["huge", HUGE]])],
  [
    "quotes of SQL",
    new Map([
      ["a", "'; drop table episode; --"],
      ["b", '"\\'],
      ["c", "$1 ? :x"],
    ]),
  ],
];

describeStores("episodes", ({ store, peer, dialect }) => {
  const insert = (...episodes: readonly JudgedEpisode[]) =>
    store().transaction((tx) => insertEpisodes(tx, dialect, episodes));
  const findOpen = (...identities: readonly string[]) =>
    store().transaction((tx) => findOpenEpisodes(tx, dialect, identities));

  test.each(LABELS)("gives back labels and annotations with %s", async (_name, labels) => {
    const episode = newEpisode({ labels, annotations: labels });
    await insert(episode);
    expect(await readEpisode(store().reader, episode.id)).toEqual(episode);
    expect("1" in {}).toBe(false);
  });

  test("gives back everything, with values, receiver and end", async () => {
    const episode = newEpisode({
      state: "resolved",
      nature: "meta",
      context: {
        values: new Map([
          ["__proto__", 1.5],
          ["B", -0.25],
        ]),
        receiver: "team.a",
        truncatedAlerts: 7,
      },
      startsAtMs: Date.parse("0001-01-01T00:00:00Z"),
      generatorUrl: "javascript:alert(1)",
      endsAtMs: 8_000_000_000_000_000,
      closedAtMs: 3,
      lastDecision: "observed:rule:",
      outcome: "fixed",
    });
    await insert(episode);
    expect(await readEpisode(store().reader, episode.id)).toEqual(episode);
  });

  test("refuses a second open episode of one alert, and takes one beside any number of closed ones", async () => {
    await insert(newEpisode({ state: "resolved", endsAtMs: 1, closedAtMs: 1 }));
    await insert(newEpisode({ state: "ended", endsAtMs: 2, closedAtMs: 2 }));
    await insert(newEpisode());
    await expect(insert(newEpisode())).rejects.toThrow(/unique/i);
    expect(await listEpisodes(store().reader, 10, null)).toHaveLength(3);
  });

  test("two nodes that open one alert at once leave one open episode, and the slower learns of it", async () => {
    const open = (handle: typeof store) => {
      const mine = newEpisode();
      return handle().transaction(async (tx) => {
        const [found] = await findOpenEpisodes(tx, dialect, [mine.identity]);
        if (found !== undefined) return found.id;
        await insertEpisodes(tx, dialect, [mine]);
        return mine.id;
      });
    };
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, index) => open(index % 2 === 0 ? store : peer)),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await listEpisodes(store().reader, 10, null)).toHaveLength(1);
  });

  test("finds open episodes with their repeats, and what is stored of their content", async () => {
    const episode = newEpisode({ annotations: new Map([["summary", "slow"]]) });
    await insert(
      episode,
      newEpisode({ fingerprint: "aaaaaaaaaaaaaaaa", state: "resolved", endsAtMs: 5, closedAtMs: 6 }),
    );
    expect(await findOpen(episode.identity, "aaaaaaaaaaaaaaaa/alertmanager/")).toEqual([
      {
        id: episode.id,
        identity: episode.identity,
        startsAtMs: episode.startsAtMs,
        startsAt: episode.startsAt,
        openedAtMs: episode.openedAtMs,
        lastFiringAtMs: episode.openedAtMs,
        repeats: 0,
        deliveryId: episode.deliveryId,
        lastDecision: null,
        content: contentOf(episode.annotations, episode.context),
      },
    ]);
    expect(await findOpen()).toEqual([]);
  });

  test("adds up the pulses of an episode", async () => {
    const [one, two] = [newEpisode(), newEpisode({ fingerprint: "bbbbbbbbbbbbbbbb" })];
    await insert(one, two);
    const pulse = (episodeId: string, lastFiringAtMs: number, repeats: number) => ({
      episodeId,
      lastFiringAtMs,
      repeats,
    });
    await store().transaction((tx) =>
      addPulses(tx, dialect, [pulse(one.id, 3_000, 2), pulse(two.id, 3_000, 1)]),
    );
    await store().transaction((tx) => addPulses(tx, dialect, [pulse(one.id, 4_000, 3)]));
    const [first] = await findOpen(one.identity);
    expect(first).toMatchObject({ repeats: 5, lastFiringAtMs: 4_000 });
    expect(await readEpisode(store().reader, two.id)).toMatchObject({ repeats: 1, lastFiringAtMs: 3_000 });
  });

  test("changes content, start and last decision, and nothing else", async () => {
    const episode = newEpisode({ repeats: 0 });
    const other = newEpisode({ fingerprint: "cccccccccccccccc" });
    await insert(episode, other);
    const change = {
      id: episode.id,
      annotations: new Map([["summary", "slower"]]),
      context: { values: new Map([["A", 2]]), receiver: null, truncatedAlerts: 1 },
      startsAtMs: 500,
      startsAt: "1970-01-01T00:00:00.5Z",
      lastDecision: null,
    };
    const gone = { ...change, id: newId() };
    await store().transaction((tx) => updateEpisodeContents(tx, dialect, [change, gone]));
    expect(await readEpisode(store().reader, episode.id)).toEqual({ ...episode, ...change });
    expect(await readEpisode(store().reader, other.id)).toEqual(other);
  });

  test("closes many at once, and remembers when each alert last ended", async () => {
    const episodes = Array.from({ length: 300 }, (_, index) =>
      newEpisode({ fingerprint: index.toString(16).padStart(16, "0") }),
    );
    await insert(...episodes);
    const ends = episodes.map(({ id }, index) => ({
      id,
      state: "resolved" as const,
      endsAtMs: 5_000 + index,
      closedAtMs: 9_000,
    }));
    await store().transaction((tx) => closeEpisodes(tx, dialect, ends));
    const identities = episodes.map((episode) => episode.identity);
    expect(await findOpeningsAfter(store().reader, episodes)).toEqual(new Map());
    const again = newEpisode({ fingerprint: episodes[0]?.fingerprint ?? "", openedAtMs: 12_000 });
    await insert(again);
    const openings = await findOpeningsAfter(store().reader, [...episodes, again]);
    expect(openings).toEqual(new Map([[episodes[0]?.id, 12_000]]));
    const lastEnds = await store().transaction((tx) =>
      findLastEnds(tx, dialect, [...identities, "unheard/of/"]),
    );
    expect(lastEnds).toEqual(new Map(identities.map((identity, index) => [identity, 5_000 + index])));
  });

  test("of several ends the latest by the sender's clock counts", async () => {
    const closed = (endsAtMs: number) => newEpisode({ state: "resolved", endsAtMs, closedAtMs: 1 });
    await insert(closed(7_000), closed(9_000), closed(8_000));
    const { identity } = newEpisode();
    expect(await store().transaction((tx) => findLastEnds(tx, dialect, [identity]))).toEqual(
      new Map([[identity, 9_000]]),
    );
  });

  test("closes a firing episode once", async () => {
    const episode = newEpisode();
    await insert(episode);
    const close = () => store().transaction((tx) => closeEpisode(tx, episode.id, "stale", 7_000));
    expect([await close(), await close()]).toEqual([true, false]);
    expect(await readEpisode(store().reader, episode.id)).toMatchObject({
      state: "stale",
      endsAtMs: 7_000,
      closedAtMs: 7_000,
    });
  });

  test("finds the newest episode of a fingerprint over all sources and organisations, and only that", async () => {
    const fingerprint = "0123456789abcdef";
    const of = (source: string, parts: Partial<JudgedEpisode>) =>
      newEpisode({ fingerprint, source, identity: `${fingerprint}/${source}/`, ...parts });
    const closed = of("grafana", { state: "resolved", endsAtMs: 1, closedAtMs: 1 });
    await insert(
      closed,
      newEpisode({ fingerprint: `${fingerprint}0` }),
      newEpisode({ fingerprint: "0123456789abcde" }),
    );
    expect((await readNewestEpisode(store().reader, fingerprint))?.id).toBe(closed.id);
    const open = of("alertmanager", { identity: `${fingerprint}/alertmanager/7` });
    await insert(open);
    expect((await readNewestEpisode(store().reader, fingerprint))?.id).toBe(open.id);
    const newer = of("zabbix", { state: "ended", endsAtMs: 1, closedAtMs: 1 });
    await insert(newer);
    expect((await readNewestEpisode(store().reader, fingerprint))?.id).toBe(newer.id);
    expect(await readNewestEpisode(store().reader, "0123456789abcd")).toBe(null);
  });

  test("finds the open episodes of a source that nothing was heard of, oldest first", async () => {
    const at = (fingerprint: string, parts: Partial<JudgedEpisode> = {}) =>
      newEpisode({ fingerprint, ...parts });
    const [quiet, loud, closed, elsewhere, young] = [
      at("1"),
      at("2"),
      at("3", { state: "resolved", endsAtMs: 1, closedAtMs: 1 }),
      at("4", { source: "grafana" }),
      at("5", { openedAtMs: 6_000 }),
    ] as const;
    await insert(quiet, loud, closed, elsewhere, young);
    await store().transaction((tx) =>
      addPulses(tx, dialect, [{ episodeId: loud.id, lastFiringAtMs: 5_500, repeats: 1 }]),
    );
    const find = async (limit: number) =>
      (await findSilentEpisodes(store().reader, "alertmanager", 5_000, limit)).map((episode) => episode.id);
    expect(await find(10)).toEqual([quiet.id]);
    await store().transaction((tx) =>
      addPulses(tx, dialect, [{ episodeId: loud.id, lastFiringAtMs: 4_000, repeats: 1 }]),
    );
    expect(await find(10)).toEqual([quiet.id, loud.id]);
    expect(await find(1)).toEqual([quiet.id]);
  });

  test("lists newest first, page by page", async () => {
    const ids = Array.from({ length: 5 }, () => newId());
    await insert(...ids.map((id, index) => newEpisode({ id, fingerprint: String(index) })));
    const page = async (before: string | null) =>
      (await listEpisodes(store().reader, 2, before)).map(({ id }) => id);
    const first = await page(null);
    expect(first).toEqual([ids[4], ids[3]]);
    expect(await page(first[1] ?? null)).toEqual([ids[2], ids[1]]);
  });

  test("sets the outcome of those named", async () => {
    const [one, two] = [newEpisode({ fingerprint: "1" }), newEpisode({ fingerprint: "2" })];
    await insert(one, two);
    await store().transaction((tx) => setEpisodeOutcome(tx, [one.id], "worse"));
    await store().transaction((tx) => setEpisodeOutcome(tx, [], "fixed"));
    expect((await readEpisodes(store().reader, [two.id, one.id])).map(({ outcome }) => outcome)).toEqual([
      "worse",
      null,
    ]);
    expect(await readEpisodes(store().reader, [])).toEqual([]);
  });

  test("takes a storm of 40,000 alerts: opened, found, repeated, closed", async () => {
    const episodes = Array.from({ length: 40_000 }, (_, index) =>
      newEpisode({ fingerprint: index.toString(16).padStart(16, "0") }),
    );
    const identities = episodes.map((episode) => episode.identity);
    await insert(...episodes);
    const known = await findOpen(...identities);
    expect(known).toHaveLength(episodes.length);
    await store().transaction(async (tx) => {
      await addPulses(
        tx,
        dialect,
        known.map(({ id }) => ({ episodeId: id, lastFiringAtMs: 9_000, repeats: 1 })),
      );
      await closeEpisodes(
        tx,
        dialect,
        known.map(({ id }) => ({ id, state: "resolved", endsAtMs: 9_500, closedAtMs: 9_500 })),
      );
    });
    const ends = await store().transaction((tx) => findLastEnds(tx, dialect, identities));
    expect(ends.size).toBe(episodes.length);
  });
});
