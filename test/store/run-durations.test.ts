import { type RawBuilder, sql } from "kysely";
import { expect, test } from "vitest";
import { readSucceededDurations } from "../../src/store/run-durations.ts";
import { addRuns, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

describeStores("how long runs took", ({ store, dialect }) => {
  let startedAtMs = 0;
  /** A run that took so long, after those before it. */
  async function ended(durationMs: number, parts: Parameters<typeof newRun>[0] = {}, state = "succeeded") {
    startedAtMs += 10_000;
    const [id = ""] = await addRuns(store(), newRun(parts));
    await store().transaction((tx) =>
      tx
        .updateTable("run")
        .set({ state, started_at: startedAtMs, finished_at: startedAtMs + durationMs })
        .where("id", "=", id)
        .execute(),
    );
  }

  test("only the newest that succeeded, of this runbook, and that were no dry runs", async () => {
    await ended(1);
    await ended(2);
    await ended(3, { runbook: "other" });
    await ended(4, { isDryRun: true });
    await ended(5, {}, "failed");
    await ended(6);
    await addRuns(store(), newRun());
    expect(await readSucceededDurations(store().reader, "restart", 50)).toEqual([6, 2, 1]);
    expect(await readSucceededDurations(store().reader, "restart", 2)).toEqual([6, 2]);
    expect(await readSucceededDurations(store().reader, "absent", 50)).toEqual([]);
  });

  test("are found by their index alone, however many runs have failed since", async () => {
    for (let count = 0; count < 3; count += 1) await ended(1);
    await addRuns(store(), ...Array.from({ length: 2_000 }, () => newRun({ state: "failed" })));
    await addRuns(
      store(),
      ...Array.from({ length: 2_000 }, () => newRun({ state: "succeeded", runbook: "other" })),
    );
    await store().transaction((tx) => sql`analyze`.execute(tx));
    const explain: RawBuilder<Record<string, unknown>> =
      dialect === "sqlite"
        ? sql`explain query plan select started_at, finished_at from run where runbook = ${"restart"} and state = 'succeeded' and dry_run = 0 order by finished_at desc limit ${50}`
        : sql`explain select started_at, finished_at from run where runbook = ${"restart"} and state = 'succeeded' and dry_run = 0 order by finished_at desc limit ${50}`;
    const { rows } = await explain.execute(store().reader);
    expect(JSON.stringify(rows)).toContain("run_succeeded");
    expect(JSON.stringify(rows)).not.toMatch(/sort|temp b-tree/i);
  });
});
