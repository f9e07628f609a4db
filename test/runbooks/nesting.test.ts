// Steps that are made of other steps: how they are read, and what they come to in a plan.
import { describe, expect, test } from "vitest";
import { makePlan } from "../../src/runbooks/plan.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";
import { problemsOf, runbookOf } from "./runbook-text.ts";

const inventory = inventoryOf(`
hosts:
  - {name: web-1, address: 10.0.0.1, labels: {role: web}}
  - {name: web-2, address: 10.0.0.2, labels: {role: web}}
  - {name: lb, address: 10.0.0.9}
`);
const INPUTS = "{servers: {type: hosts, in: 'role = \"web\"'}}";
const ROLL = `
- id: roll
  for_each:
    in: inputs.servers
    as: server
    max_parallel: 50%
    max_failures: 2
    steps:
      - {id: out, target: lb, command: [drain, "\${{ server.name }}"]}
      - {id: restart, target: "\${{ server }}", command: [restart]}
    finally:
      - {id: back, target: lb, command: [undrain, "\${{ server.name }}"]}
- id: look
  targets: \${{ inputs.servers }}
  effect: read
  command: [uptime]
- id: count
  if: steps.roll.items.exists(i, i.status == "failed")
  target: local
  command: ["true"]
`;

describe("for_each and targets", () => {
  const runbook = runbookOf(ROLL, INPUTS);

  test("are planned for each item, and what they change is locked", () => {
    const planning = makePlan(runbook, { servers: ["web-2", "web-1"] }, { inventory, runbooks: new Map() });
    if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
    expect(planning.plan.items).toEqual({ roll: ["web-2", "web-1"], look: ["web-2", "web-1"] });
    expect(planning.plan.targets).toEqual({
      "roll/web-2/out": "lb",
      "roll/web-2/restart": "web-2",
      "roll/web-2/back": "lb",
      "roll/web-1/out": "lb",
      "roll/web-1/restart": "web-1",
      "roll/web-1/back": "lb",
      "look/web-2/look": "web-2",
      "look/web-1/look": "web-1",
      count: "local",
    });
    expect(planning.plan.changes).toEqual(["lb", "local", "web-1", "web-2"]);
  });

  test("have the effect of the steps inside", () => {
    expect(runbook.steps.map((step) => [step.id, step.verb, step.effect])).toEqual([
      ["roll", "for_each", "change"],
      ["look", "for_each", "read"],
      ["count", "command", "change"],
    ]);
  });

  test.each([
    ["for_each: {in: inputs.nobody, steps: [{command: [x]}]}", 'there is no input "nobody"'],
    ["for_each: {in: inputs.one, steps: [{command: [x]}]}", "a list is needed"],
    ["for_each: {in: inputs.servers, as: steps, steps: [{command: [x]}]}", "means something else here"],
    ['{targets: "${{ inputs.servers }}", wait: 1s}', '"targets" does nothing in a step with "wait"'],
    ['for_each: {in: inputs.servers, steps: [{id: a, command: [x], target: "${{ nobody }}"}]}', "nobody"],
    ["for_each: {in: inputs.servers, steps: [{id: a, retries: 3, approve: {}}]}", "approve"],
    [
      "for_each: {in: inputs.servers, steps: [{command: [x]}]}\n  retries: 3",
      "the steps inside have their own",
    ],
  ])("%s is refused", (step, message) => {
    const problems = problemsOf(`- ${step}\n`, "{servers: {type: hosts}, one: {type: string}}");
    expect(problems.map((problem) => problem.message).join("\n")).toContain(message);
  });

  test("an id means one step, also inside of others", () => {
    const text =
      "- {id: a, command: [x], target: local}\n- for_each: {in: inputs.servers, steps: [{id: a, command: [x], target: local}]}\n";
    expect(problemsOf(text, "{servers: {type: hosts}}").map((problem) => problem.code)).toEqual([
      "repeated-name",
    ]);
  });
});

describe("a called runbook", () => {
  const child = runbookOf(
    "- {id: restart, target: '${{ inputs.host }}', command: [restart]}",
    "{host: {type: host}, note: {type: string, default: none}}",
    'result: {restarted: "${{ steps.restart.status }}"}',
    "child",
  );
  const call = (more = "") =>
    runbookOf(
      `- {id: sub, runbook: {name: child, with: {host: "\${{ inputs.host }}"${more}}}}\n- {id: say, if: steps.sub.result.restarted == "succeeded", wait: 1s}`,
      "{host: {type: host}}",
    );
  const sources = { inventory, runbooks: new Map([["child", child]]) };

  test("is bound and resolved with the plan that calls it", () => {
    const planning = makePlan(call(), { host: "web-1" }, sources);
    if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
    expect(planning.plan.calls).toEqual({
      sub: {
        runbook: { name: "child", digest: child.digest },
        inputs: { host: "web-1", note: "none" },
        hostInputs: ["host"],
      },
    });
    expect(planning.plan.targets).toEqual({ "sub/restart": "web-1" });
    expect(planning.plan.changes).toEqual(["web-1"]);
  });

  test("that is not there, or gets what it does not take, is no plan", () => {
    const missing = makePlan(call(), { host: "web-1" }, { inventory, runbooks: new Map() });
    expect(missing.ok ? [] : missing.errors).toMatchObject([
      { pointer: "/steps/sub", code: "unknown-runbook" },
    ]);
    const wrong = makePlan(call(", colour: red"), { host: "web-1" }, sources);
    expect(wrong.ok ? [] : wrong.errors).toMatchObject([{ pointer: "/steps/sub", code: "unknown-input" }]);
  });

  test("never calls itself, and is at most four deep", () => {
    const loop = runbookOf("- {id: again, runbook: {name: loop}}", "{}", "", "loop");
    const planning = makePlan(loop, {}, { inventory, runbooks: new Map([["loop", loop]]) });
    expect(planning.ok ? [] : planning.errors).toMatchObject([{ code: "calls-too-deep" }]);
    const chain = new Map(
      ["a", "b", "c", "d", "e"].map((name, index, names) => {
        const next = names[index + 1];
        const step = next === undefined ? "- {id: x, wait: 1s}" : `- {id: x, runbook: {name: ${next}}}`;
        return [name, runbookOf(step, "{}", "", name)] as const;
      }),
    );
    const [first] = chain.values();
    if (first === undefined) throw new Error("no runbook");
    const deep = makePlan(first, {}, { inventory, runbooks: chain });
    expect(deep.ok ? [] : deep.errors).toMatchObject([{ pointer: "/steps/x/x/x/x", code: "calls-too-deep" }]);
  });
});
