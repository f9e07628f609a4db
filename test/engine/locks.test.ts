// One run at a time changes a host; who comes meanwhile waits in line, and how many wait for slots is bounded.
import { expect, test } from "vitest";
import {
  runsEnded,
  waitAt,
  openGate,
  decisionsOf,
  notesOf,
  post,
  runsOf,
  startScenario,
} from "./engine-fixture.ts";
import { putHostHold } from "../../src/store/host-holds.ts";
import { waitFor } from "../support/wait.ts";

const rule = (guards: string) => `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    runbook: act
    guards: ${guards}
`;
const runbook = (guards: string) => `
name: act
target: local
guards: ${guards}
steps:
  - id: change
    run: |
      echo begin >> FOLDER/notes
      ${waitAt("gate")}
      echo end >> FOLDER/notes
`;
const HOSTS = "hosts: [{name: local, exclusive: true}]\n";
const SHARED = "hosts: [{name: local}]\n";

function slow(instance: string, status: "firing" | "resolved" = "firing") {
  return { labels: { alertname: "Slow", instance }, startsAt: "2026-01-01T00:00:00Z", status };
}

async function started(files: Readonly<Record<string, string>>) {
  const scenario = await startScenario(files);
  await post(scenario, slow("1"), slow("2"), slow("3"));
  await waitFor("the first run at its gate", () => notesOf(scenario).length > 0);
  return scenario;
}

test("runs that change one host run one after the other, oldest first", async () => {
  const scenario = await started({
    "hosts.yml": HOSTS,
    "rules/act.yml": rule("{}"),
    "runbooks/act.yml": runbook("{}"),
  });
  expect(await decisionsOf(scenario)).toEqual(["started:act", "queued:act:lock", "queued:act:lock"]);
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["queued", "queued", "running"]);
  openGate(scenario, "gate");
  const runs = await runsEnded(scenario, 3);
  expect(runs.map((run) => run.status)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(notesOf(scenario)).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
});

test("a host that is not exclusive is changed by several runs at once", async () => {
  const scenario = await started({
    "hosts.yml": SHARED,
    "rules/act.yml": rule("{}"),
    "runbooks/act.yml": runbook("{}"),
  });
  await waitFor("all runs at the gate", () => notesOf(scenario).length === 3);
  expect(await decisionsOf(scenario)).toEqual(["started:act", "started:act", "started:act"]);
});

test("a named lock holds runs of several rules apart", async () => {
  const scenario = await started({
    "hosts.yml": SHARED,
    "rules/act.yml": rule('{locks: ["pool:web"]}'),
    "runbooks/act.yml": runbook("{}"),
  });
  expect(await decisionsOf(scenario)).toEqual(["started:act", "queued:act:lock", "queued:act:lock"]);
  openGate(scenario, "gate");
  await runsEnded(scenario, 3);
  expect(notesOf(scenario)).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
});

test("two slots: two runs at once, the third waits", async () => {
  const scenario = await started({
    "hosts.yml": SHARED,
    "rules/act.yml": rule("{}"),
    "runbooks/act.yml": runbook("{concurrency: 2}"),
  });
  await waitFor("two runs at the gate", () => notesOf(scenario).length === 2);
  expect(await decisionsOf(scenario)).toEqual(["started:act", "started:act", "queued:act:concurrency"]);
  openGate(scenario, "gate");
  await runsEnded(scenario, 3);
  expect(notesOf(scenario)).toHaveLength(6);
});

test("on_busy: refuse starts nothing while the lock is taken", async () => {
  const scenario = await started({
    "hosts.yml": HOSTS,
    "rules/act.yml": rule("{on_busy: refuse}"),
    "runbooks/act.yml": runbook("{}"),
  });
  expect(await decisionsOf(scenario)).toEqual(["started:act", "refused:act:lock", "refused:act:lock"]);
  openGate(scenario, "gate");
  await runsEnded(scenario, 1);
  // A repeat is judged again: now the lock is free.
  await post(scenario, slow("2"));
  await runsEnded(scenario, 2);
});

test("who waits in line for longer than `wait` is refused, with the reason", async () => {
  const scenario = await started({
    "hosts.yml": HOSTS,
    "rules/act.yml": rule("{wait: 1s}"),
    "runbooks/act.yml": runbook("{}"),
  });
  const waiting = () => runsOf(scenario).then((runs) => runs.filter((run) => run.status === "cancelled"));
  const cancelled = await waitFor("the line to give up", async () => {
    const runs = await waiting();
    return runs.length === 2 ? runs : null;
  });
  expect(cancelled[0]?.message ?? "").toContain("local");
  expect(await decisionsOf(scenario)).toEqual([
    "started:act",
    "queued:act:lock",
    "refused:act:lock",
    "queued:act:lock",
    "refused:act:lock",
  ]);
});

test("who waits in line when its alert ends does not start", async () => {
  const scenario = await started({
    "hosts.yml": HOSTS,
    "rules/act.yml": rule("{}"),
    "runbooks/act.yml": runbook("{}"),
  });
  await post(scenario, slow("2", "resolved"));
  openGate(scenario, "gate");
  const runs = await runsEnded(scenario, 3);
  expect(runs.map((run) => run.status)).toEqual(["succeeded", "cancelled", "succeeded"]);
});

test("a host that is held meanwhile is not changed by a run whose rule has another name by now", async () => {
  const scenario = await started({
    "hosts.yml": HOSTS,
    "rules/act.yml": rule("{}"),
    "runbooks/act.yml": runbook("{}"),
  });
  scenario.at.write({ "rules/act.yml": rule("{}").replace("name: act", "name: renamed") });
  expect((await fetch(`${scenario.app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  await scenario.app.store.transaction((tx) =>
    putHostHold(tx, {
      id: "hold",
      host: "local",
      reason: "a test",
      principal: "test",
      createdAtMs: Date.now(),
      untilMs: Date.now() + 3_600_000,
      releasedAtMs: null,
      releasedBy: null,
    }),
  );
  openGate(scenario, "gate");
  const runs = await runsEnded(scenario, 3);
  expect(runs.map((run) => run.status)).toEqual(["succeeded", "cancelled", "cancelled"]);
  expect(notesOf(scenario)).toEqual(["begin", "end"]);
  expect((await decisionsOf(scenario)).filter((text) => text === "refused:act:automation_off")).toHaveLength(
    2,
  );
});
