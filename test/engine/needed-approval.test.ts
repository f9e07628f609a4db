// When a start needs people: what the runbook says, what the rule says, and what becomes of an alert whose start waits for them.
import { describe, expect, test } from "vitest";
import { neededApproval } from "../../src/engine/needed-approval.ts";
import { Inventory } from "../../src/hosts/inventory.ts";
import { makePlan } from "../../src/runbooks/plan.ts";
import type { TriggerKind } from "../../src/runs/records.ts";
import { runbookOf } from "../runbooks/runbook-text.ts";
import { decisionsOf, post, runsOf, startScenario } from "./engine-fixture.ts";

const STEPS = "- {id: act, command: [act], target: local}";
const INPUTS = "{env: {type: choice, options: [prod, test]}}";

function needed(approval: string, env: string, kind: TriggerKind, isAskedByRule = false): number | null {
  const runbook = runbookOf(STEPS, INPUTS, approval);
  const planning = makePlan(runbook, { env }, { inventory: new Inventory([]), runbooks: new Map() });
  if (!planning.ok) throw new Error("the plan failed");
  const trigger = { kind, principal: "user:dana" };
  return neededApproval(runbook, planning.plan, trigger, isAskedByRule)?.timeoutMs ?? null;
}

const HALF_HOUR = 1_800_000;

describe("whether people are asked before a start", () => {
  test.each<[string, string, TriggerKind, boolean, number | null]>([
    ["", "prod", "person", false, null],
    ["", "prod", "alert", true, HALF_HOUR],
    ["approval: {}", "prod", "alert", false, HALF_HOUR],
    ["approval: {timeout: 1m}", "prod", "schedule", false, 60_000],
    ["approval: {timeout: 1m}", "prod", "alert", true, 60_000],
    ['approval: {when: run.trigger.kind == "person"}', "prod", "person", false, HALF_HOUR],
    ['approval: {when: run.trigger.kind == "person"}', "prod", "alert", false, null],
    ['approval: {when: run.trigger.kind == "person"}', "prod", "alert", true, HALF_HOUR],
    ['approval: {when: inputs.env == "prod"}', "prod", "schedule", false, HALF_HOUR],
    ['approval: {when: inputs.env == "prod"}', "test", "schedule", false, null],
    ["approval: {when: int(inputs.env) == 1}", "test", "person", false, HALF_HOUR],
  ])("%s, env %s, by %s, asked by the rule %s", (approval, env, kind, isAskedByRule, expected) => {
    expect(needed(approval === "" ? "" : `${approval}\n`, env, kind, isAskedByRule)).toBe(expected);
  });
});

test("a rule in auto waits for people where its runbook says so", async () => {
  const scenario = await startScenario({
    "rules/go.yml": "rules: [{name: go, mode: auto, matchers: ['alertname = \"Go\"'], runbook: go}]",
    "runbooks/go.yml": 'name: go\napproval: {count: 2}\nsteps: [{id: go, command: ["true"], target: local}]',
  });
  await post(scenario, { labels: { alertname: "Go" } });
  expect(await decisionsOf(scenario)).toEqual(["waiting_person:go"]);
  expect((await runsOf(scenario)).map(({ status }) => status)).toEqual(["waiting_person"]);
  const row = await scenario.app.store.reader.selectFrom("approval").selectAll().executeTakeFirstOrThrow();
  expect([row.wanted, row.kind]).toEqual([2, "start"]);
});
