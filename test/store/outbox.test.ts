import { expect, test } from "vitest";
import {
  addToOutbox,
  claimOutbox,
  finishOutboxItem,
  nextOutboxDueMs,
  retryOutboxItem,
} from "../../src/store/outbox.ts";
import { readNotices } from "../../src/store/notices.ts";
import { describeStores } from "./stores.ts";

describeStores("outbox", ({ store, peer, dialect }) => {
  const add = (runId: string, target: string, dueAtMs = 1_000, action: "bundle" | "notify" = "notify") =>
    store().transaction((tx) => addToOutbox(tx, { runId, action, target, dueAtMs, data: { target } }));
  const claim = (nowMs: number, limit = 100, handle = store) =>
    handle().transaction((tx) => claimOutbox(tx, dialect, { nowMs, retryAtMs: nowMs + 60_000, limit }));

  test("has an item once for a run, an action and a target", async () => {
    await add("run", "failed:oncall");
    await add("run", "failed:oncall", 5);
    await add("run", "failed:log");
    await add("run", "failed:oncall", 1_000, "bundle");
    await add("other", "failed:oncall");
    expect(await claim(1_000)).toHaveLength(4);
  });

  test("passes over what is under way, and what would go where enough is under way", async () => {
    for (const [run, notifier] of [
      ["one", "slow"],
      ["two", "slow"],
      ["three", "quick"],
    ] as const)
      await store().transaction((tx) =>
        addToOutbox(tx, {
          runId: run,
          action: "notify",
          target: `failed:${notifier}`,
          dueAtMs: 1_000,
          data: {},
          lane: { thread: run, notifier },
        }),
      );
    await add("run", "1", 1_000, "bundle");
    await add("run", "without-a-lane");
    const [first] = await claim(1_000, 1);
    const except = { ids: [first?.id ?? ""], notifiers: ["slow"], actions: ["bundle"] as const };
    const later = { nowMs: 100_000, retryAtMs: 200_000, limit: 100 };
    const rest = await store().transaction((tx) => claimOutbox(tx, dialect, { ...later, except }));
    expect(rest.map(({ target }) => target)).toEqual(["failed:quick", "without-a-lane"]);
    const all = await store().transaction((tx) => claimOutbox(tx, dialect, later));
    expect(all.map(({ runId, action }) => [runId, action])).toEqual([
      ["one", "notify"],
      ["two", "notify"],
      ["run", "bundle"],
    ]);
  });

  test("hands out what is due, oldest first, and puts off its next try", async () => {
    await add("run", "a", 1_000);
    await add("run", "b", 500);
    await add("run", "later", 2_000);
    const items = await claim(1_000);
    expect(items.map(({ target, attempts, dueAtMs, data }) => ({ target, attempts, dueAtMs, data }))).toEqual(
      [
        { target: "a", attempts: 1, dueAtMs: 61_000, data: { target: "a" } },
        { target: "b", attempts: 1, dueAtMs: 61_000, data: { target: "b" } },
      ],
    );
    expect(await claim(1_000)).toEqual([]);
    expect(await nextOutboxDueMs(store().reader)).toBe(2_000);
    expect((await claim(61_000)).map(({ target, attempts }) => [target, attempts])).toEqual([
      ["a", 2],
      ["b", 2],
      ["later", 1],
    ]);
  });

  test("hands each item to one of ten that ask at the same time, and never more than asked for", async () => {
    for (let index = 0; index < 25; index += 1) await add("run", `target-${index}`);
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) => claim(1_000, 2, index % 2 === 0 ? store : peer)),
    );
    const targets = claims.flat().map(({ target }) => target);
    expect(new Set(targets).size).toBe(targets.length);
    expect(Math.max(...claims.map((items) => items.length))).toBeLessThanOrEqual(2);
    expect((await claim(1_000, 100)).length + targets.length).toBe(25);
  });

  test("is done once finished, whatever a late retry says", async () => {
    await add("run", "failed:oncall");
    const [item] = await claim(1_000);
    if (item === undefined) throw new Error("nothing was due");
    await store().transaction((tx) => retryOutboxItem(tx, item.id, 3_000, "a\0b: refused"));
    expect(await nextOutboxDueMs(store().reader)).toBe(3_000);
    await store().transaction((tx) => finishOutboxItem(tx, item.id, 4_000));
    await store().transaction((tx) => retryOutboxItem(tx, item.id, 5_000, "too late"));
    expect(await claim(9_000_000)).toEqual([]);
    expect(await nextOutboxDueMs(store().reader)).toBe(null);
    await add("run", "failed:oncall");
    expect(await claim(9_000_000)).toEqual([]);
  });

  test("tells the notices of a run with what became of them", async () => {
    await add("run", "failed:oncall:second", 1_000);
    await add("run", "interrupted:log", 2_000);
    await add("run", "1", 1_000, "bundle");
    const [sent] = await claim(1_000);
    await store().transaction((tx) => finishOutboxItem(tx, sent?.id ?? "", 4_000));
    const notices = await readNotices(store().reader, "run");
    expect(
      notices.map(({ atMs, event, to, state, message }) => ({ atMs, event, to, state, message })),
    ).toEqual([
      { atMs: 4_000, event: "failed", to: "oncall:second", state: "sent", message: null },
      { atMs: 2_000, event: "interrupted", to: "log", state: "pending", message: null },
    ]);
  });
});
