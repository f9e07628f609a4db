// Rule tests run the engine of the service: what they expect is what the service would decide.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HEAD, runTests } from "./tests-folder.ts";

const SLOW = `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance != ""']
    group_by: [instance]
    runbook: fix
    with: {host: "\${{ alert.labels.instance }}"}
`;
/** One firing alert of web-1, as a test writes it. */
const WEB1 = '{labels: {alertname: Slow, instance: "web-1:9100"}}';
const WEB2 = '{labels: {alertname: Slow, instance: "web-2:9100"}}';

/** What failed, or is wrong with the files; empty when all tests passed. */
async function failuresOf(rules: string, tests: string, head = HEAD): Promise<string> {
  const { stdout } = await runTests({ "rules.yml": rules, "a.test.yml": `${head}tests:\n${tests}` });
  return stdout.replace(/^\d+ passed, 0 failed in \d+\.\d s\n$/, "");
}

test("the example of the documentation passes as it stands", async () => {
  const file = join(import.meta.dirname, "fixtures/rules/slow.test.yml");
  const { exitCode, stdout } = await runTests({}, { files: [file] });
  expect(stdout).toMatch(/^2 passed, 0 failed/);
  expect(exitCode).toBe(0);
});

describe("what tests can expect", () => {
  test("a start with its runbook and inputs, no match, a repeat that decides nothing", async () =>
    expect(
      await failuresOf(
        SLOW,
        `
  - name: all three
    steps:
      - {at: 0s, alerts: [${WEB1}, {labels: {alertname: Fast}}], expect: [{rule: slow, runbook: fix, with: {host: web-1}, started: true}, {no_match: true}]}
      - {at: 10m, alerts: [${WEB1}], expect: []}
`,
      ),
    ).toBe(""));

  test("an alert that fires again only after it was resolved, and late ones never", async () =>
    expect(
      await failuresOf(
        SLOW,
        `
  - name: again
    steps:
      - {at: 0s, alerts: [${WEB1}], expect_counts: {started: 1}}
      - {at: 5m, resolved: [${WEB1}], expect: []}
      - {at: 6m, alerts: [${WEB1}], expect_counts: {started: 1}}
      - {at: 7m, resolved: [${WEB1}, ${WEB2}], expect: [{ignored: resolved_without_firing}], expect_counts: {closed: 1}}
      - at: 8m
        alerts: [{labels: {alertname: Slow, instance: "web-1:9100"}, starts_at: 2026-01-01T00:00:30Z}]
        expect: [{ignored: late}]
`,
      ),
    ).toBe(""));

  test("what a rule that observes would have done", async () =>
    expect(
      await failuresOf(
        SLOW.replace("auto", "observe"),
        `
  - {name: observes, alerts: [${WEB1}], expect: [{rule: slow, observed: true, runbook: fix, with: {host: web-1}}]}
`,
      ),
    ).toBe(""));

  test("a host that is not in the inventory, and a label that is not there", async () =>
    expect(
      await failuresOf(
        SLOW.replace("'instance != \"\"'", "").replace(
          '"${{ alert.labels.instance }}"',
          '"${{ alert.labels.?instance }}"',
        ),
        `
  - {name: host, alerts: [{labels: {alertname: Slow, instance: db-1}}], expect: [{rule: slow, refused: plan_failed}]}
  - {name: label, alerts: [{labels: {alertname: Slow}}], expect: [{rule: slow, refused: missing_label}]}
`,
      ),
    ).toBe(""));

  test("annotations, values, sources and deliveries of two peers", async () =>
    expect(
      await failuresOf(
        `
rules:
  - name: loud
    mode: observe
    source: grafana
    matchers: ['alertname = "Loud"']
    if: has(alert.values.B) && alert.values.B > 0.8 && alert.annotations.?summary.orValue("") == "very"
    continue: true
`,
        `
  - name: fits
    alerts: [{labels: {alertname: Loud}, annotations: {summary: very}, values: {B: 0.9}, source: grafana, count: 2}]
    expect: [{rule: loud, observed: true}]
  - name: does not fit
    alerts:
      - {labels: {alertname: Loud}, annotations: {summary: very}, values: {B: 0.7}, source: grafana}
      - {labels: {alertname: Loud, other: "1"}, annotations: {summary: very}, values: {B: 0.9}}
    expect: [{no_match: true}, {no_match: true}]
`,
      ),
    ).toBe(""));
});

describe("time", () => {
  const COOL = `${SLOW}    guards: {cooldown: 10m}\n`;

  test("what is delayed starts when its time has come, without a delivery", async () =>
    expect(
      await failuresOf(
        COOL,
        `
  - name: later
    runs: {fix: {takes: 2m}}
    steps:
      - {at: 0s, alerts: [${WEB1}], expect: [{rule: slow}]}
      - {at: 3m, resolved: [${WEB1}]}
      - {at: 4m, alerts: [${WEB1}], expect: [{rule: slow, delayed: cooldown}]}
      - {at: 11m59s, expect: []}
      - {at: 12m, expect: [{rule: slow, runbook: fix}], expect_runs: [{status: succeeded}, {status: running}]}
      - {at: 14m, expect_runs: [{rule: slow, runbook: fix, status: succeeded}, {status: succeeded}]}
`,
      ),
    ).toBe(""));

  test("a start that comes too late asks the source, as the service does", async () => {
    const late = `
  - name: late
    steps:
      - {at: 0s, alerts: [${WEB1}], expect: [{rule: slow}]}
      - {at: 1m, resolved: [${WEB1}]}
      - {at: 2m, alerts: [${WEB1}], expect: [{rule: slow, delayed: cooldown}]}
      - {at: 1h, expect: [EXPECTED]}
`;
    const rules = COOL.replace("10m", "30m");
    expect(await failuresOf(rules, late.replace("EXPECTED", "{rule: slow, refused: expired}"))).toBe("");
    const withApi = HEAD.replace(
      "hosts: [hosts.yml]",
      "hosts: [hosts.yml], sources: [{name: alertmanager, kind: alertmanager, api: {urls: ['http://am:9093']}}]",
    );
    expect(await failuresOf(rules, late.replace("EXPECTED", "{rule: slow}"), withApi)).toBe("");
  });

  test("a run is judged by what became of its alert", async () =>
    expect(
      await failuresOf(
        `${SLOW}    verify: {resolved_within: 10m, stable_for: 5m}\n`,
        `
  - name: fixed
    steps:
      - {at: 0s, alerts: [${WEB1}]}
      - {at: 3m, resolved: [${WEB1}], expect_runs: [{outcome: null}]}
      - {at: 20m, expect_runs: [{outcome: fixed}]}
  - name: it went on firing
    steps:
      - {at: 0s, alerts: [${WEB1}]}
      - {at: 9m, alerts: [${WEB1}]}
      - {at: 20m, expect_runs: [{outcome: no_effect}]}
`,
      ),
    ).toBe(""));

  test("a run that failed", async () =>
    expect(
      await failuresOf(
        SLOW,
        `
  - {name: failed, runs: {fix: {takes: 0s, ends: failed}}, alerts: [${WEB1}], expect_runs: [{status: failed}]}
`,
      ),
    ).toBe(""));
});

describe("guards", () => {
  const guarded = (guards: string) => `${SLOW}    guards: ${guards}\n`;

  test("rate_limit", async () =>
    expect(
      await failuresOf(
        guarded("{rate_limit: {max: 1, per: 1h}}"),
        `
  - name: one an hour
    alerts: [{labels: {alertname: Slow, instance: "web-{1..2}"}}]
    expect: [{rule: slow}, {rule: slow, delayed: rate_limit}]
`,
      ),
    ).toBe(""));

  test("locks and concurrency put a start in line, and it starts when they are free", async () =>
    expect(
      await failuresOf(
        guarded('{locks: ["pool:web"]}'),
        `
  - name: one after the other
    runs: {fix: {takes: 5m}}
    steps:
      - at: 0s
        alerts: [{labels: {alertname: Slow, instance: "web-{1..2}"}}]
        expect: [{rule: slow}, {rule: slow, queued: lock}]
        expect_runs: [{status: running}, {status: queued}]
      - {at: 5m, expect_runs: [{status: succeeded}, {status: running}]}
      - {at: 10m, expect_runs: [{status: succeeded}, {status: succeeded}]}
`,
      ),
    ).toBe(""));

  test("breaker", async () =>
    expect(
      await failuresOf(
        guarded("{breaker: {failures: 2, within: 2h, reset_after: 12h}}"),
        `
  - name: opens after two failures
    runs: {fix: {ends: failed}}
    steps:
      - {at: 0s, alerts: [${WEB1}], expect: [{rule: slow}]}
      - {at: 1m, alerts: [${WEB2}], expect: [{rule: slow}]}
      - {at: 2m, resolved: [${WEB1}]}
      - {at: 3m, alerts: [${WEB1}], expect: [{rule: slow, refused: breaker}]}
`,
      ),
    ).toBe(""));

  test("active", async () =>
    expect(
      await failuresOf(
        guarded("{active: [office-hours]}"),
        `
  - {name: in the night, now: 2026-11-23T03:00:00Z, alerts: [${WEB1}], expect: [{rule: slow, delayed: inactive}]}
  - {name: at noon, now: 2026-11-23T12:00:00Z, alerts: [${WEB1}], expect: [{rule: slow}]}
`,
        HEAD.replace(
          "settings: {",
          'settings: {time_intervals: [{name: office-hours, time_intervals: [{weekdays: ["monday:friday"], times: [{start_time: "07:00", end_time: "20:00"}]}]}], ',
        ),
      ),
    ).toBe(""));

  test("asserts ask the Prometheus of the test", async () => {
    const files = {
      "rules.yml": SLOW.replace("runbook: fix", "runbook: careful"),
      "runbooks/careful.yml": `name: careful
inputs: {host: {type: host}}
target: \${{ inputs.host }}
asserts: [{name: peers, prometheus: 'sum(up)', expect: value >= 2.0, message: Too few are left.}]
steps: [{id: restart, command: [systemctl, restart, web]}]
`,
      "a.test.yml": `${HEAD}tests:
  - {name: enough, prometheus: {"sum(up)": 3}, alerts: [${WEB1}], expect: [{rule: slow}], expect_runs: [{status: succeeded}]}
  - name: too few
    prometheus: {"sum(up)": 1}
    alerts: [${WEB1}]
    expect: [{rule: slow}, {rule: slow, refused: assert}]
    expect_runs: [{status: cancelled}]
  - {name: in a runbook test, runbook: careful, with: {host: web-1}, prometheus: {"sum(up)": 1}, expect_status: cancelled}
`,
    };
    expect((await runTests(files)).stdout).toMatch(/^3 passed, 0 failed/);
  });

  test("a person is asked first", async () =>
    expect(
      await failuresOf(
        SLOW.replace("auto", "approve"),
        `
  - {name: asks, alerts: [${WEB1}], expect: [{rule: slow, waiting_person: true, runbook: fix}]}
`,
      ),
    ).toBe(""));

  test("a member of a group joins the run of the group", async () =>
    expect(
      await failuresOf(
        SLOW,
        `
  - name: joins
    runs: {fix: {takes: 5m}}
    alerts:
      - {labels: {alertname: Slow, instance: web-1, path: /a}}
      - {labels: {alertname: Slow, instance: web-1, path: /b}}
    expect: [{rule: slow}, {joined: slow}]
`,
      ),
    ).toBe(""));
});
