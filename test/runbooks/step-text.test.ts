// What people read of a step before it runs: the words, with what the inputs say.
import { expect, test } from "vitest";
import { compileRunbook } from "../../src/runbooks/load.ts";
import { stepText } from "../../src/runbooks/step-text.ts";

/** The words of the only step of a runbook, for these inputs. */
function wordsOf(step: string, inputs: Readonly<Record<string, unknown>> = {}): string {
  const runbook = compileRunbook(
    `name: x
target: local
inputs: {unit: {type: string}, word: {type: secret}}
steps:
  - ${step}
`,
    "x.yml",
  );
  const [first] = runbook.steps;
  if (first === undefined) throw new Error("there is no step");
  return stepText(first, runbook.templates, { inputs });
}

test.each([
  ['{id: a, command: [systemctl, restart, "${{ inputs.unit }}"]}', "command systemctl restart nginx"],
  ['{id: a, command: [echo, "a b", "it\'s"]}', "command echo 'a b' 'it'\\''s'"],
  ['{id: a, run: "true", become: root}', "script of 1 line with sh as root"],
  ['{id: a, shell: bash, run: "a\\nb\\n"}', "script of 2 lines with bash"],
  ["{id: a, wait: 90s}", "wait 1m30s"],
  ["{id: a, prometheus: {query: up}}", "ask Prometheus up"],
  ['{id: a, notify: {to: log, text: "${{ inputs.unit }} is slow"}}', "tell log: nginx is slow"],
  [
    '{id: a, collect: {paths: [/var/log/x], journal: {unit: "${{ inputs.unit }}"}, commands: [[df, -h]]}}',
    "gather /var/log/x, the journal of nginx, the output of df -h",
  ],
  ["{id: a, approve: {message: really}}", "ask those who may approve for the yes of 1: really"],
])("%s", (step, words) => {
  expect(wordsOf(step, { unit: "nginx" })).toBe(words);
});

test("what only the run will know stays as it is written, and so does a secret", () => {
  expect(wordsOf('{id: a, env: {W: "${{ inputs.word }}"}, command: [echo, "${{ run.id }}"]}')).toBe(
    "command echo '${{ run.id }}'",
  );
});

test("a long text is cut, on one line", () => {
  const words = wordsOf(`{id: a, command: [echo, "${"x\\n".repeat(2_000)}"]}`);
  expect(words.length).toBeLessThanOrEqual(501);
  expect(words).not.toContain("\n");
  expect(words).toMatch(/…$/);
});
