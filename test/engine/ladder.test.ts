// The ladder: what is done while an alert still fires after the rule's own runbook, and that it is remembered.
import { expect, onTestFinished, test } from "vitest";
import { startAlertSource } from "../support/alert-source.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  alertsOf,
  decisionsOf,
  notesOf,
  post,
  runsOf,
  type Scenario,
  settings,
  startScenario,
} from "./engine-fixture.ts";

const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };
const RESOLVED = { ...SLOW, status: "resolved" as const };

const rules = (more = "") => `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    group_by: [instance]
    runbook: restart
    guards: {cooldown: 1h, rate_limit: {max: 1, per: 1h}}
    verify: {resolved_within: 300ms, stable_for: 50ms}
    ladder:
      - {runbook: reboot, mode: approve}
      - {notify: {to: log, text: "slow on \${{ group.labels.instance }} needs a person: \${{ run.url }}"}}
${more}
`;
const runbook = (name: string, command = "true") => `
name: ${name}
target: local
steps: [{id: act, run: "echo ${name} >> FOLDER/notes; ${command}"}]
`;

async function ladder(more: { rules?: string; restart?: string; settings?: string } = {}) {
  const api = await startAlertSource();
  onTestFinished(() => api.close());
  api.say(SLOW, "firing");
  const source = `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${api.url}"]}}]`;
  const scenario = await startScenario({
    "nightshift.yml": settings(`${source}\n${more.settings ?? ""}`),
    "rules/slow.yml": more.rules ?? rules(),
    "runbooks/restart.yml": runbook("restart", more.restart),
    "runbooks/reboot.yml": runbook("reboot"),
  });
  return { scenario, api };
}

/** Titles and texts of what a telling rung said, in order. */
async function told({ app }: Scenario): Promise<string[]> {
  const rows = await app.store.reader
    .selectFrom("outbox")
    .select(["data", "target"])
    .where("action", "=", "notify")
    .orderBy("id")
    .execute();
  return rows
    .filter((row) => row.target.startsWith("ladder-"))
    .map((row) => String((JSON.parse(row.data) as { text: unknown }).text));
}

interface ApprovalJson {
  readonly id: string;
  readonly run: string;
  readonly status: string;
}

async function approvals({ app }: Scenario): Promise<readonly ApprovalJson[]> {
  const answer = await fetch(`${app.url}/api/v1/approvals`);
  return ((await answer.json()) as { items: ApprovalJson[] }).items;
}

async function decide(scenario: Scenario, verb: "approve" | "reject"): Promise<void> {
  const pending = await waitFor("an approval", async () =>
    (await approvals(scenario)).find((one) => one.status === "pending"),
  );
  const answer = await fetch(`${scenario.app.url}/api/v1/approvals/${pending.id}/${verb}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(200);
}

const isWaiting = async (scenario: Scenario) =>
  (await runsOf(scenario)).some((run) => run.status === "waiting_person");

test("no effect: the next rung asks a person, and the last one tells one", async () => {
  const { scenario } = await ladder();
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  expect(notesOf(scenario)).toEqual(["restart"]);
  expect(await decisionsOf(scenario)).toEqual(["started:slow", "waiting_person:slow"]);
  await decide(scenario, "approve");
  await waitFor("somebody to be told", async () => (await told(scenario)).length > 0);
  expect(notesOf(scenario)).toEqual(["restart", "reboot"]);
  const runs = (await runsOf(scenario)).toReversed();
  expect(runs.map((run) => run.outcome)).toEqual(["no_effect", "no_effect"]);
  const [text = "", ...more] = await told(scenario);
  expect(text.startsWith("slow on web-1 needs a person: http://")).toBe(true);
  expect(text.endsWith(`/runs/${runs[1]?.id ?? ""}`)).toBe(true);
  expect(more).toEqual([]);
  expect(await decisionsOf(scenario)).toEqual(["started:slow", "waiting_person:slow", "started:slow"]);
  const last = (await alertsOf(scenario))[0]?.decisions.at(-1);
  expect(last?.detail).toMatchObject({ rung: 2, told: "log" });
});

test("a failed run is followed by the next rung at once", async () => {
  const { scenario } = await ladder({ restart: "exit 1" });
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["waiting_person", "failed"]);
});

test("a person's no leads straight to the last rung", async () => {
  const { scenario } = await ladder();
  await post(scenario, SLOW);
  await decide(scenario, "reject");
  await waitFor("somebody to be told", async () => (await told(scenario)).length > 0);
  expect(notesOf(scenario)).toEqual(["restart"]);
  expect((await runsOf(scenario))[0]).toMatchObject({ status: "rejected" });
});

test("a relapse within ladder_memory goes on where the last episode stopped", async () => {
  const { scenario, api } = await ladder();
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  api.say(SLOW, "gone");
  await post(scenario, RESOLVED);
  await waitFor("the asking to end", async () => !(await isWaiting(scenario)));
  api.say(SLOW, "firing");
  await post(scenario, { ...SLOW, startsAt: new Date().toISOString() });
  await waitFor("the second rung to ask again", () => isWaiting(scenario));
  expect(notesOf(scenario)).toEqual(["restart"]);
  const [, relapsed] = await alertsOf(scenario);
  expect(relapsed?.decisions[0]).toMatchObject({ kind: "waiting_person", rule: "slow", detail: { rung: 1 } });
});

test("a relapse after ladder_memory begins anew", async () => {
  const { scenario, api } = await ladder({
    rules: rules("    ladder_memory: 100ms\n").replace(
      "guards: {cooldown: 1h, rate_limit: {max: 1, per: 1h}}",
      "guards: {rate_limit: {max: 9, per: 1h}}",
    ),
  });
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  api.say(SLOW, "gone");
  await post(scenario, RESOLVED);
  await waitFor("the asking to end", async () => !(await isWaiting(scenario)));
  api.say(SLOW, "firing");
  await post(scenario, { ...SLOW, startsAt: new Date().toISOString() });
  await waitFor("a second restart", () => notesOf(scenario).length === 2);
  expect(notesOf(scenario)).toEqual(["restart", "restart"]);
});

test("an alert that has gone unseen is closed, and nothing is climbed", async () => {
  const { scenario, api } = await ladder({ restart: "exit 1" });
  api.say(SLOW, "gone");
  await post(scenario, SLOW);
  await waitFor("the alert to be closed", async () => (await alertsOf(scenario))[0]?.status === "resolved");
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["failed"]);
  expect(await told(scenario)).toEqual([]);
});

test("a silenced alert is not climbed for, and no outcome is claimed; after the silence it goes on", async () => {
  const { scenario, api } = await ladder();
  api.say(SLOW, "suppressed");
  await post(scenario, SLOW);
  await waitFor("the refusal", async () =>
    (await decisionsOf(scenario)).includes("refused:slow:silenced") ? true : null,
  );
  expect((await runsOf(scenario)).map((run) => run.outcome)).toEqual(["unknown"]);
  api.say(SLOW, "firing");
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
});

test("a source that cannot be asked: only a person is told", async () => {
  const { scenario, api } = await ladder();
  api.goAway();
  await post(scenario, SLOW);
  await waitFor("somebody to be told", async () => (await told(scenario)).length > 0);
  expect((await runsOf(scenario)).map((run) => [run.status, run.outcome])).toEqual([
    ["succeeded", "unknown"],
  ]);
});

test("a deadline that passed while the service was down, and no answer: nothing starts, a person is told", async () => {
  const { scenario, api } = await ladder();
  await post(scenario, SLOW);
  await waitFor("the run to end", async () => (await runsOf(scenario))[0]?.status === "succeeded");
  await scenario.app.stop();
  api.goAway();
  const stoppedAtMs = Date.now();
  await waitFor("the deadline to pass", () => Date.now() - stoppedAtMs > 400);
  scenario.app = await startService(scenario.at);
  await waitFor("the outcome", async () => (await runsOf(scenario))[0]?.outcome === "unknown");
  await waitFor("somebody to be told", async () => (await told(scenario)).length > 0);
  expect(notesOf(scenario)).toEqual(["restart"]);
});

test("a person's no to an alert that is silenced meanwhile: after the silence a person is told, and nothing is tried", async () => {
  const { scenario, api } = await ladder({ rules: rules().replace("mode: auto", "mode: approve") });
  await post(scenario, SLOW);
  await waitFor("the asking", () => isWaiting(scenario));
  api.say(SLOW, "suppressed");
  await decide(scenario, "reject");
  await waitFor("the refusal", async () => (await decisionsOf(scenario)).includes("refused:slow:silenced"));
  expect(await told(scenario)).toEqual([]);
  api.say(SLOW, "firing");
  await post(scenario, SLOW);
  await waitFor("somebody to be told", async () => (await told(scenario)).length > 0);
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["rejected"]);
  expect(notesOf(scenario)).toEqual([]);
});

test("what is learned of an earlier rung while the next one is under way changes nothing for that one", async () => {
  const { scenario, api } = await ladder({ restart: "exit 1" });
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  api.say(SLOW, "suppressed");
  await waitFor("the first one's outcome", async () =>
    (await runsOf(scenario)).find((run) => run.outcome === "unknown"),
  );
  await waitFor("that it is looked at no more", async () => {
    const timers = await scenario.app.store.reader
      .selectFrom("timer")
      .select("kind")
      .where("kind", "=", "ladder")
      .execute();
    return timers.length === 0;
  });
  api.say(SLOW, "firing");
  await post(scenario, SLOW);
  expect(await decisionsOf(scenario)).toEqual(["started:slow", "waiting_person:slow"]);
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["waiting_person", "failed"]);
  expect(await told(scenario)).toEqual([]);
});

test("a rung that is tried again for an alert that was there all along is no relapse", async () => {
  const { scenario, api } = await ladder({
    rules: rules("    notify: [{to: log, events: [relapse, failed]}]"),
    restart: "exit 1",
  });
  api.say(SLOW, "suppressed");
  await post(scenario, SLOW);
  await waitFor("the refusal", async () => (await decisionsOf(scenario)).includes("refused:slow:silenced"));
  api.say(SLOW, "firing");
  await post(scenario, SLOW);
  await waitFor("the second rung to ask", () => isWaiting(scenario));
  const targets = await scenario.app.store.reader
    .selectFrom("outbox")
    .select("target")
    .where("action", "=", "notify")
    .execute();
  expect(targets.map((row) => row.target)).toEqual(["failed:log"]);
});
