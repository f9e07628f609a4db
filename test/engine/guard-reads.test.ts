// The time that guards are judged by, on both databases.
import { expect, test } from "vitest";
import { GuardReads } from "../../src/engine/guard-reads.ts";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { describeStores } from "../store/stores.ts";

describeStores("the time of guards", ({ store }) => {
  const timeAfterLock = (nowMs: number, isTimeAsked: boolean) =>
    store().transaction(async (tx) => {
      // Nothing of the configuration is read here.
      const reads = new GuardReads(tx, store(), {} as Catalog, nowMs, isTimeAsked);
      await reads.lock();
      return reads.nowMs;
    });

  test("a time that somebody asks about stays as it is", async () => {
    expect(await timeAfterLock(1_000, true)).toBe(1_000);
  });

  test("otherwise it goes on with the wait for others, where one can have to wait", async () => {
    const isLater = (await timeAfterLock(1_000, false)) > 1_000;
    expect(isLater).toBe(store().dialect === "postgres");
  });
});
