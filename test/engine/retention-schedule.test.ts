// When retention looks, how far back guards look, and that no table is forgotten.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CatalogHolder } from "../../src/catalog/reload.ts";
import { longestGuardWindowMs } from "../../src/engine/guard-windows.ts";
import { scheduleRetention } from "../../src/engine/retention.ts";
import { openArchiveFolder } from "../../src/archive/archive-folder.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { createSimulatedClock } from "../../src/simulation/clock.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { findDueTimers } from "../../src/store/timers.ts";
import { createServiceFolder, PROGRAM_FOLDER } from "../support/service.ts";
import { DAY_MS, type Kept, openKept, SETTINGS } from "./retention-fixture.ts";

const HOUR_MS = 3_600_000;

async function openSimulated(): Promise<{
  store: Store;
  clock: ReturnType<typeof createSimulatedClock>;
  kept: Kept;
}> {
  const clock = createSimulatedClock(systemClock.nowMs());
  const folder = mkdtempSync(join(tmpdir(), "nightshift-retention-"));
  const store = await openStore({ folder, databaseUrl: null, clock });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { store, clock, kept: await openKept(store, clock) };
}

test("as time passes, evidence goes after 30 days and runs after 90, within an hour", async () => {
  const { store, clock, kept } = await openSimulated();
  const retention = kept.retention();
  await scheduleRetention({
    store,
    retention: { settings: () => SETTINGS, archiveFolder: openArchiveFolder(kept.folder) },
  });
  const run = await kept.addRun(0);
  const seen: string[] = [];
  let state = "";
  const startMs = clock.nowMs();
  let passes = 0;
  for (let hours = 0; hours <= 91 * 24; hours += 1) {
    clock.goTo(startMs + hours * HOUR_MS + 120_000);
    const due = await findDueTimers(store.reader, clock.nowMs(), 10);
    expect(due.map((timer) => timer.kind)).toEqual(["retention"]);
    for (const timer of due) await retention.handle(timer);
    passes += due.length;
    const now = `${(await kept.ids("run")).length} run, ${kept.hasFiles(run) ? "files" : "no files"}`;
    if (now === state) continue;
    state = now;
    seen.push(`${(hours / 24).toFixed(2)}: ${state}`);
  }
  expect(passes).toBe(91 * 24 + 1);
  expect(seen).toEqual(["0.00: 1 run, files", "30.00: 1 run, no files", "90.00: 0 run, no files"]);
});

test("runs are kept as long as guards may count them, whatever the settings say", async () => {
  const at = createServiceFolder({
    "rules/web.yml": `
rules:
  - {name: a, mode: auto, matchers: ['a = "b"'], runbook: nothing, guards: {cooldown: 3d, rate_limit: {max: 3, per: 10d}}}
  - {name: b, mode: auto, matchers: ['a = "c"'], runbook: nothing, guards: {breaker: {failures: 3, within: 5d, reset_after: 12d}}}
`,
  });
  onTestFinished(() => at.remove());
  const flags = {
    configFile: at.configFile,
    listenAddress: null,
    externalUrl: null,
    storagePath: at.storagePath,
  };
  const loaded = await loadSettings(flags, PROGRAM_FOLDER);
  if (!loaded.ok) throw new Error("the settings of the test are wrong");
  const holder = await CatalogHolder.open(catalogSourceOf(loaded.settings));
  onTestFinished(() => holder.close());
  const catalog = holder.current();
  expect(longestGuardWindowMs(catalog)).toBe(12 * DAY_MS + HOUR_MS);
  const { kept } = await openSimulated();
  const [inside, outside] = [await kept.addRun(11 * DAY_MS), await kept.addRun(13 * DAY_MS)];
  const pass = { isDryRun: false, isThorough: false, removesUnknown: false };
  await kept.retention({ runsMs: DAY_MS, artifactsMs: DAY_MS }, catalog).pass(pass);
  expect([await kept.ids("run"), kept.hasFiles(inside), kept.hasFiles(outside)]).toEqual([
    [inside.id],
    false,
    false,
  ]);
  // Without guards that look so far back, it goes too.
  await kept.retention({ runsMs: DAY_MS }).pass(pass);
  expect(await kept.ids("run")).toEqual([]);
});

/** Tables with the id of a run that do not go with the run, and why. */
const OTHERS = new Set([
  "artifact", // with its files
  "decision", // has an age of its own
  "alert_group", // goes with its alerts
  "ladder", // has an age of its own, and keeps its run
  "breaker", // one row a rule; the run is only named
]);

test("whatever is recorded of a run goes with it", async () => {
  const { store, kept } = await openSimulated();
  const run = await kept.addRun(100 * DAY_MS);
  const tables = await store.reader.introspection.getTables();
  const ofRuns = tables.filter((table) => table.columns.some((column) => column.name === "run_id"));
  expect(ofRuns.length).toBeGreaterThan(OTHERS.size + 5);
  const filled: string[] = [];
  await store.transaction(async (tx) => {
    for (const { name, columns } of ofRuns) {
      if (OTHERS.has(name) || name === "bundle") continue;
      filled.push(name);
      // Over, done, and with no meaning: only that there is a row matters.
      const row = Object.fromEntries(
        columns.map((column) => [
          column.name,
          column.name === "run_id" ? run.id : column.dataType === "INTEGER" ? 1 : "x",
        ]),
      );
      await tx
        .insertInto(name as "attempt")
        .values(row as never)
        .execute();
    }
  });
  await kept.retention().pass({ isDryRun: false, isThorough: false, removesUnknown: false });
  for (const name of ["run", "bundle", ...filled]) {
    const left = await store.reader
      .selectFrom(name as "attempt")
      .selectAll()
      .execute();
    expect([name, left]).toEqual([name, []]);
  }
});
