// Proves what the guards, asserts and approval of a runbook become when it is loaded.
import { expect, test } from "vitest";
import { allowedHosts, NO_GUARDS } from "../../src/runbooks/guards.ts";
import { renderText } from "../../src/runbooks/render.ts";
import { runbookOf } from "./runbook-text.ts";

const STEP = "- {id: restart, target: local, command: [reboot]}";

test("a runbook without guards has none, and waits half an hour for a person", () => {
  const runbook = runbookOf(STEP);
  expect(runbook.guards).toEqual({ ...NO_GUARDS, perUser: null });
  expect(runbook.asserts).toEqual([]);
  expect(runbook.approval).toBe(null);
});

test("its guards are those of rules, and per_user", () => {
  const runbook = runbookOf(
    STEP,
    "{}",
    `guards:
  rate_limit: {max: 10, per: 1h}
  per_user: {max: 2, per: 1d}
  concurrency: 5
  locks: [a, b]
  on_busy: refuse
  wait: 30s
  active: [office-hours]
  mute: [night]
  budget: {hosts: 'role = "web"', max: 2, within: 30m}
approval: {timeout: 5m}
`,
  );
  expect(runbook.guards).toMatchObject({
    rateLimit: { max: 10, perMs: 3_600_000 },
    perUser: { max: 2, perMs: 86_400_000 },
    concurrency: 5,
    locks: ["a", "b"],
    onBusy: "refuse",
    waitMs: 30_000,
    active: ["office-hours"],
    mute: ["night"],
    budget: { selector: 'role = "web"', max: { unit: "hosts", amount: 2 }, withinMs: 1_800_000 },
  });
  expect(runbook.guards.budget?.hosts[0]?.matches("web")).toBe(true);
  expect(runbook.approval).toEqual({ count: 1, timeoutMs: 300_000, thenAsk: null, when: null });
});

test.each([
  ["20%", 3, 0],
  ["20%", 9, 1],
  ["20%", 10, 2],
  ["100%", 3, 3],
  ["2", 3, 2],
])("a budget of %s of %i hosts allows %i", (max, count, expected) => {
  const { guards } = runbookOf(STEP, "{}", `guards: {budget: {hosts: a = b, max: ${max}, within: 1h}}\n`);
  if (guards.budget === null) throw new Error("the runbook has a budget");
  expect(allowedHosts(guards.budget, count)).toBe(expected);
});

test("an assert has a query as text or with variables, or none", () => {
  const { asserts, templates } = runbookOf(
    STEP,
    "{host: {type: host}, count: {type: integer, default: 1}}",
    `asserts:
  - {name: two remain, prometheus: sum(up) - 1, expect: value >= 2.0, before: [restart], message: Too few.}
  - name: it is up
    prometheus: {query: "up{instance=~$host}", vars: {host: {regex_of: "\${{ inputs.host.name }}", then: ":.*"}}}
    expect: value == 1.0
    message: Down.
  - {name: few, expect: inputs.count < 3, message: Too many.}
`,
  );
  expect(asserts).toMatchObject([
    { name: "two remain", prometheus: { query: "sum(up) - 1", vars: {} }, before: ["restart"] },
    { name: "it is up", before: [], message: "Down." },
    { name: "few", prometheus: null },
  ]);
  expect(asserts[0]?.expect.evaluate({ inputs: {}, value: 2 })).toBe(true);
  expect(asserts[0]?.expect.evaluate({ inputs: {}, value: 1 })).toBe(false);
  expect(asserts[2]?.expect.evaluate({ inputs: { count: 3 } })).toBe(false);
  const host = asserts[1]?.prometheus?.vars["host"];
  expect(renderText(templates, host?.value ?? "", { inputs: { host: { name: "web-1" } } })).toBe("web-1");
});
