import { sql } from "kysely";
import { expect, test } from "vitest";
import { newestOf, readLastRuns } from "../../src/store/last-runs.ts";
import { addRuns, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

describeStores("the last runs of runbooks", ({ store, dialect }) => {
  test("are the newest of each, whatever became of them, dry runs left aside", async () => {
    await addRuns(store(), newRun({ runbook: "a", state: "succeeded" }));
    const [a = ""] = await addRuns(store(), newRun({ runbook: "a", state: "failed" }));
    await addRuns(store(), newRun({ runbook: "a", isDryRun: true }));
    const [b = ""] = await addRuns(store(), newRun({ runbook: "b" }));
    await addRuns(store(), newRun({ runbook: "other" }), newRun({ runbook: "dry", isDryRun: true }));
    const found = await readLastRuns(store().reader, ["a", "b", "dry", "absent"]);
    expect(new Map([...found].map(([name, { id, state }]) => [name, [id, state]]))).toEqual(
      new Map([
        ["a", [a, "failed"]],
        ["b", [b, "queued"]],
      ]),
    );
    expect(await readLastRuns(store().reader, [])).toEqual(new Map());
  });

  test("are found by an index, one search a runbook, however many runs there are", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `runbook-${index}`);
    for (const runbook of names)
      await addRuns(store(), ...Array.from({ length: 200 }, () => newRun({ runbook, state: "succeeded" })));
    await store().transaction((tx) => sql`analyze`.execute(tx));
    expect((await readLastRuns(store().reader, [...names, "zzz"])).size).toBe(20);
    const explained = dialect === "sqlite" ? sql`explain query plan` : sql`explain`;
    const question = sql`${explained} select id from run where id in ${newestOf(["runbook-1", "runbook-2"])}`;
    const { rows } = await question.execute(store().reader);
    expect(JSON.stringify(rows)).toContain("run_runbook");
    expect(JSON.stringify(rows)).not.toMatch(/scan run\b(?! using)|seq scan on run\b/i);
  });
});
