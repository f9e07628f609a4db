import { expect, test } from "vitest";
import { readChangeMark } from "../../src/store/change-mark.ts";
import { insertPause } from "../../src/store/pauses.ts";
import { describeStores } from "./stores.ts";

describeStores("change mark", ({ store }) => {
  test("is another one after something was written", async () => {
    const before = await readChangeMark(store());
    await store().transaction((tx) =>
      insertPause(tx, {
        id: "01900000-0000-7000-8000-000000000001",
        name: "deploy",
        scope: "all",
        reason: "we deploy",
        principal: "user:dana",
        createdAtMs: 1_000,
        untilMs: 5_000,
        removedAtMs: null,
        removedBy: null,
      }),
    );
    expect(await readChangeMark(store())).not.toBe(before);
  });
});
