import { expect, test } from "vitest";
import { openBreaker, readBreaker, readBreakers, resetBreaker } from "../../src/store/breakers.ts";
import { describeStores } from "./stores.ts";

describeStores("breakers", ({ store, peer }) => {
  const opening = (rule: string, atMs: number, runId = "run-1") => ({
    rule,
    runId,
    because: "3 of 3 runs failed",
    atMs,
    resetAfterMs: 10_000,
  });
  const open = (rule: string, atMs: number, runId?: string) =>
    store().transaction((tx) => openBreaker(tx, opening(rule, atMs, runId)));
  const reset = (rule: string, atMs: number) => store().transaction((tx) => resetBreaker(tx, rule, atMs));
  const opened = (rule: string, atMs: number, runId = "run-1") => ({
    rule,
    openedAtMs: atMs,
    runId,
    because: "3 of 3 runs failed",
    countedFromMs: atMs,
  });
  const closed = (rule: string, countedFromMs: number) => ({
    rule,
    openedAtMs: null,
    runId: null,
    because: null,
    countedFromMs,
  });

  test("are opened once until they are reset, and count anew from then on", async () => {
    expect(await readBreaker(store().reader, "slow")).toBe(null);
    expect(await open("slow", 1_000)).toBe(true);
    expect(await open("slow", 2_000, "run-2")).toBe(false);
    expect(await readBreaker(store().reader, "slow")).toEqual(opened("slow", 1_000));
    await reset("slow", 3_000);
    expect(await readBreaker(store().reader, "slow")).toEqual(closed("slow", 3_000));
    expect(await open("slow", 4_000, "run-3")).toBe(true);
    expect(await readBreaker(store().reader, "slow")).toEqual(opened("slow", 4_000, "run-3"));
  });

  test("are opened again after they ended by themselves, and not a moment sooner", async () => {
    await open("slow", 1_000);
    expect(await open("slow", 10_999, "run-2")).toBe(false);
    expect(await open("slow", 11_000, "run-2")).toBe(true);
    expect(await readBreaker(store().reader, "slow")).toEqual(opened("slow", 11_000, "run-2"));
  });

  test("can be reset before they ever opened, each rule by itself", async () => {
    await reset("slow", 1_000);
    await reset("slow", 2_000);
    await open("full", 3_000);
    expect(await readBreakers(store().reader)).toEqual([opened("full", 3_000), closed("slow", 2_000)]);
  });

  test("of twenty runs that fail at the same time one opens it", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store() : peer()).transaction((tx) =>
          openBreaker(tx, opening("slow", 1_000 + index, `run-${index}`)),
        ),
      ),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
  });
});
