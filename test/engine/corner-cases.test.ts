// Where rules, guards and ladders meet: groups that are open for long, alerts that are judged again, runs that wait for people. In
// simulated time, by the engine of the service.
import { expect, test } from "vitest";
import { runTests } from "../simulation/tests-folder.ts";

const HEAD = `
settings:
  runbooks: [runbooks/*.yml]
  hosts: [hosts.yml]
  notifiers: [{name: oncall, log: {}}]
  sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["http://alertmanager:9093"]}}]
rule_files: [rules.yml]
tests:
`;

const change = (name: string) => `name: ${name}
inputs: {host: {type: host}}
target: \${{ inputs.host }}
steps: [{id: act, command: [systemctl, restart, web]}]
`;
const NOTE = `name: note
inputs: {text: {type: string, required: false, default: none}}
target: local
steps: [{id: note, effect: change, command: [echo, "\${{ inputs.text }}"]}]
`;

/** What `nightshift test` writes. */
async function resultOf(rules: string, tests: string): Promise<string> {
  const { stdout, stderr } = await runTests({
    "rules.yml": `rules:\n${rules}`,
    "runbooks/reboot.yml": change("reboot"),
    "runbooks/reinstall.yml": change("reinstall"),
    "runbooks/note.yml": NOTE,
    "a.test.yml": `${HEAD}${tests}`,
  });
  return `${stdout}${stderr}`;
}

const PASSED = /^[1-9]\d* passed, 0 failed/u;

const BATCHED = (more: string) => `
  - name: batched
    mode: auto
    matchers: ['alertname = "Slow"', 'service =~ ".+"', 'instance =~ ".+"']
    group_by: [service]
    runbook: note
    with: {text: "\${{ group.alerts.map(a, a.labels.instance).join(',') }}"}
    batch: {wait: 1m, max: 50}
    ${more}
`;

test("batch: members whose run a guard delayed are judged again, and get one run", async () => {
  const result = await resultOf(
    BATCHED("guards: {cooldown: 10m}"),
    `
  - name: three at once
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Slow, service: web, instance: "0"}}]}
      - {at: 2m, resolved: [{labels: {alertname: Slow, service: web, instance: "0"}}]}
      - {at: 3m, alerts: [{labels: {alertname: Slow, service: web, instance: "{1..3}"}}]}
      - {at: 5m, expect_counts: {"delayed:cooldown": 3}}
      - {at: 30m, expect_counts: {started: 1, joined: 2}}
`,
  );
  expect(result).toMatch(PASSED);
});

test("batch: members whose run was refused are judged again at a repeat", async () => {
  const result = await resultOf(
    `${BATCHED("guards: {locks: [pool], on_busy: refuse}")}
  - {name: holds, mode: auto, matchers: ['alertname = "Holds"'], runbook: look, with: {host: web-1}, guards: {locks: [pool]}}
`,
    `
  - name: two at once
    runs: {look: {takes: 5m}}
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Holds}}]}
      - {at: 1m, alerts: [{labels: {alertname: Slow, service: web, instance: "{1..2}"}}]}
      - {at: 3m, expect_counts: {"refused:lock": 2}}
      - {at: 6m, alerts: [{labels: {alertname: Slow, service: web, instance: "{1..2}"}}]}
      - {at: 30m, expect_counts: {started: 1, joined: 1}}
`,
  );
  expect(result).toMatch(PASSED);
});

test("a run that waits for a person neither has a lock nor stands in line for it", async () => {
  const result = await resultOf(
    `
  - {name: asks, mode: approve, matchers: ['alertname = "Asks"'], runbook: note, guards: {locks: [pool]}}
  - {name: refuses, mode: auto, matchers: ['alertname = "Refuses"'], runbook: note, guards: {locks: [pool], on_busy: refuse}}
`,
    `
  - name: two rules
    runs: {note: {takes: 5m}}
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Asks}}], expect: [{rule: asks, waiting_person: true}]}
      - {at: 1m, alerts: [{labels: {alertname: Refuses, n: "1"}}], expect: [{rule: refuses}]}
      - {at: 2m, alerts: [{labels: {alertname: Refuses, n: "2"}}], expect: [{rule: refuses, refused: lock}]}
`,
  );
  expect(result).toMatch(PASSED);
});

test("observe: an alert that goes on counts once in the shadow guards", async () => {
  const result = await resultOf(
    `
  - name: shadow
    mode: observe
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    runbook: note
    guards: {rate_limit: {max: 2, per: 1h}, cooldown: 10m}
`,
    `
  - name: repeats
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Slow, instance: "1"}}], expect: [{observed: true}]}
      - {at: 1m, alerts: [{labels: {alertname: Slow, instance: "1"}}], expect: []}
      - {at: 20m, alerts: [{labels: {alertname: Slow, instance: "1"}}], expect: []}
      - {at: 40m, alerts: [{labels: {alertname: Slow, instance: "2"}}], expect: [{observed: true}]}
      - {at: 41m, alerts: [{labels: {alertname: Slow, instance: "3"}}], expect_counts: {observed: 1, "observed:rate_limit": 1}}
`,
  );
  expect(result).toMatch(PASSED);
});

const CLIMBS = `
  - name: climbs
    mode: auto
    matchers: ['alertname = "Slow"', 'service =~ ".+"', 'instance =~ ".+"']
    group_by: [service]
    runbook: fix
    with: {host: "\${{ alert.labels.instance }}"}
    verify: {resolved_within: 10m, stable_for: 10m}
    ladder: [{runbook: reboot, with: {host: "\${{ alert.labels.instance }}"}}, {notify: {to: oncall, text: help}}]
`;
const slow = (instance: string) => `{labels: {alertname: Slow, service: web, instance: "${instance}"}}`;

test("ladder: a member that a group gets while it fires begins at the rule's own runbook", async () => {
  const result = await resultOf(
    CLIMBS,
    `
  - name: after the run of another
    steps:
      - {at: 0m, alerts: [${slow("web-1")}]}
      - {at: 2m, alerts: [${slow("web-2")}], expect: [{rule: climbs, runbook: fix, with: {host: web-2}}]}
  - name: while the run of another goes on
    runs: {fix: {takes: 1m}}
    steps:
      - {at: 0s, alerts: [${slow("web-1")}]}
      - {at: 30s, alerts: [${slow("web-2")}], expect: [{joined: climbs}]}
      - {at: 2m, expect: [{rule: climbs, runbook: fix, with: {host: web-2}}]}
  - name: whose run before it failed
    runs: {fix: {takes: 1m, ends: failed}, reboot: {takes: 1m}}
    steps:
      - {at: 0s, alerts: [${slow("web-1")}]}
      - {at: 30s, alerts: [${slow("web-2")}], expect: [{joined: climbs}]}
      - {at: 10m, expect_runs: [{runbook: fix, rung: 0}, {runbook: reboot, rung: 1}, {runbook: fix, rung: 0}, {runbook: reboot, rung: 1}]}
`,
  );
  expect(result).toMatch(PASSED);
});

test("ladder: an alert that comes back while its group fires goes on at the next rung", async () => {
  const result = await resultOf(
    CLIMBS,
    `
  - name: comes back
    steps:
      - {at: 0m, alerts: [${slow("web-1")}]}
      - {at: 2m, alerts: [${slow("web-2")}]}
      - {at: 3m, resolved: [${slow("web-2")}]}
      - {at: 4m, alerts: [${slow("web-2")}], expect: [{rule: climbs, runbook: reboot, with: {host: web-2}}]}
`,
  );
  expect(result).toMatch(PASSED);
});

test("ladder: a group that is open for long climbs anew for each run that did not help", async () => {
  const result = await resultOf(
    CLIMBS,
    `
  - name: a day apart
    steps:
      - {at: 0m, alerts: [${slow("web-1")}]}
      - {at: 1h, expect_runs: [{runbook: fix}, {runbook: reboot}]}
      - {at: 11h, alerts: [${slow("web-1")}]}
      - {at: 20h, alerts: [${slow("web-1")}, ${slow("web-2")}]}
      - {at: 21h, expect_runs: [{runbook: fix}, {runbook: reboot}, {runbook: fix}, {runbook: reboot}]}
`,
  );
  expect(result).toMatch(PASSED);
});

test("ladder: what only a person should go on with starts no runbook, though the last rung is one", async () => {
  const result = await resultOf(
    `
  - name: two
    mode: auto
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    runbook: fix
    with: {host: "\${{ alert.labels.instance }}"}
    ladder:
      - {runbook: reboot, with: {host: "\${{ alert.labels.instance }}"}}
      - {runbook: reinstall, with: {host: "\${{ alert.labels.instance }}"}}
`,
    `
  - name: cut off
    runs: {fix: {ends: interrupted}}
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Slow, instance: web-1}}], expect_counts: {started: 1, "refused:ladder_ended": 1}}
      - {at: 5m, alerts: [{labels: {alertname: Slow, instance: web-1}}], expect_runs: [{runbook: fix}]}
  - name: failed
    runs: {fix: {ends: failed}, reboot: {ends: failed}}
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Slow, instance: web-1}}]}
      - {at: 1m, expect_runs: [{runbook: fix}, {runbook: reboot}, {runbook: reinstall}]}
`,
  );
  expect(result).toMatch(PASSED);
});

test("when_count: is reached once for what comes of it later: a ladder, a batch, a delay", async () => {
  const counted = (name: string, more: string) => `
  - name: ${name}
    mode: auto
    matchers: ['alertname = "${name}"', 'service =~ ".+"', 'instance =~ ".+"']
    group_by: [service]
    when_count: {min: 2, within: 2m}
    runbook: note
    ${more}
`;
  const two = (name: string) => `{labels: {alertname: ${name}, service: web, instance: "web-{1..2}"}}`;
  const result = await resultOf(
    [
      counted("climbs", 'ladder: [{runbook: fix, with: {host: "${{ alert.labels.instance }}"}}]'),
      counted("collects", "batch: {wait: 5m, max: 50}"),
      counted("waits", "after: 5m"),
    ].join(""),
    `
  - name: ladder
    steps:
      - {at: 0m, alerts: [${two("climbs")}]}
      - {at: 30m, expect_runs: [{runbook: note, outcome: no_effect}, {runbook: fix}]}
  - name: batch
    steps:
      - {at: 0m, alerts: [${two("collects")}]}
      - {at: 30m, expect_runs: [{runbook: note}]}
  - name: after
    steps:
      - {at: 0m, alerts: [${two("waits")}]}
      - {at: 30m, expect_runs: [{runbook: note}]}
  - name: one alone is still none
    steps:
      - {at: 0m, alerts: [{labels: {alertname: waits, service: web, instance: web-1}}]}
      - {at: 30m, expect_runs: []}
`,
  );
  expect(result).toMatch(PASSED);
});

test("what was decided already is not stored again when something else has its turn", async () => {
  const result = await resultOf(
    `
  - {name: watches, mode: observe, matchers: ['alertname = "Slow"'], runbook: note}
  - {name: waits, mode: auto, matchers: ['alertname = "Slow"'], runbook: note, after: 5m, continue: true}
  - {name: cools, mode: auto, matchers: ['alertname = "Slow"'], runbook: note, after: 10m}
`,
    `
  - name: three rules
    steps:
      - {at: 0m, alerts: [{labels: {alertname: Slow}}], expect_counts: {observed: 1, delayed: 2}}
      - {at: 6m, expect_counts: {started: 1, observed: 0}}
      - {at: 11m, expect_counts: {started: 1, observed: 0}}
`,
  );
  expect(result).toMatch(PASSED);
});
