import { describe, expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { HostHold, Pause } from "../../src/runs/guard-records.ts";
import { listActiveHolds, putHostHold, releaseHostHold } from "../../src/store/host-holds.ts";
import {
  countActivePauses,
  insertPause,
  listActivePauses,
  listPauses,
  removePause,
} from "../../src/store/pauses.ts";
import { describeStores } from "./stores.ts";

const newPause = (parts: Partial<Pause> = {}): Pause => ({
  id: newId(),
  name: "deploy",
  scope: "all",
  reason: "we deploy",
  principal: "user:dana",
  createdAtMs: 1_000,
  untilMs: 5_000,
  removedAtMs: null,
  removedBy: null,
  ...parts,
});

const newHold = (parts: Partial<HostHold> = {}): HostHold => ({
  id: newId(),
  host: "web-1",
  reason: "new disk",
  principal: "user:dana",
  createdAtMs: 1_000,
  untilMs: 5_000,
  releasedAtMs: null,
  releasedBy: null,
  ...parts,
});

describeStores("pauses", ({ store, peer }) => {
  const insert = (pause: Pause) => store().transaction((tx) => insertPause(tx, pause));
  const remove = (nameOrId: string, atMs: number) =>
    store().transaction((tx) => removePause(tx, nameOrId, "user:robin", atMs));
  const active = async (atMs: number) =>
    (await listActivePauses(store().reader, atMs)).map(({ name }) => name);

  test("are in force from their making to their end", async () => {
    const pause = newPause();
    expect(await insert(pause)).toBe(true);
    expect(await listActivePauses(store().reader, 4_999)).toEqual([pause]);
    expect(await active(5_000)).toEqual([]);
    expect(await countActivePauses(store().reader, 4_999)).toBe(1);
    expect(await countActivePauses(store().reader, 5_000)).toBe(0);
  });

  test("share no name while they are in force; a name is free when its pause is over, and nobody has removed that one", async () => {
    const first = newPause();
    await insert(first);
    expect(await insert(newPause({ createdAtMs: 4_999, untilMs: 9_000 }))).toBe(false);
    const second = newPause({ createdAtMs: 5_000, untilMs: 9_000 });
    expect(await insert(second)).toBe(true);
    expect(await listPauses(store().reader, null, 10, null)).toEqual([
      second,
      { ...first, removedAtMs: 5_000 },
    ]);
    expect(await active(5_000)).toEqual(["deploy"]);
  });

  test("of twenty with one name at the same time one is made", async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store() : peer()).transaction((tx) => insertPause(tx, newPause())),
      ),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
  });

  test("are removed once, by name or by id, while they are in force", async () => {
    const pause = newPause();
    await insert(pause);
    await insert(newPause({ name: "other" }));
    expect(await remove("nobody", 2_000)).toBe(null);
    expect(await remove("deploy", 5_000)).toBe(null);
    const removed = { ...pause, removedAtMs: 2_000, removedBy: "user:robin" };
    expect(await remove("deploy", 2_000)).toEqual(removed);
    expect(await remove("deploy", 2_001)).toBe(null);
    expect(await active(2_001)).toEqual(["other"]);
    const again = newPause({ createdAtMs: 2_002 });
    expect(await insert(again)).toBe(true);
    expect((await remove(again.id, 2_003))?.id).toBe(again.id);
    expect(await active(2_004)).toEqual(["other"]);
  });

  test("are listed newest first, page by page: those in force, or all", async () => {
    const names = ["a", "b", "c", "d"];
    const pauses = names.map((name, index) => newPause({ name, untilMs: index === 1 ? 2_000 : 5_000 }));
    for (const pause of pauses) await insert(pause);
    const list = async (activeAtMs: number | null, limit: number, before: string | null) =>
      (await listPauses(store().reader, activeAtMs, limit, before)).map(({ name }) => name);
    expect(await list(null, 2, null)).toEqual(["d", "c"]);
    expect(await list(null, 2, pauses[2]?.id ?? null)).toEqual(["b", "a"]);
    expect(await list(3_000, 10, null)).toEqual(["d", "c", "a"]);
    expect(await list(3_000, 10, pauses[3]?.id ?? null)).toEqual(["c", "a"]);
  });
});

describeStores("host holds", ({ store, peer }) => {
  const put = (hold: HostHold) => store().transaction((tx) => putHostHold(tx, hold));
  const release = (host: string, atMs: number) =>
    store().transaction((tx) => releaseHostHold(tx, host, "user:robin", atMs));
  const active = (atMs: number) => listActiveHolds(store().reader, atMs);

  test("are in force until their end", async () => {
    const hold = newHold();
    const other = newHold({ host: "db-1", untilMs: 9_000 });
    expect(await put(hold)).toEqual(hold);
    await put(other);
    expect(await active(4_999)).toEqual([other, hold]);
    expect(await active(5_000)).toEqual([other]);
  });

  test("replace the one before: shorter or longer, with a new reason", async () => {
    await put(newHold({ untilMs: 9_000 }));
    const second = newHold({
      createdAtMs: 2_000,
      untilMs: 3_000,
      reason: "shorter",
      principal: "user:robin",
    });
    expect(await put(second)).toEqual(second);
    expect(await active(2_500)).toEqual([second]);
    expect(await active(3_000)).toEqual([]);
    const third = newHold({ createdAtMs: 6_000, untilMs: 8_000 });
    expect(await put(third)).toEqual(third);
    expect(await active(6_000)).toEqual([third]);
  });

  describe("what is kept of them", () => {
    test("says who ended each and when; who went to the end was ended by nobody", async () => {
      await put(newHold());
      await put(newHold({ createdAtMs: 6_000, untilMs: 9_000 }));
      await put(newHold({ createdAtMs: 7_000, untilMs: 9_000, principal: "user:robin" }));
      await release("web-1", 8_000);
      const rows = await store().reader.selectFrom("host_hold").selectAll().orderBy("id").execute();
      expect(rows.map((row) => [row.released_at, row.released_by])).toEqual([
        [5_000, null],
        [7_000, "user:robin"],
        [8_000, "user:robin"],
      ]);
    });
  });

  test("are released once", async () => {
    const hold = newHold();
    await put(hold);
    expect(await release("db-1", 2_000)).toBe(null);
    expect(await release("web-1", 5_000)).toBe(null);
    expect(await release("web-1", 2_000)).toEqual({
      ...hold,
      releasedAtMs: 2_000,
      releasedBy: "user:robin",
    });
    expect(await release("web-1", 2_001)).toBe(null);
    expect(await active(2_000)).toEqual([]);
  });

  test("of twenty at the same time one is in force, with the end of one of them", async () => {
    await put(newHold({ createdAtMs: 500 }));
    const ends = Array.from({ length: 20 }, (_, index) => 6_000 + index);
    await Promise.all(
      ends.map((untilMs, index) =>
        (index % 2 === 0 ? store() : peer()).transaction((tx) => putHostHold(tx, newHold({ untilMs }))),
      ),
    );
    const holds = await active(1_000);
    expect(holds).toHaveLength(1);
    expect(ends).toContain(holds[0]?.untilMs);
  });
});
