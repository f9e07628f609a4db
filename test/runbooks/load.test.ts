import { describe, expect, test } from "vitest";
import { compileRunbook, RunbookError } from "../../src/runbooks/load.ts";
import { problemsOf, runbookOf, stepOf } from "./runbook-text.ts";

describe("what a step does when it does not say so", () => {
  test.each([
    ["- run: uptime", "change", 300_000, "stop"],
    ["- {run: uptime, effect: read}", "read", 60_000, "retry"],
    ["- command: [uptime]", "change", 300_000, "stop"],
    ["- collect: {paths: [/var/log/*]}", "read", 60_000, "retry"],
    ["- prometheus: {query: up}", "read", 60_000, "retry"],
    ["- http: {url: 'http://web-1/'}", "read", 30_000, "retry"],
    ["- http: {url: 'http://web-1/', method: HEAD}", "read", 30_000, "retry"],
    ["- http: {url: 'http://web-1/', method: POST}", "change", 30_000, "stop"],
    ["- http: {url: 'http://web-1/', method: DELETE, timeout: 7s}", "change", 7_000, "stop"],
    ["- {http: {url: 'http://web-1/', timeout: 7s}, timeout: 3s}", "read", 3_000, "retry"],
    ["- wait: 5m", "read", 310_000, "retry"],
    ["- notify: {to: oncall, text: hello}", "read", 30_000, "retry"],
    [
      "- {command: [mkfs], effect: destructive, timeout: 1h, on_interrupt: retry}",
      "destructive",
      3_600_000,
      "retry",
    ],
  ])("%s", (text, effect, timeoutMs, onInterrupt) => {
    expect(stepOf(text)).toMatchObject({ effect, timeoutMs, onInterrupt });
  });

  test("read steps are tried again after any failure, change steps only when they did not start", () => {
    expect(stepOf("- {http: {url: 'http://web-1/'}, retries: 3}").retryOn).toEqual(["failed", "timed_out"]);
    expect(stepOf("- {command: [deploy], retries: 3}").retryOn).toEqual([]);
    expect(stepOf("- {command: [deploy], retries: 3, retry_on: [failed]}").retryOn).toEqual(["failed"]);
  });

  test.each([
    ["- collect: {paths: [/var/log/*]}", true],
    ["- {collect: {paths: [/var/log/*]}, critical: true}", false],
    ["- prometheus: {query: up}", true],
    ["- {prometheus: {query: up}, until: value > 0.0}", false],
    ["- {prometheus: {query: up}, fail_if: value == 0.0}", false],
    ["- {run: uptime, effect: read}", false],
  ])("%s gathers evidence, which cannot fail the run: %s", (text, isEvidence) => {
    expect(stepOf(text)).toMatchObject({ isEvidence, continueOnError: isEvidence });
  });

  test("a step without an id gets one from its verb or its list, and its place", () => {
    const { steps, onFailure } = runbookOf(
      "- wait: 1s\n- command: [uptime]",
      "{}",
      "on_failure: [{wait: 1s}]",
    );
    expect([...steps, ...onFailure].map((step) => step.id)).toEqual(["wait_1", "command_2", "on_failure_1"]);
  });

  test.each([
    ["true", "root"],
    ["app", "app"],
    ["false", null],
  ])("become: %s", (text, expected) => {
    expect(stepOf(`- {command: [id], become: ${text}}`).become).toBe(expected);
  });
});

describe("specs", () => {
  test.each([
    "{command: [a], timeout: 25d}",
    "{http: {url: 'http://a/', timeout: 1y}}",
    "{run: a, timeout: 0s}",
  ])("%s: no step takes longer than Node.js can wait, or no time at all", (step) => {
    const [problem] = problemsOf(`- ${step}`);
    expect(problem?.message).toMatch(/timeout: (a time limit is at most 24d|must be longer than 0)$/);
  });

  test.each([
    ["- run: |\n    a\n    b", { script: "a\nb\n", shell: "sh" }],
    ["- {run: print(1), shell: python3}", { script: "print(1)", shell: "python3" }],
    ["- command: [ls, -l, '']", ["ls", "-l", ""]],
    [
      "- collect: {paths: [/var/log/*], journal: {unit: ssh.service}, since: 2h, max_size: 1MiB, max_files: 5, on_too_big: skip}",
      {
        paths: ["/var/log/*"],
        journal: { unit: "ssh.service", sinceMs: 7_200_000 },
        commands: [],
        sinceMs: 7_200_000,
        fileBytesMax: 1_048_576,
        hostBytesMax: 524_288_000,
        isSensitive: false,
        filesMax: 5,
        onTooBig: "skip",
      },
    ],
    [
      "- http: {method: POST, url: 'http://web-1/', json: {a: [1, null]}}",
      {
        method: "POST",
        url: "http://web-1/",
        headers: {},
        payload: { kind: "json", json: { a: [1, null] } },
        bodyBytesMax: 1024 * 1024,
        saveAs: null,
      },
    ],
    [
      "- prometheus: {query: 'up{a=$a, b=~$b}', vars: {a: x, b: {regex_of: y, then: ':.*'}}, range: 1h, step: 15s, save_as: up}",
      {
        query: "up{a=$a, b=~$b}",
        // oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
        vars: { a: { kind: "text", value: "x" }, b: { kind: "regex_of", value: "y", then: ":.*" } },
        rangeMs: 3_600_000,
        compareBeforeMs: null,
        resolutionMs: 15_000,
        saveAs: "up",
        unit: null,
      },
    ],
    ["- {wait: {}, until: 'true'}", { durationMs: null }],
  ])("%s", (text, spec) => {
    expect(stepOf(text).spec).toEqual(spec);
  });
});

describe("expressions", () => {
  test.each([
    [
      "inputs by their types",
      "- {if: 'inputs.port > 1024 && inputs.deep && inputs.zone.startsWith(\"eu\")', target: local, command: [a]}",
    ],
    [
      "a host's parts",
      '- {if: inputs.host.labels.role == "web" && inputs.host.port == 22, target: local, command: [a]}',
    ],
    [
      "why the run was made",
      '- {if: run.trigger.kind == "alert" && run.cause.title != "", target: local, command: [a]}',
    ],
    [
      "a result of its own in until",
      '- {target: local, command: [a], until: exit_code == 0 && stdout.contains("ok")}',
    ],
    ["a query's value", "- {prometheus: {query: up}, until: value > 0.5}"],
    [
      "an answer's parts",
      '- {http: {url: "http://a/"}, until: \'response.status == 200 && response.headers["x"] == "y"\'}',
    ],
  ])("may use %s", (_, text) => {
    const inputs = "{host: {type: host}, port: {type: integer}, deep: {type: boolean}, zone: {type: string}}";
    expect(stepOf(text, inputs).verb).toBeTypeOf("string");
  });

  test.each([
    ["an input that may be left out, with ?.", '- {command: [a, "${{ inputs.?zone.orValue(\\"eu\\") }}"]}'],
    [
      "an input that may be left out, when the step's if asked for it",
      '- {if: has(inputs.zone), command: [a, "${{ inputs.zone }}"]}',
    ],
  ])("allow %s", (_, text) => {
    expect(stepOf(text, "{zone: {type: string, required: false}}").verb).toBe("command");
  });

  test("status may be read of any step, stdout of one that ran", () => {
    const steps = `
- {id: one, command: [a], continue_on_error: true}
- {id: two, if: steps.one.status == "failed" && steps.one.stdout == "", command: [b]}
- {id: three, if: steps.two.status == "skipped", command: [c]}`;
    expect(runbookOf(steps).steps).toHaveLength(3);
  });

  test("a finally step sees everything before it, also of on_failure", () => {
    const more = `
on_failure: [{id: tidy, command: [a]}]
finally: [{id: tell, if: steps.tidy.status == "succeeded" || steps.one.status == "failed", command: [b]}]`;
    expect(runbookOf("- {id: one, command: [a]}", "{}", more).finally).toHaveLength(1);
  });
});

describe("targets", () => {
  const inputs = "{host: {type: host}}";

  test("come from the step, else from the runbook, else are local", () => {
    const more = "target: ${{ inputs.host }}";
    const { steps } = runbookOf("- command: [a]\n- {command: [a], target: local}\n- wait: 1s", inputs, more);
    expect(steps.map((step) => step.target)).toEqual(["${{ inputs.host }}", "local", "local"]);
    expect(stepOf("- command: [a]").target).toBe("local");
  });
});

describe("a stored runbook", () => {
  test("compiles to the same digest", () => {
    const first = runbookOf("- wait: 1s");
    expect(compileRunbook(first.text, first.file).digest).toBe(first.digest);
  });

  test("that no longer compiles says everything that is wrong", () => {
    const text = "name: x\nsteps:\n  - comand: [a]\n  - {command: [a], timeout: soon}\n";
    expect(() => compileRunbook(text, "old.yml")).toThrow(RunbookError);
    expect(() => compileRunbook(text, "old.yml")).toThrow(/old\.yml:3:5.*old\.yml:4:29/s);
  });

  test.each([
    "",
    "- a",
    "42",
    "null",
    "name: x",
    "name: x\nsteps: 5\n",
    "steps: [[]]",
    "{name: x, steps: [{run: [a]}], inputs: [5]}",
    "\0",
    "a: b: c",
  ])("%j is no runbook", (text) => {
    expect(() => compileRunbook(text, "bad.yml")).toThrow(RunbookError);
  });
});
