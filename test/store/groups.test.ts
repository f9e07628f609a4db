import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { closeEpisodes, insertEpisodes } from "../../src/store/episode-intake.ts";
import type { JudgedEpisode } from "../../src/store/episode-row.ts";
import {
  type AlertGroup,
  closeGroupsOf,
  findOpenGroup,
  insertGroups,
  insertMembers,
  readMembers,
  setGroupRun,
} from "../../src/store/groups.ts";
import { newEpisode } from "./rows.ts";
import { describeStores } from "./stores.ts";

const newGroup = (parts: Partial<AlertGroup> = {}) => ({
  id: newId(),
  rule: "slow",
  key: '["web-1"]',
  runId: newId(),
  openedAtMs: 1_000,
  ...parts,
});

describeStores("groups", ({ store, dialect }) => {
  const insert = (...groups: ReturnType<typeof newGroup>[]) =>
    store().transaction((tx) => insertGroups(tx, dialect, groups));
  const find = (rule: string, key: string) =>
    store().transaction((tx) => findOpenGroup(tx, dialect, rule, key));
  const end = (...episodes: readonly JudgedEpisode[]) =>
    store().transaction(async (tx) => {
      const ends = episodes.map(({ id }) => ({
        id,
        state: "resolved" as const,
        endsAtMs: 5_000,
        closedAtMs: 5_000,
      }));
      await closeEpisodes(tx, dialect, ends);
      return closeGroupsOf(
        tx,
        episodes.map(({ id }) => id),
        6_000,
      );
    });
  const join = (group: AlertGroup, ...episodes: readonly JudgedEpisode[]) =>
    joinAs(false, group, ...episodes);
  const joinAs = (isJudged: boolean, group: AlertGroup, ...episodes: readonly JudgedEpisode[]) =>
    store().transaction((tx) =>
      insertMembers(
        tx,
        dialect,
        episodes.map((episode) => ({ groupId: group.id, episodeId: episode.id, isJudged })),
      ),
    );
  async function openEpisodes(count: number): Promise<JudgedEpisode[]> {
    const episodes = Array.from({ length: count }, () =>
      newEpisode({ fingerprint: randomBytes(8).toString("hex") }),
    );
    await store().transaction((tx) => insertEpisodes(tx, dialect, episodes));
    return episodes;
  }

  test("has one open group for a rule and its values", async () => {
    const group = newGroup();
    await insert(group, newGroup({ rule: "other" }), newGroup({ key: '["web-2"]' }));
    const { openedAtMs: _, ...expected } = group;
    expect(await find("slow", '["web-1"]')).toEqual(expected);
    expect(await find("slow", '["web-3"]')).toBe(null);
    await expect(insert(newGroup())).rejects.toThrow(/unique/i);
  });

  test("closes only when all its members have ended, and once", async () => {
    const group = newGroup();
    const [first, second, third] = (await openEpisodes(3)) as [JudgedEpisode, JudgedEpisode, JudgedEpisode];
    await insert(group);
    await join(group, first, second, third);
    expect(await end(first)).toEqual([]);
    expect(await end(third)).toEqual([]);
    expect((await end(second)).map(({ id, runId }) => [id, runId])).toEqual([[group.id, group.runId]]);
    expect(await end(second)).toEqual([]);
    expect(await find(group.rule, group.key)).toBe(null);
    await insert(newGroup());
  });

  test("an alert of two groups closes both; groups of others stay", async () => {
    const [one, two, other] = [newGroup(), newGroup({ rule: "second" }), newGroup({ rule: "third" })];
    const [shared, elsewhere] = (await openEpisodes(2)) as [JudgedEpisode, JudgedEpisode];
    await insert(one, two, other);
    await join(one, shared);
    await join(two, shared);
    await join(other, elsewhere);
    expect((await end(shared)).map(({ id }) => id).sort()).toEqual([one.id, two.id]);
    expect(await find("third", other.key)).not.toBe(null);
    expect(await end()).toEqual([]);
  });

  test("a member joins once; how it was judged last counts", async () => {
    const group = newGroup();
    const [first, second] = (await openEpisodes(2)) as [JudgedEpisode, JudgedEpisode];
    await insert(group);
    await joinAs(true, group, first);
    const members = async () =>
      (await readMembers(store().reader, group.id)).map((member) => [member.episodeId, member.isJudged]);
    await join(group, second);
    expect(await members()).toEqual([
      [first.id, true],
      [second.id, false],
    ]);
    await join(group, first);
    expect(await members()).toEqual([
      [first.id, false],
      [second.id, false],
    ]);
  });

  test("remembers its newest run", async () => {
    const group = newGroup();
    await insert(group);
    await store().transaction((tx) => setGroupRun(tx, group.id, "newer"));
    expect(await find(group.rule, group.key)).toMatchObject({ runId: "newer" });
  });

  test("takes values of any size, and tells them apart by their last letter", async () => {
    const value = randomBytes(64 * 1024).toString("base64");
    const [one, two] = [newGroup({ key: `["${value}1"]` }), newGroup({ key: `["${value}2"]` })];
    await insert(one, two);
    expect((await find("slow", one.key))?.id).toBe(one.id);
    expect((await find("slow", two.key))?.id).toBe(two.id);
  });

  test("closes a storm of 40,000 alerts", async () => {
    const group = newGroup();
    const episodes = await openEpisodes(40_000);
    await insert(group);
    await join(group, ...episodes);
    expect(await end(...episodes.slice(1))).toEqual([]);
    expect((await end(...episodes)).map(({ id }) => id)).toEqual([group.id]);
  });
});
