// Which fields a form shows, and what the service asks for: the same, for the same values.
import { describe, expect, test } from "vitest";
import { inputShape } from "../../src/runbooks/input-shapes.ts";
import { bindInputs } from "../../src/runbooks/inputs.ts";
import { compileRunbook } from "../../src/runbooks/load.ts";
import { shownOf } from "../../src/ui/pieces/form/conditions.ts";
import { emptyValues, sentInputs, type Values } from "../../src/ui/pieces/form/values.ts";
import type { Host, Input } from "../../src/ui/api/types.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";

const HOSTS = inventoryOf(`
defaults: {user: x, key: {file: /dev/null}, known_hosts: /dev/null}
hosts:
  - {name: web-1, address: 192.0.2.1, labels: {role: web, env: prod}}
  - {name: web-2, address: 192.0.2.2, labels: {role: web, env: test}}
`);
const KNOWN: ReadonlyMap<string, Host> = new Map(
  HOSTS.hosts.map(({ name, address, labels }) => [
    name,
    { name, address, labels, automation: "on" as const, hold: null },
  ]),
);

/** What the form shows, and what the service takes, of an input `last` with this condition. */
async function judged(inputs: string, condition: string, values: Values) {
  const runbook = compileRunbook(
    `name: x\ninputs:\n${inputs}\n  last: {type: string, required: false, show_if: '${condition}'}\nsteps: [{id: a, target: local, effect: read, command: ["true"]}]\n`,
    "x.yml",
  );
  const shapes = [...runbook.inputs.values()].map((input) => inputShape(input) as unknown as Input);
  const filled = { ...emptyValues(shapes), ...values, last: "given" };
  const shown = shownOf(shapes)(filled, KNOWN);
  const all = new Set(shapes.map(({ name }) => name));
  const bound = bindInputs(runbook, await sentInputs(shapes, filled, all), HOSTS);
  const refused = bound.ok ? [] : bound.errors.map(({ pointer, code }) => `${pointer} ${code}`);
  return { isShown: shown.has("last"), refused };
}

describe("an input is shown where the service takes it", () => {
  test.each<[string, string, string, Values, boolean]>([
    ["a text", "  a: {type: string}", 'inputs.a == "x"', { a: "x" }, true],
    ["another text", "  a: {type: string}", 'inputs.a == "x"', { a: "y" }, false],
    ["a part of a text", "  a: {type: string}", 'inputs.a.startsWith("re")', { a: "restart" }, true],
    ["a pattern", "  a: {type: string}", 're2(inputs.a, "^[0-9]+$")', { a: "12a" }, false],
    ["a default", "  a: {type: string, default: x}", 'inputs.a == "x"', { a: "" }, true],
    ["a whole number", "  a: {type: integer}", "inputs.a > 3", { a: "4" }, true],
    ["a small one", "  a: {type: integer}", "inputs.a > 3", { a: "3" }, false],
    ["a number", "  a: {type: number}", "inputs.a >= 2.0", { a: "2" }, true],
    ["no number", "  a: {type: number}", "inputs.a >= 2.0", { a: "1.5" }, false],
    ["a yes", "  a: {type: boolean}", "inputs.a", { a: true }, true],
    ["a no", "  a: {type: boolean}", "inputs.a", { a: false }, false],
    ["a choice", "  a: {type: choice, options: [x, y]}", 'inputs.a in ["y"]', { a: "y" }, true],
    ["some of many", "  a: {type: multi_choice, options: [x, y]}", '"y" in inputs.a', { a: ["x"] }, false],
    [
      "how many",
      "  a: {type: multi_choice, options: [x, y]}",
      "size(inputs.a) == 2",
      { a: ["x", "y"] },
      true,
    ],
    ["a duration", "  a: {type: duration}", 'inputs.a > duration("5m")', { a: "301s" }, true],
    ["a short one", "  a: {type: duration}", 'inputs.a > duration("5m")', { a: "5m" }, false],
    ["a day", "  a: {type: date}", 'inputs.a > "2026-01-01"', { a: "2026-11-23" }, true],
    [
      "a moment",
      "  a: {type: datetime}",
      'inputs.a > timestamp("2026-01-01T00:00:00Z")',
      { a: "2025-06-01T00:00:00" },
      false,
    ],
    ["a label of a host", "  a: {type: host}", 'inputs.a.labels["env"] == "prod"', { a: "web-1" }, true],
    ["another host", "  a: {type: host}", 'inputs.a.labels["env"] == "prod"', { a: "web-2" }, false],
    ["some hosts", "  a: {type: hosts}", "size(inputs.a) > 1", { a: ["web-1", "web-2"] }, true],
    [
      "one of them",
      "  a: {type: hosts}",
      'inputs.a.exists(h, h.labels["env"] == "prod")',
      { a: ["web-2"] },
      false,
    ],
    ["what is not given", "  a: {type: string, required: false}", "has(inputs.a)", { a: "" }, false],
    ["what is given", "  a: {type: string, required: false}", "has(inputs.a)", { a: "x" }, true],
  ])("%s", async (_name, inputs, condition, values, isShown) => {
    expect(await judged(inputs, condition, values)).toEqual({
      isShown,
      refused: isShown ? [] : ["/last not-shown"],
    });
  });

  test("one that the service cannot judge yet is shown, too", async () => {
    const { isShown, refused } = await judged("  a: {type: integer}", "inputs.a > 3", { a: "" });
    expect(isShown).toBe(true);
    expect(refused).toContain("/a required");
  });

  test("a choice from a file is seen with its label; what only the service has of it shows the field", () => {
    const choice = {
      name: "zone",
      type: "choice",
      title: null,
      help: null,
      placeholder: null,
      required: true,
      default: null,
      show_if: null,
      options: [{ value: "eu", label: "Europe" }],
      options_from: "zones.csv",
    } as const;
    const last = (condition: string): Input => ({
      ...choice,
      name: "last",
      type: "string",
      show_if: condition,
    });
    const isShown = (condition: string) =>
      shownOf([choice, last(condition)])({ zone: "eu", last: "" }, new Map()).has("last");
    expect(isShown('inputs.zone.label == "Europe"')).toBe(true);
    expect(isShown('inputs.zone.value == "us"')).toBe(false);
    expect(isShown('inputs.zone.row.tier == "one"')).toBe(true);
    expect(isShown("this is no expression")).toBe(true);
  });

  test("what stands behind one that does not apply is judged by its default, as the service does", async () => {
    const inputs = "  a: {type: boolean}\n  b: {type: string, default: x, show_if: inputs.a}";
    expect(await judged(inputs, 'inputs.b == "x"', { a: false, b: "" })).toEqual({
      isShown: true,
      refused: [],
    });
  });
});
