// Where a put may take its content from, and what becomes of that when the step is rendered.
import { describe, expect, test } from "vitest";
import { compileRunbook, RunbookError } from "../../src/runbooks/load.ts";
import { renderStep } from "../../src/runbooks/render.ts";
import { allSteps } from "../../src/runbooks/runbook.ts";

const HEAD = `name: x
owner: team-web
secrets: [TLS_KEY]
inputs:
  key: {type: secret}
  bundle: {type: file}
  motd: {type: string}
  note: {type: string, required: false}
  port: {type: integer}
`;

function load(put: string, more = "") {
  return compileRunbook(`${HEAD}steps:\n  - put: ${put}\n${more}`, "x.yml");
}

function problemsOf(put: string, more = ""): readonly string[] {
  try {
    load(put, more);
    return [];
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    return error.problems.map(({ code, message }) => `${code}: ${message}`);
  }
}

function render(put: string, variables: Readonly<Record<string, unknown>>) {
  const runbook = load(put);
  const [step] = allSteps(runbook);
  if (step === undefined) throw new Error("no step");
  return renderStep(runbook, step, variables).action.spec;
}

const TO = "to: /etc/motd";

describe("where the content comes from", () => {
  const inputs = {
    key: "s3cret",
    bundle: { name: "a", size: 1, path: "/data/runs/r1/inputs/bundle" },
    motd: "hi",
    port: 80,
  };

  test.each([
    [`{from: {text: "port \${{ inputs.port }}"}, ${TO}}`, { kind: "text", text: "port 80" }],
    [`{from: {text: "\${{ inputs.key }}"}, ${TO}}`, { kind: "text", text: "s3cret" }],
    [`{from: {input: key}, ${TO}}`, { kind: "text", text: "s3cret" }],
    [`{from: {input: motd}, ${TO}}`, { kind: "text", text: "hi" }],
    [`{from: {input: bundle}, ${TO}}`, { kind: "file", path: "/data/runs/r1/inputs/bundle" }],
    [`{from: {secret: TLS_KEY}, ${TO}}`, { kind: "text", text: "-----BEGIN" }],
    [`{from: {text: "a \${{ secrets.TLS_KEY }}"}, ${TO}}`, { kind: "text", text: "a -----BEGIN" }],
    [`{from: {text: ""}, ${TO}}`, { kind: "text", text: "" }],
  ])("%s", (put, from) => {
    expect(render(put, { inputs, secrets: { TLS_KEY: "-----BEGIN" } })).toMatchObject({
      from,
      to: "/etc/motd",
    });
  });

  test("a value in the path stays part of it, a secret has no place there", () => {
    const put = `{from: {text: x}, to: "/etc/\${{ inputs.motd }}.conf"}`;
    expect(render(put, { inputs })).toMatchObject({ to: "/etc/hi.conf" });
    expect(problemsOf(`{from: {text: x}, to: "/etc/\${{ inputs.key }}"}`)[0]).toContain("secret-not-here");
  });

  test("an input that holds nothing is an error when the step is rendered", () => {
    expect(() => render(`{from: {input: motd}, ${TO}}`, { inputs: {} })).toThrow(
      'input "motd" holds nothing',
    );
  });
});

describe("what is refused", () => {
  test.each([
    [`{${TO}}`, '"from" is required'],
    [`{from: {}, ${TO}}`, "from is one of: text, input, secret"],
    [`{from: {text: x, input: motd}, ${TO}}`, "from is one of: text, input, secret"],
    [`{from: {input: modt}, ${TO}}`, 'unknown-input: there is no input "modt"; did you mean "motd"?'],
    [`{from: {input: port}, ${TO}}`, 'not-content: input "port" is a integer'],
    [`{from: {input: note}, ${TO}}`, 'may-be-missing: input "note" may be left out'],
    [`{from: {secret: OTHER}, ${TO}}`, "OTHER"],
    ["{from: {text: x}, to: etc/motd}", "a path is absolute"],
    ["{from: {text: x}, to: /etc/../motd}", "a path has no .. in it"],
    [`{from: {text: x}, ${TO}, mode: 0640}`, "write the mode in quotes"],
    [`{from: {text: x}, ${TO}, mode: "4755"}`, "three octal digits"],
    [`{from: {text: x}, ${TO}, mode: "u+x"}`, "three octal digits"],
    [`{from: {text: x}, ${TO}, owner: "-R"}`, "an owner is a user, or user:group"],
    [`{from: {text: x}, ${TO}, owner: "\${{ inputs.motd }}"}`, "an owner is a user, or user:group"],
  ])("%s", (put, message) => {
    expect(problemsOf(put).join("\n")).toContain(message);
  });

  test("env has no meaning for it; become and target have", () => {
    expect(problemsOf(`{from: {text: x}, ${TO}}`, "    env: {A: b}\n").join()).toContain("not-for-this-verb");
    expect(problemsOf(`{from: {text: x}, ${TO}}`, "    become: true\n    target: web-1\n")).toEqual([]);
  });
});
