// A rule that fails too often stops by itself, and says so.
import { expect, onTestFinished, test } from "vitest";
import { readBreaker, resetBreaker } from "../../src/store/breakers.ts";
import { readNotices } from "../../src/store/notices.ts";
import { startAlertSource } from "../support/alert-source.ts";
import { waitFor } from "../support/wait.ts";
import {
  decisionsOf,
  openGate,
  post,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";

const alert = (n: number) => ({
  labels: { alertname: "Slow", n: String(n) },
  startsAt: "2026-01-01T00:00:00Z",
});

interface Parts {
  readonly breaker: string;
  readonly step: string;
  readonly rule?: string;
  readonly source?: string;
}

function scenario({ breaker, step, rule = "", source = "" }: Parts): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": settings(source).replace("events: [failed", "events: [breaker_open, failed"),
    "rules/all.yml": `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, guards: {breaker: {${breaker}}}, ${rule}}
  - {name: later, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}
`,
    "runbooks/act.yml": `{name: act, target: local, steps: [{id: act, ${step}}]}\n`,
  });
}

async function fail(at: Scenario, ...numbers: number[]): Promise<void> {
  for (const n of numbers) {
    const count = (await runsOf(at)).length;
    await post(at, alert(n));
    await runsEnded(at, count + 1);
  }
}

const breakerOf = ({ app }: Scenario) => readBreaker(app.store.reader, "act");

/** The events that people were told of for the newest run. */
async function toldOf(at: Scenario): Promise<string[]> {
  const [run] = await runsOf(at);
  return (await readNotices(at.app.store.reader, run?.id ?? "")).map(({ event }) => event).toSorted();
}

test("opens at so many failures: nothing starts, the rule still ends matching, and a person is told once", async () => {
  const at = await scenario({ breaker: "failures: 2, within: 1h", step: "run: exit 3" });
  await fail(at, 1);
  expect(await breakerOf(at)).toBe(null);
  await fail(at, 2);
  const [newest] = await runsOf(at);
  expect(await breakerOf(at)).toMatchObject({ runId: newest?.id, openedAtMs: expect.any(Number) as number });
  expect(await toldOf(at)).toEqual(["breaker_open", "failed"]);
  await post(at, alert(3));
  expect((await decisionsOf(at)).slice(-1)).toEqual(["refused:act:breaker"]);
  expect(await runsOf(at)).toHaveLength(2);
});

test("a run that failed already when it was opened does not open it again", async () => {
  const at = await scenario({
    breaker: "failures: 2, within: 1h",
    step: `run: '${waitAt("gate")}; exit 3'`,
  });
  await post(at, alert(1), alert(2), alert(3));
  await waitFor("three runs", async () =>
    (await runsOf(at)).every(({ status }) => status === "running") ? (await runsOf(at)).length === 3 : false,
  );
  openGate(at, "gate");
  const runs = await runsEnded(at, 3);
  const told = await Promise.all(runs.map(({ id }) => readNotices(at.app.store.reader, id)));
  expect(told.flat().filter(({ event }) => event === "breaker_open")).toHaveLength(1);
});

test("failures before a reset do not count", async () => {
  const at = await scenario({ breaker: "failures: 2, within: 1h", step: "run: exit 3" });
  await fail(at, 1, 2);
  await at.app.store.transaction((tx) => resetBreaker(tx, "act", Date.now()));
  await fail(at, 3);
  expect(await breakerOf(at)).toMatchObject({ openedAtMs: null });
  await fail(at, 4);
  expect(await breakerOf(at)).toMatchObject({ openedAtMs: expect.any(Number) as number });
});

test("closes by itself after reset_after, and counts anew", async () => {
  const at = await scenario({ breaker: "failures: 2, within: 1h, reset_after: 1s", step: "run: exit 3" });
  await fail(at, 1, 2);
  const openedAtMs = (await breakerOf(at))?.openedAtMs ?? 0;
  expect(openedAtMs).toBeGreaterThan(0);
  await waitFor("reset_after", () => Date.now() > openedAtMs + 1_100);
  await fail(at, 3);
  expect(await breakerOf(at)).toMatchObject({ openedAtMs });
  await fail(at, 4);
  expect((await breakerOf(at))?.openedAtMs).toBeGreaterThan(openedAtMs);
});

test("runs that succeed and do not help count", async () => {
  const api = await startAlertSource();
  onTestFinished(() => api.close());
  for (const n of [1, 2]) api.say(alert(n), "firing");
  const source = `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${api.url}"]}}]`;
  const rule = "verify: {resolved_within: 0s}";
  const at = await scenario({ breaker: "failures: 2, within: 1h", step: "run: 'true'", rule, source });
  const judged = (count: number) =>
    waitFor("the outcomes", async () => {
      const runs = await runsOf(at);
      return runs.length === count && runs.every(({ outcome }) => outcome === "no_effect");
    });
  await post(at, alert(1));
  await judged(1);
  expect(await breakerOf(at)).toBe(null);
  await post(at, alert(2));
  await judged(2);
  expect(await breakerOf(at)).toMatchObject({ openedAtMs: expect.any(Number) as number });
  expect(await toldOf(at)).toContain("breaker_open");
});

test("a cancelled run is no failure", async () => {
  const at = await scenario({ breaker: "failures: 1, within: 1h", step: `run: '${waitAt("gate")}'` });
  await post(at, alert(1));
  const run = await waitFor("the run", async () =>
    (await runsOf(at)).find(({ status }) => status === "running"),
  );
  await fetch(`${at.app.url}/api/v1/runs/${run.id}/cancel`, { method: "POST" });
  await runsEnded(at, 1);
  expect(await breakerOf(at)).toBe(null);
});
