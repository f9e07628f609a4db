// What would be done with an alert, by every rule and guard, and why; asking changes nothing.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { alertsOf, post, runsEnded, runsOf, type Scenario, startScenario } from "../engine/engine-fixture.ts";

const RULES = `
rules:
  - name: other-team
    mode: auto
    matchers: ['alertname = "Slow"', 'team = "db"']
    runbook: look
  - name: production
    mode: auto
    matchers: ['alertname = "Slow"']
    if: alert.labels.?env.orValue("") == "prod" && alert.starts_at < now
    runbook: look
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    group_by: [instance]
    runbook: look
    with: {who: "\${{ alert.labels.instance }}"}
    guards: {rate_limit: {max: 1, per: 1h}, cooldown: 30m}
  - {name: rest, mode: observe, matchers: []}
`;
const RUNBOOK = `
name: look
target: local
inputs: {who: {type: string, required: false, default: nobody}}
steps: [{id: look, command: [echo, "\${{ inputs.who }}"], effect: read}]
`;

const start = () => startScenario({ "rules/slow.yml": RULES, "runbooks/look.yml": RUNBOOK });

interface RuleJson {
  readonly rule: string;
  readonly verdict: string;
  readonly because: string;
  readonly guards: readonly { readonly guard: string; readonly verdict: string; readonly text: string }[];
}
interface ExplanationJson {
  readonly rules: readonly RuleJson[];
  readonly decisions: readonly { readonly kind: string; readonly reason: string | null }[];
  readonly runs: readonly Readonly<Record<string, unknown>>[];
}

async function ask({ app }: Scenario, body: unknown): Promise<Response> {
  return fetch(`${app.url}/api/v1/rules/explain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function explain(scenario: Scenario, body: unknown): Promise<ExplanationJson> {
  const response = await ask(scenario, body);
  expect(response.status).toBe(200);
  const { items } = (await response.json()) as { items: ExplanationJson[] };
  const [item] = items;
  if (item === undefined) throw new Error("nothing was explained");
  return item;
}

const SLOW = { alertname: "Slow", instance: "web-1" };

test("says of every rule what fits or what does not, with what it saw, and the plan", async () => {
  const scenario = await start();
  const { rules, decisions, runs } = await explain(scenario, { labels: SLOW });
  expect(rules.map(({ rule, verdict, because }) => `${rule}: ${verdict}: ${because}`)).toEqual([
    'other-team: no: team="db" does not fit: the alert has no label team',
    expect.stringMatching(/^production: no: if: .*env.* is false/),
    "slow: matches: everything of the rule fits",
    "rest: not_tried: rule slow takes the alert, so later rules are not tried",
  ]);
  expect(rules[2]?.guards).toEqual([
    { guard: "cooldown", verdict: "passes", text: "no run for this group yet", retry_at: null },
    { guard: "rate_limit", verdict: "passes", text: "0 of 1 starts of the rule within 1h", retry_at: null },
  ]);
  expect(decisions).toMatchObject([{ kind: "started", rule: "slow", reason: null }]);
  expect(runs).toMatchObject([
    {
      rule: "slow",
      runbook: "look",
      inputs: { who: "web-1" },
      steps: [{ id: "look", effect: "read", host: "local" }],
    },
  ]);
});

test("asking stores, counts and starts nothing", async () => {
  const scenario = await start();
  for (let time = 0; time < 3; time += 1) await explain(scenario, { labels: SLOW });
  expect(await alertsOf(scenario)).toEqual([]);
  expect(await runsOf(scenario)).toEqual([]);
  const { decisions } = await explain(scenario, { labels: SLOW });
  expect(decisions).toMatchObject([{ kind: "started" }]);
});

test("shows the guards as they stand, for an alert that was received and at another time", async () => {
  const scenario = await start();
  await post(scenario, { labels: SLOW });
  await runsEnded(scenario, 1);
  const [alert] = await alertsOf(scenario);
  const now = await explain(scenario, { alert: alert?.id });
  expect(now.decisions).toMatchObject([{ kind: "delayed", reason: "cooldown" }]);
  expect(now.rules[2]?.guards).toMatchObject([
    { guard: "cooldown", verdict: "delays" },
    { guard: "rate_limit", verdict: "delays" },
  ]);
  const at = new Date(Date.now() + 2 * 3_600_000).toISOString();
  const later = await explain(scenario, { alert: alert?.id, at });
  expect(later.decisions).toMatchObject([{ kind: "started" }]);
});

test("explains a webhook's body as its source would have it", async () => {
  const scenario = await start();
  const payload: unknown = JSON.parse(alertmanagerBody([{ labels: SLOW }]));
  const { decisions } = await explain(scenario, { payload, source: "alertmanager" });
  expect(decisions).toMatchObject([{ kind: "started", rule: "slow" }]);
});

test.each([
  [{}, ""],
  [{ labels: SLOW, alert: "x" }, "/alert"],
  [{ labels: {} }, "/labels"],
  [{ labels: SLOW, source: "nobody" }, "/source"],
  [{ labels: SLOW, at: "tomorrow" }, "/at"],
  [{ payload: { what: "ever" } }, "/payload"],
  [{ labels: SLOW, colour: "red" }, "/colour"],
])("refuses %j with a pointer to what is wrong", async (body, pointer) => {
  const scenario = await start();
  const response = await ask(scenario, body);
  expect(response.status).toBe(422);
  const { errors } = (await response.json()) as { errors: { pointer: string }[] };
  expect(errors.map((error) => error.pointer)).toContain(pointer);
});

test("an alert that nobody knows is 404", async () => {
  const scenario = await start();
  expect((await ask(scenario, { alert: "0190a3c4-0000-7000-8000-000000000000" })).status).toBe(404);
});

test("the command says it in words", async () => {
  const scenario = await start();
  const file = join(scenario.at.folder, "payload.json");
  writeFileSync(file, alertmanagerBody([{ labels: SLOW }]));
  const labels = Object.entries(SLOW).map(([name, value]) => `${name}=${value}`);
  for (const args of [labels, ["--file", file]]) {
    const argv = [join(PROGRAM_FOLDER, "src/main.ts"), "rule", "explain", ...args];
    const { stdout } = await promisify(execFile)(process.execPath, [...argv, "--server", scenario.app.url]);
    expect(stdout).toMatch(/2 +production +auto +no +if: /);
    expect(stdout).toContain("would be: started, by rule slow\n");
    expect(stdout).toContain('would run: look who="web-1"\n  look (read on local)\n');
  }
});
