// Replay puts what a service has recorded through the same engine again, and leaves the record as it was.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openReadOnly } from "../../src/store/read-only.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { startService, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  openRecorded,
  pathIn,
  recordDelivery,
  recordRun,
  recordUnseenEnd,
  runReplay,
  serviceFolder,
  talliesOf,
} from "./recorded.ts";

const RULE = `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance != ""']
    group_by: [instance]
    runbook: act
    guards: {cooldown: 1h}
`;
const FILES = {
  "rules/slow.yml": RULE,
  "runbooks/act.yml": 'name: act\ntarget: local\nsteps: [{id: act, command: ["true"]}]\n',
};
const slow = (instance: string) => ({ labels: { alertname: "Slow", instance } });
const MINUTE_MS = 60_000;

/** A service that has had a start, a start inside the cooldown, a repeat, and an alert that no rule matched. */
async function recordByService(at: ServiceFolder, doWhileRunning: () => Promise<void>): Promise<void> {
  const app = await startService(at);
  onTestFinished(() => app.stop());
  await postAlerts(app.url, [slow("a"), { labels: { alertname: "Other" } }]);
  await waitFor("the end of the run", async () => {
    const runs = await listRuns(app.url);
    return runs.length === 1 && runs.every(isOver);
  });
  const startsAt = new Date().toISOString();
  await postAlerts(app.url, [{ ...slow("a"), status: "resolved", endsAt: startsAt }]);
  const again = { ...slow("a"), startsAt: new Date(Date.parse(startsAt) + 1_000).toISOString() };
  await postAlerts(app.url, [again]);
  await postAlerts(app.url, [again]);
  await doWhileRunning();
  await app.stop();
}

describe("the record of a service", () => {
  test("comes to the same under the same rules, also while the service runs", async () => {
    const at = serviceFolder(FILES);
    await recordByService(at, async () => {
      const live = await runReplay(at);
      expect(JSON.parse(live.stdout)).toMatchObject({ compared: 3, different: 0 });
    });
    const replayed = await runReplay(at);
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      against: "recorded",
      deliveries: 4,
      alerts: 4,
      unchanged_repeats: 1,
      unreadable: 0,
      compared: 3,
      different: 0,
      only_before: 0,
      only_after: 0,
      examples: [],
    });
    expect(talliesOf(replayed)).toEqual({
      "slow started": [1, 1],
      "slow delayed:cooldown": [1, 1],
      "- no_match": [1, 1],
    });
    expect(replayed.exitCode).toBe(0);
  });

  test("comes to something else under other rules, and the record stays as it was", async () => {
    const at = serviceFolder(FILES);
    await recordByService(at, async () => {});
    const before = await stateOf(at);
    at.write({
      "changed/slow.yml": RULE.replace("guards: {cooldown: 1h}", ""),
      "changed/slow.test.yml": "no rules",
    });
    const replayed = await runReplay(at, { rules: [pathIn(at, "changed")] });
    expect(talliesOf(replayed)).toEqual({
      "slow started": [1, 2],
      "slow delayed:cooldown": [1, 0],
      "- no_match": [1, 1],
    });
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      against: "current_rules",
      different: 1,
      examples: [{ before: ["delayed:slow:cooldown"], after: ["started:slow"] }],
    });
    // Also when the rules of the settings are others than those the record was made with.
    at.write({ "rules/slow.yml": RULE.replace("guards: {cooldown: 1h}", "") });
    expect(talliesOf(await runReplay(at))).toMatchObject({ "slow started": [1, 2] });
    expect(await stateOf(at)).toEqual(before);
  });

  test("is shown to people as a table with examples", async () => {
    const at = serviceFolder(FILES);
    await recordByService(at, async () => {});
    at.write({ "other.yml": RULE.replace('"Slow"', '"Other"').replace(", 'instance != \"\"'", "") });
    const { stdout } = await runReplay(at, { rules: [pathIn(at, "other.yml")], format: "text", examples: 1 });
    const shown = stdout
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/in \d+\.\d s, \d+ deliveries/, "in 0.1 s, 40 deliveries");
    expect(shown).toBe(`replayed 4 deliveries with 4 alerts, TIME to TIME (in 0.1 s, 40 deliveries/s)
1 of them only repeated what was known: their bodies are not kept, and nothing was judged for them

rule       alerts that were  these rules  other rules  difference
slow       delayed:cooldown            1            0          -1
           started                     1            1
(no rule)  no_match                    1            2          +1

3 alerts compared, 3 come to something else:
  TIME {alertname="Slow", instance="a"}
    - started:slow
    + no_match
  and 2 more
`);
  });
});

/** The bytes of the database, and how many rows its tables have, with what may stand in its log. */
async function stateOf(at: ServiceFolder): Promise<unknown> {
  const file = readFileSync(join(at.storagePath, "nightshift.db"));
  const store = openReadOnly(at.storagePath);
  const rows = async (table: "delivery" | "episode" | "decision" | "run" | "timer") => {
    const counted = await store.reader
      .selectFrom(table)
      .select((it) => it.fn.countAll().as("count"))
      .execute();
    return [table, counted[0]?.count];
  };
  const counts = await Promise.all((["delivery", "episode", "decision", "run", "timer"] as const).map(rows));
  await store.close();
  return { sha256: createHash("sha256").update(file).digest("hex"), counts };
}

describe("what a simulation takes from the record", () => {
  const HOUR_AGO = () => Date.now() - 60 * MINUTE_MS;

  test("how long runs took: a lock is held for the median of them", async () => {
    const at = serviceFolder({
      ...FILES,
      "rules/slow.yml": RULE.replace("guards: {cooldown: 1h}", "guards: {locks: [one]}"),
    });
    const store = await openRecorded(at);
    const startMs = HOUR_AGO();
    await recordDelivery(store, startMs, [slow("a")]);
    await recordDelivery(store, startMs + 5 * MINUTE_MS, [slow("b")]);
    await recordDelivery(store, startMs + 25 * MINUTE_MS, [slow("c")]);
    const queued = { "slow queued:lock": [0, 1], "slow started": [0, 2] };
    const atOnce = { "slow started": [0, 3] };
    const compare = async () => talliesOf(await runReplay(at, { rules: [pathIn(at, "rules")] }));
    await store.close();
    // Negative control: without recorded runs they take no time.
    expect(withoutBefore(await compare())).toEqual(atOnce);
    const again = await openRecorded(at);
    for (const minutes of [1, 10, 600]) await recordRun(again, startMs, minutes * MINUTE_MS);
    await again.close();
    expect(withoutBefore(await compare())).toEqual(queued);
  });

  test("ends of alerts that no delivery told", async () => {
    const at = serviceFolder({ ...FILES, "rules/slow.yml": RULE.replace("guards: {cooldown: 1h}", "") });
    const store = await openRecorded(at);
    const startMs = HOUR_AGO();
    for (const minutes of [0, 30]) {
      const startsAt = new Date(startMs + minutes * MINUTE_MS).toISOString();
      await recordDelivery(store, startMs + minutes * MINUTE_MS, [{ ...slow("a"), startsAt }], "grafana");
    }
    await store.close();
    const compare = async () => talliesOf(await runReplay(at, { rules: [pathIn(at, "rules")] }));
    // Negative control: an open alert of Grafana with a later start is the same alert.
    expect(await compare()).toEqual({ "slow started": [1, 1] });
    const again = await openRecorded(at);
    await recordUnseenEnd(again, slow("a"), startMs + 10 * MINUTE_MS);
    await again.close();
    expect(await compare()).toEqual({ "slow started": [2, 2] });
  });

  test("nothing of sources that are gone, of bodies that cannot be read, and of other times", async () => {
    const at = serviceFolder(FILES);
    const store = await openRecorded(at);
    const startMs = HOUR_AGO();
    await recordDelivery(store, startMs - 48 * 60 * MINUTE_MS, [slow("old")]);
    await recordDelivery(store, startMs, [slow("a")], "gone");
    await recordDelivery(store, startMs + 1, null);
    await store.transaction(async (tx) => {
      const delivery = { source: "alertmanager", dialect: "alertmanager", alerts: 1, truncated: 0 };
      const id = `${"f".repeat(8)}-ffff-7000-8000-000000000000`;
      await tx
        .insertInto("delivery")
        .values({
          ...delivery,
          id,
          received_at: startMs + 2,
          body: Buffer.from("{"),
          receiver: null,
          external_url: null,
        })
        .execute();
    });
    await store.close();
    const { stdout } = await runReplay(at);
    expect(JSON.parse(stdout)).toMatchObject({
      deliveries: 3,
      alerts: 0,
      unchanged_repeats: 1,
      unreadable: 2,
    });
    expect((await runReplay(at, { since: "1s", format: "text" })).stdout).toContain(
      "there are no deliveries in this time",
    );
  });
});

describe("what is wrong", () => {
  test("with a flag or a file is said", async () => {
    const at = serviceFolder(FILES);
    expect((await runReplay(at, { since: "soon" })).exitCode).toBe(2);
    const missing = await runReplay(at, { rules: [pathIn(at, "nowhere.yml")] });
    expect(missing.exitCode).toBe(2);
    expect(missing.stdout).toContain("no file matches");
    await expect(runReplay(at)).rejects.toThrow("there is no database");
  });

  test("a database opened for reading cannot be written", async () => {
    const at = serviceFolder(FILES);
    await (await openRecorded(at)).close();
    const readOnly = openReadOnly(at.storagePath);
    onTestFinished(() => readOnly.close());
    await expect(readOnly.reader.deleteFrom("delivery").execute()).rejects.toThrow("readonly");
  });
});

function withoutBefore(tallies: Record<string, [number, number]>): Record<string, [number, number]> {
  return Object.fromEntries(Object.entries(tallies).map(([key, [, after]]) => [key, [0, after]]));
}
