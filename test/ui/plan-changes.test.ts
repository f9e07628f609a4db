// What a form says of a plan that has changed since somebody looked at it.
import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/ui/api/types.ts";
import { planChanges } from "../../src/ui/pieces/plan/changes.ts";

type Step = Plan["steps"][number];

function step(id: string, parts: Partial<Step> = {}): Step {
  return {
    id,
    name: null,
    verb: "command",
    effect: "read",
    host: "web-1",
    if: null,
    preview: null,
    action: "command uptime",
    ...parts,
  };
}

function plan(parts: Partial<Plan> = {}): Plan {
  return {
    runbook: "x",
    digest: "1",
    inputs: {},
    hosts: ["web-1"],
    steps: [step("look")],
    on_failure: [],
    finally: [],
    confirm: null,
    approval: null,
    guards: null,
    expected_duration: null,
    ...parts,
  };
}

describe("what has changed", () => {
  test.each<[string, Partial<Plan>, readonly string[]]>([
    ["a host more", { hosts: ["web-1", "web-2"] }, ["New host: web-2"]],
    ["a host less", { hosts: [] }, ["No longer: host web-1"]],
    ["an input", { inputs: { word: "b" } }, ['Input word is now "b"']],
    [
      "what a step does",
      { steps: [step("look", { action: "command df", effect: "change" })] },
      ["Step look is now: command df (before: command uptime); now of effect: change (before: read)"],
    ],
    ["a step more", { finally: [step("tell")] }, ["Step tell is new: command uptime"]],
    ["a step less", { steps: [] }, ["Step look is gone"]],
    ["a preview", { steps: [step("look", { preview: "id" })] }, ["Step look is now with another preview"]],
    [
      "a condition",
      { steps: [step("look", { if: "true" })] },
      ["Step look is now under the condition: true (before: nothing)"],
    ],
    [
      "nothing that is seen",
      {},
      ["The text of the runbook or of its hosts was changed; the steps are the same."],
    ],
  ])("%s", (_name, parts, lines) => {
    expect(planChanges(plan(), plan(parts))).toEqual(lines);
  });

  test("the same of each item of a loop is said once, and a long list is cut", () => {
    const steps = (action: string) =>
      Array.from({ length: 5 }, (_, index) => step(`roll/web-${index}/restart`, { action }));
    expect(planChanges(plan({ steps: steps("a") }), plan({ steps: steps("b") }))).toEqual([
      "Each of roll/web-0/restart, roll/web-1/restart, roll/web-2/restart and 2 more is now: b (before: a)",
    ]);
    const hosts = Array.from({ length: 100 }, (_, index) => `web-${index + 2}`);
    const lines = planChanges(plan(), plan({ hosts }));
    expect([lines.length, lines.at(-1)]).toEqual([21, "and 81 more"]);
  });
});
