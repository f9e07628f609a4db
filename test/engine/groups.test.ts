// group_by, continue and observe: how many runs several alerts and several rules make.
import { expect, test } from "vitest";
import {
  decisionsOf,
  notesOf,
  openGate,
  post,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  settled,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";
import { waitFor } from "../support/wait.ts";

const GROUPED = `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"', 'service =~ ".+"', 'instance =~ ".+"']
    group_by: [service]
    runbook: act
    with: {text: "TEXT"}
`;
const RUNBOOK = `
name: act
inputs: {text: {type: string}}
target: local
steps:
  - {id: note, run: 'echo "$TEXT" >> FOLDER/notes', env: {TEXT: "\${{ inputs.text }}"}}
  - {id: hold, effect: read, run: '${waitAt("gate")}'}
`;

function grouped(text: string, more: Record<string, string> = {}): Promise<Scenario> {
  return startScenario({
    "rules/act.yml": GROUPED.replace("TEXT", text),
    "runbooks/act.yml": RUNBOOK,
    ...more,
  });
}

function slow(instance: string, service = "web") {
  return { labels: { alertname: "Slow", service, instance }, startsAt: "2026-01-01T00:00:00Z" };
}

test("one delivery with three alerts of a group and one of another makes two runs", async () => {
  const scenario = await grouped("${{ alert.labels.service }}");
  await post(scenario, slow("1"), slow("2"), slow("3"), slow("1", "db"));
  openGate(scenario, "gate");
  await runsEnded(scenario, 2);
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(2);
  expect((await decisionsOf(scenario)).toSorted()).toEqual([
    "joined:act",
    "joined:act",
    "started:act",
    "started:act",
  ]);
});

test("a member that comes while the group's run goes on joins it, and is judged once when it has ended", async () => {
  const scenario = await grouped("${{ alert.labels.instance }}");
  await post(scenario, slow("1"));
  await waitFor("the first run", () => notesOf(scenario).includes("1"));
  await post(scenario, slow("2"));
  await post(scenario, slow("2"));
  expect(await decisionsOf(scenario)).toEqual(["started:act", "joined:act"]);
  expect(await runsOf(scenario)).toHaveLength(1);
  openGate(scenario, "gate");
  await runsEnded(scenario, 2);
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(2);
  expect(notesOf(scenario)).toEqual(["1", "2"]);
  expect(await decisionsOf(scenario)).toEqual(["started:act", "joined:act", "started:act"]);
});

test("several members that join with plans of their own each get their run, one after the other", async () => {
  const scenario = await grouped("${{ alert.labels.instance }}");
  await post(scenario, slow("1"), slow("2"), slow("3"));
  openGate(scenario, "gate");
  await runsEnded(scenario, 3);
  await settled(scenario);
  expect(await runsOf(scenario)).toHaveLength(3);
  expect(notesOf(scenario).toSorted()).toEqual(["1", "2", "3"]);
});

test("a member that joined and has ended meanwhile starts nothing", async () => {
  const scenario = await grouped("${{ alert.labels.instance }}");
  await post(scenario, slow("1"));
  await waitFor("the first run", () => notesOf(scenario).includes("1"));
  await post(scenario, slow("2"));
  await post(scenario, { ...slow("2"), status: "resolved" });
  openGate(scenario, "gate");
  await runsEnded(scenario, 1);
  await settled(scenario);
  expect(notesOf(scenario)).toEqual(["1"]);
});

test("a group's run that has not started is cancelled when the last member resolves, not before", async () => {
  const scenario = await grouped("${{ alert.labels.service }}", {
    "nightshift.yml": settings("limits: {max_runs: 0}"),
  });
  await post(scenario, slow("1"), slow("2"));
  await post(scenario, { ...slow("1"), status: "resolved" });
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["queued"]);
  await post(scenario, { ...slow("2"), status: "resolved" });
  expect((await runsOf(scenario)).map((run) => run.status)).toEqual(["cancelled"]);
  await waitFor("the bundle", async () => (await runsOf(scenario))[0]?.bundle);
});

const PLAIN = `
name: act
target: local
steps: [{id: act, command: ["true"]}]
`;

const CONTINUED = `
rules:
  - {name: first, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, continue: true}
  - {name: second, mode: auto, matchers: ['alertname = "Slow"', 'service =~ ".+"'], group_by: [service], runbook: act, guards: {cooldown: 1s}}
  - {name: never, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}
`;

test("continue lets the next rule match, and the first that does not continue ends it", async () => {
  const scenario = await startScenario({ "rules/all.yml": CONTINUED, "runbooks/act.yml": PLAIN });
  await post(scenario, slow("1"));
  const runs = await runsEnded(scenario, 2);
  expect(runs.map((run) => run.trigger.rule ?? "").toSorted()).toEqual(["first", "second"]);
});

test("a rule that was delayed starts later, and the rule that has its run does not start again", async () => {
  const scenario = await startScenario({ "rules/all.yml": CONTINUED, "runbooks/act.yml": PLAIN });
  await post(scenario, slow("1"));
  await runsEnded(scenario, 2);
  await post(scenario, slow("2"));
  expect(await decisionsOf(scenario)).toEqual([
    "started:first",
    "started:second",
    "started:first",
    "delayed:second:cooldown",
  ]);
  await runsEnded(scenario, 4);
  await post(scenario, slow("2"));
  await settled(scenario);
  const rules = (await runsOf(scenario)).map((run) => run.trigger.rule ?? "");
  expect(rules.toSorted()).toEqual(["first", "first", "second", "second"]);
});

test("a rule that was refused is judged again at a repeat; the rule beside it that has its run is not", async () => {
  const refusing = `
rules:
  - {name: first, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, continue: true}
  - {name: second, mode: auto, matchers: ['alertname = "Slow"', 'instance =~ ".+"'], runbook: on-host, with: {host: "\${{ alert.labels.instance }}"}}
`;
  const onHost = `
name: on-host
inputs: {host: {type: host}}
target: local
steps: [{id: act, command: ["true"]}]
`;
  const scenario = await startScenario({
    "rules/all.yml": refusing,
    "runbooks/act.yml": PLAIN,
    "runbooks/on-host.yml": onHost,
  });
  await post(scenario, slow("web-1"));
  await runsEnded(scenario, 1);
  scenario.at.write({
    "hosts.yml":
      "defaults: {user: nobody, known_hosts: /dev/null, key: {file: /dev/null}}\nhosts: [{name: web-1, address: 192.0.2.1}]\n",
  });
  expect(await scenario.app.reload()).toEqual([]);
  await post(scenario, slow("web-1"));
  await runsEnded(scenario, 2);
  expect((await runsOf(scenario)).map((run) => run.trigger.rule)).toEqual(["second", "first"]);
});

test("a rule that observes never ends matching and starts nothing", async () => {
  const rules = `
rules:
  - {name: watch, mode: observe, matchers: ['alertname = "Slow"'], runbook: act}
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}
`;
  const scenario = await startScenario({ "rules/all.yml": rules, "runbooks/act.yml": PLAIN });
  await post(scenario, slow("1"));
  await runsEnded(scenario, 1);
  await post(scenario, slow("1"));
  expect(await decisionsOf(scenario)).toEqual(["observed:watch", "started:act"]);
  expect(await runsOf(scenario)).toHaveLength(1);
});
