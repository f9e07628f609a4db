import { describe, expect, test } from "vitest";
import { renderStep, renderTemplates } from "../../src/runbooks/render.ts";
import { runbookOf } from "./runbook-text.ts";

const INPUTS = "{name: {type: string}, port: {type: integer}, deep: {type: boolean}, host: {type: host}}";
const inputs = {
  name: "a; $(id) `id` ${{ inputs.port }}",
  port: 8080,
  deep: true,
  host: { name: "web-1", address: "10.0.0.1", port: 22, user: "n", labels: new Map([["role", "web"]]) },
};

function render(step: string, variables: Record<string, unknown> = { inputs, steps: {}, run: {} }) {
  const runbook = runbookOf(step, INPUTS);
  const [first] = runbook.steps;
  if (first === undefined) throw new Error("no step");
  return renderStep(runbook, first, variables);
}

describe("rendering a step", () => {
  test("each argument stays one argument, and all of them are text", () => {
    const step =
      '- {target: local, command: [run, "${{ inputs.name }}", "${{ inputs.port }}", "--deep=${{ inputs.deep }}", "$HOME"]}';
    expect(render(step).action.spec).toEqual(["run", inputs.name, "8080", "--deep=true", "$HOME"]);
  });

  test("a value that looks like a template is not rendered again", () => {
    const rendered = render('- {target: local, env: {NAME: "${{ inputs.name }}"}, run: echo "$NAME"}');
    expect(rendered.env).toEqual({ NAME: inputs.name });
    expect(rendered.action.spec).toEqual({ script: 'echo "$NAME"', shell: "sh" });
  });

  test("values inside json keep their type, everything else of http is text", () => {
    const step =
      '- http: {method: POST, url: "http://${{ inputs.host.address }}:${{ inputs.port }}/", headers: {x-port: "${{ inputs.port }}"}, json: {port: "${{ inputs.port }}", all: ["${{ inputs.deep }}", "p${{ inputs.port }}", 5, null]}}';
    expect(render(step).action.spec).toEqual({
      method: "POST",
      url: "http://10.0.0.1:8080/",
      headers: { "x-port": "8080" },
      payload: { kind: "json", json: { port: 8080, all: [true, "p8080", 5, null] } },
      bodyBytesMax: 1024 * 1024,
      saveAs: null,
    });
  });

  test("a query is left alone, its variables are rendered", () => {
    const step =
      '- prometheus: {query: "up{instance=~$host}", vars: {host: {regex_of: "${{ inputs.host.name }}", then: ":.*"}}}';
    expect(render(step).action.spec).toMatchObject({
      query: "up{instance=~$host}",
      // oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
      vars: { host: { kind: "regex_of", value: "web-1", then: ":.*" } },
    });
  });

  test.each([
    [
      "a missing value",
      '- {target: local, command: [a, "x${{ inputs.name }}"]}',
      { inputs: {}, steps: {}, run: {} },
    ],
    [
      "a missing value alone",
      '- {target: local, command: [a, "${{ inputs.?name }}"]}',
      { inputs: {}, steps: {}, run: {} },
    ],
    ["an object", '- {target: local, command: [a, "${{ inputs.host.labels }}"]}', undefined],
  ])("%s where text is needed is an error, never an empty text", (_, step, variables) => {
    expect(() => render(step, variables)).toThrow(/missing|where text is needed/);
  });
});

test("a single expression keeps the type of its value where any value will do", () => {
  const runbook = runbookOf('- {target: "${{ inputs.host }}", command: [a]}', INPUTS);
  expect(renderTemplates("${{ inputs.host }}", runbook.templates, { inputs })).toMatchObject({
    name: "web-1",
  });
  expect(renderTemplates("plain", runbook.templates, { inputs })).toBe("plain");
});
