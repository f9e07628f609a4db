// The background counting: it is set going by the start of the service, and goes on until nothing is left.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { rollUp, scheduleRollUp } from "../../src/engine/rollup.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { firstIdAt } from "../../src/platform/ids.ts";
import { insertDecisions } from "../../src/store/decisions.ts";
import { openStore } from "../../src/store/open.ts";
import { createRollUp } from "../../src/store/rollups.ts";
import { findDueTimers, moveTimer } from "../../src/store/timers.ts";
import { newDecision } from "../store/rows.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

test("a look counts a bounded part, and the next one follows soon while there is more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-rollup-"));
  const store = await openStore({ folder, databaseUrl: null, clock: systemClock });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const atMs = Date.now() - 3_600_000;
  const decisions = Array.from({ length: 50 }, (_, index) =>
    newDecision({ id: firstIdAt(atMs + index), atMs: atMs + index, rule: "web" }),
  );
  await store.transaction((tx) => insertDecisions(tx, store.dialect, decisions));
  await scheduleRollUp({ store });
  const dependencies = { store, clock: systemClock };
  const counting = createRollUp(store, { decisionsMax: 1, runsMax: 1 });
  const look = async () => {
    const [timer] = await findDueTimers(store.reader, Date.now() + 120_000, 10);
    if (timer === undefined) throw new Error("there is no timer");
    const beforeMs = Date.now();
    await rollUp(dependencies, counting, timer);
    const [next] = await findDueTimers(store.reader, Date.now() + 120_000, 10);
    const rows = await store.reader.selectFrom("stat_count").select("count").where("span", "=", 1).execute();
    const counted = rows.reduce((sum, { count }) => sum + count, 0);
    return { counted, isSoon: (next?.dueAtMs ?? 0) - beforeMs < 30_000 };
  };
  // Each decision adds to its kind, to the alerts of its rule and to those of all rules.
  expect(await look()).toEqual({ counted: 20 * 3, isSoon: true });
  expect(await look()).toEqual({ counted: 40 * 3, isSoon: true });
  expect(await look()).toEqual({ counted: 50 * 3, isSoon: false });
  expect(await look()).toEqual({ counted: 50 * 3, isSoon: false });
});

test("a running service counts by itself", async () => {
  const at = createServiceFolder({
    "rules/all.yml":
      "rules: [{name: do, mode: auto, matchers: ['alertname = \"Slow\"'], runbook: nothing}]\n",
  });
  const app = await startService(at);
  onTestFinished(async () => {
    await app.stop();
    at.remove();
  });
  await postAlerts(app.url, [{ labels: { alertname: "Slow" } }]);
  await waitFor("the run", async () => (await listRuns(app.url)).find(isOver));
  await app.store.transaction((tx) => moveTimer(tx, "rollup", "statistics", 0));
  const counted = await waitFor("the count", async () =>
    (await app.store.reader.selectFrom("run").select("counted").execute()).find((run) => run.counted > 0),
  );
  expect(counted.counted).toBe(1);
});
