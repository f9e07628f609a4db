import { expect, test } from "vitest";
import {
  claimTimer,
  deleteTimer,
  findDueTimers,
  hastenTimers,
  moveTimer,
  nextDueMs,
  setTimer,
} from "../../src/store/timers.ts";
import { describeStores } from "./stores.ts";

describeStores("timers", ({ store, peer }) => {
  const set = (subject: string, dueAtMs: number, kind: "judge" | "verify" = "judge", data = {}) =>
    store().transaction((tx) => setTimer(tx, { kind, subject, dueAtMs, data }));
  const due = (nowMs: number, limit = 100) => findDueTimers(store().reader, nowMs, limit);

  test("has one timer of a kind for a subject: setting it again moves it", async () => {
    await set("a", 1_000, "judge", { decidedAtMs: 1 });
    await set("a", 2_000, "judge", { decidedAtMs: 2 });
    await set("a", 3_000, "verify");
    expect((await due(9_000)).map(({ kind, dueAtMs, data }) => ({ kind, dueAtMs, data }))).toEqual([
      { kind: "judge", dueAtMs: 2_000, data: { decidedAtMs: 2 } },
      { kind: "verify", dueAtMs: 3_000, data: {} },
    ]);
  });

  test("names those that are due, the longest overdue first", async () => {
    await set("c", 3_000);
    await set("a", 1_000);
    await set("b", 2_000);
    await set("later", 3_001);
    expect((await due(3_000)).map(({ subject }) => subject)).toEqual(["a", "b", "c"]);
    expect((await due(3_000, 2)).map(({ subject }) => subject)).toEqual(["a", "b"]);
    expect(await due(999)).toEqual([]);
    expect(await nextDueMs(store().reader)).toBe(1_000);
  });

  test("knows of no next one where none is set", async () => {
    expect(await nextDueMs(store().reader)).toBe(null);
  });

  test("is claimed once by ten that try at the same time", async () => {
    await set("a", 1_000);
    const [timer] = await due(1_000);
    if (timer === undefined) throw new Error("no timer is due");
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store() : peer()).transaction((tx) => claimTimer(tx, timer)),
      ),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await due(9_000)).toEqual([]);
  });

  test("is not claimed after it was moved, and a claim that is rolled back leaves it", async () => {
    await set("a", 1_000);
    const [timer] = await due(1_000);
    if (timer === undefined) throw new Error("no timer is due");
    const failing = store().transaction(async (tx) => {
      expect(await claimTimer(tx, timer)).toBe(true);
      throw new Error("the work failed");
    });
    await expect(failing).rejects.toThrow("the work failed");
    expect(await store().transaction((tx) => moveTimer(tx, "judge", "a", 5_000))).toBe(true);
    expect(await store().transaction((tx) => claimTimer(tx, timer))).toBe(false);
    expect(await nextDueMs(store().reader)).toBe(5_000);
  });

  test("is moved or taken away by what it is about", async () => {
    await set("a", 1_000);
    expect(await store().transaction((tx) => moveTimer(tx, "verify", "a", 5_000))).toBe(false);
    await store().transaction((tx) => deleteTimer(tx, "verify", "a"));
    expect(await due(1_000)).toHaveLength(1);
    await store().transaction((tx) => deleteTimer(tx, "judge", "a"));
    expect(await due(1_000)).toEqual([]);
  });

  test("are due at once when what they waited for is over, and only those that waited for it", async () => {
    await set("paused", 9_000, "judge", { decidedAtMs: 1, reason: "paused" });
    await set("cooldown", 9_000, "judge", { decidedAtMs: 1, reason: "cooldown" });
    await set("other kind", 9_000, "verify", { reason: "paused" });
    await set("due already", 1_000, "judge", { reason: "paused" });
    await store().transaction((tx) => hastenTimers(tx, "judge", "paused", 2_000));
    expect((await due(8_000)).map(({ subject, dueAtMs }) => [subject, dueAtMs])).toEqual([
      ["due already", 1_000],
      ["paused", 2_000],
    ]);
  });
});
