// A dry run reads and says what it would do: whatever leads to a step that does more, it is not carried out.
import { describe, expect, test } from "vitest";
import { readRun, type RunJson } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { startServer } from "../outbound/http-server.ts";
import { notesOf, type Scenario, settings, startScenario, stepsOf } from "./engine-fixture.ts";

async function dryRun(
  files: Readonly<Record<string, string>>,
  inputs: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly scenario: Scenario; readonly run: RunJson }> {
  const scenario = await startScenario(files);
  const id = await startDryRun(scenario, "act", inputs);
  const over = async () => {
    const run = await readRun(scenario.app.url, id);
    return ["queued", "running"].includes(run.status) ? null : run;
  };
  return { scenario, run: await waitFor("the end of the dry run", over) };
}

async function startDryRun(
  { app }: Scenario,
  name: string,
  inputs: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const response = await fetch(`${app.url}/api/v1/runbooks/${name}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs, dry_run: true }),
  });
  const run = (await response.json()) as { id: string; dry_run: boolean };
  expect([response.status, run]).toMatchObject([202, { dry_run: true }]);
  return run.id;
}

async function logOf({ app }: Scenario, run: RunJson, step: string): Promise<string> {
  const path = await logPath(app.url, run, step);
  return (await fetch(`${app.url}/api/v1/runs/${run.id}/artifacts/${path}`)).text();
}

async function logPath(url: string, run: RunJson, step: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/runs/${run.id}/artifacts?limit=200`);
  const { items } = (await answer.json()) as { items: { path: string; step: string }[] };
  return items.find((item) => item.step === step && item.path.endsWith("stdout.log"))?.path ?? "none";
}

test("steps that read run, a change says what it would do, and its preview shows more", async () => {
  const { scenario, run } = await dryRun(
    {
      "runbooks/act.yml": `
name: act
target: local
inputs: {unit: {type: string}}
steps:
  - {id: look, effect: read, command: [echo, "4.5"], outputs: {load: double(stdout.trim())}}
  - id: restart
    if: steps.look.outputs.load > 4.0
    env: {UNIT: "\${{ inputs.unit }}"}
    command: [touch, FOLDER/changed, "\${{ inputs.unit }}"]
    preview: |
      echo "would stop $UNIT"
      echo seen >> FOLDER/notes
  - {id: after, effect: read, run: 'echo after >> FOLDER/notes'}
summary: restarted \${{ steps.restart.status }}
`,
    },
    { unit: "nginx.service" },
  );
  expect(run).toMatchObject({
    status: "succeeded",
    dry_run: true,
    outcome: null,
    summary: "restarted skipped",
  });
  expect(stepsOf(run)).toEqual({ look: "succeeded", restart: "skipped", after: "succeeded" });
  expect(run.steps[1]?.message).toBe("dry run: it was not carried out; its log says what it would do");
  expect(notesOf(scenario)).toEqual(["seen", "after"]);
  expect(await logOf(scenario, run, "restart")).toBe(`dry run: nothing is changed
would run this command on local:
  ["touch","${scenario.at.folder}/changed","nginx.service"]
with:
  UNIT=nginx.service

preview:
would stop nginx.service
`);
});

/** Each verb as a step that does more than read, and a piece of what it says instead. PORT: a server that counts requests. */
const LEFT_OUT: readonly (readonly [verb: string, step: string, says: string])[] = [
  ["run", "{run: echo run >> FOLDER/notes, retries: 2}", "would run this script with sh on local:"],
  ["run that destroys", "{run: echo run >> FOLDER/notes, effect: destructive}", "would run this script"],
  [
    "command",
    "{command: [touch, FOLDER/notes], on_interrupt: retry}",
    'would run this command on local:\n  ["touch"',
  ],
  ["put", "{put: {from: {text: new}, to: FOLDER/notes}}", "would write FOLDER/notes on local"],
  ["put that says it reads", "{put: {from: {text: new}, to: FOLDER/notes}, effect: read}", "would write"],
  [
    "http",
    '{http: {method: POST, url: "http://127.0.0.1:PORT/x", json: {a: 1}}}',
    "POST http://127.0.0.1:PORT/x",
  ],
  [
    "http GET that changes",
    '{http: {url: "http://127.0.0.1:PORT/x"}, effect: change}',
    "GET http://127.0.0.1:PORT/x",
  ],
  ["notify", "{notify: {to: hook, title: T, text: somebody}}", "would tell hook:\n  T\n  somebody"],
  ["approve", "{approve: {from: [everyone], timeout: 1h, message: go on}}", "would "],
  [
    "silence",
    '{silence: {source: grafana, matchers: ["instance = \\"web-1\\""], for: 5m}}',
    'would silence at grafana, for 5m at most:\n  instance="web-1"',
  ],
  [
    "annotate",
    "{annotate: {source: grafana, text: restarted, tags: [a, b]}}",
    "would mark at grafana with the tags a, b:\n  restarted",
  ],
  [
    "collect that changes",
    "{collect: {commands: [[touch, FOLDER/notes]]}, effect: change}",
    "would gather on local:",
  ],
  ["prometheus that changes", '{prometheus: {query: "up"}, effect: change}', "would ask Prometheus:\n  up"],
  ["wait that changes", "{wait: 1h, effect: change}", "would wait 1h"],
];

/** Every way that leads to a step. STEP stands for it; the last one is its id in the run. */
const WAYS: readonly (readonly [way: string, runbook: string, id: string])[] = [
  ["steps", "steps:\n  - STEP", "x"],
  [
    "for_each",
    "steps:\n  - id: all\n    for_each:\n      in: inputs.parts\n      as: part\n      steps:\n        - STEP",
    "all/b/x",
  ],
  [
    "what follows a failed item",
    "steps:\n  - id: all\n    for_each:\n      in: inputs.parts\n      as: part\n      steps: [{id: bad, effect: read, run: exit 1}]\n      on_failure:\n        - STEP",
    "all/a/x",
  ],
  ["a called runbook", "steps:\n  - {id: call, runbook: {name: called}}", "call/x"],
  ["on_failure", "steps: [{id: bad, effect: read, run: exit 1}]\non_failure:\n  - STEP", "x"],
  ["finally", "steps: [{id: good, effect: read, run: exit 0}]\nfinally:\n  - STEP", "x"],
];

describe("nothing is carried out that does more than read", () => {
  test.each(WAYS)("on the way of %s", { timeout: 60_000 }, async (_, way, id) => {
    const server = await startServer((response) => response.end("{}"));
    const fill = (text: string) => text.replaceAll("PORT", String(server.port));
    const scenario = await startScenario({
      "nightshift.yml": `notifiers: [{name: hook, webhook: {url: "${server.url}/hook"}}]\nnotify: [{to: hook, events: [failed, interrupted]}]\nsources: [{name: grafana, kind: grafana, api: {urls: ["${server.url}"], token: {file: FOLDER/grafana-token}}}]\n`,
      "grafana-token": "token-of-grafana",
      "hosts.yml": "hosts: [{name: local, writable: [/**], readable: [/**]}]\n",
      ...Object.fromEntries(
        LEFT_OUT.flatMap(([, step], index) => {
          const inside = fill(step).replace("{", `{id: x, preview: "ls FOLDER", `);
          const isRead =
            step.includes("effect: read") ||
            /^.(notify|annotate|approve)/.test(step) ||
            step.startsWith("{wait: 1h}");
          const whole = isRead ? inside.replace(' preview: "ls FOLDER",', "") : inside;
          const body = way.replace("STEP", whole);
          const inputs =
            "inputs: {parts: {type: multi_choice, options: [a, b], default: [a, b]}}\ntarget: local\n";
          const called = `name: called-${index}\ntarget: local\nsteps:\n  - ${whole}\n`;
          return [
            [
              `runbooks/act-${index}.yml`,
              `name: act-${index}\n${inputs}${body.replace("name: called", `name: called-${index}`)}\n`,
            ],
            [`runbooks/called-${index}.yml`, called],
          ];
        }),
      ),
    });
    const ids: string[] = [];
    for (const index of LEFT_OUT.keys()) ids.push(await startDryRun(scenario, `act-${index}`));
    for (const [index, [verb, , says]] of LEFT_OUT.entries()) {
      const run = await waitFor(`the end of ${verb}`, async () => {
        const found = await readRun(scenario.app.url, ids[index] ?? "");
        return ["queued", "running"].includes(found.status) ? null : found;
      });
      expect([verb, stepsOf(run)[id]]).toEqual([verb, "skipped"]);
      const said = fill(says).replaceAll("FOLDER", scenario.at.folder);
      expect(await logOf(scenario, run, id)).toContain(said);
    }
    expect(notesOf(scenario)).toEqual([]);
    // A source is asked how its alerts are.
    expect(server.seen.filter(({ method, url }) => method !== "GET" || url === "/x")).toEqual([]);
    const rows = await scenario.app.store.reader
      .selectFrom("run")
      .select(["change_started_at", "change_ended_at", "outcome"])
      .execute();
    expect(rows.every((row) => row.change_ended_at === null && row.outcome === null)).toBe(true);
    expect(await scenario.app.store.reader.selectFrom("run_host").selectAll().execute()).toEqual([]);
  });
});

describe("what a dry run cannot know", () => {
  test("a step that needs what a change would have given is left out, and says what it needs", async () => {
    const { run } = await dryRun({
      "runbooks/act.yml": `
name: act
target: local
steps:
  - {id: make, command: [echo, made], outputs: {word: stdout.trim()}}
  - {id: use, effect: read, command: [echo, "\${{ steps.make.outputs.word }}"], outputs: {twice: stdout.trim()}}
  - {id: again, env: {WORD: "\${{ steps.use.outputs.twice }}"}, run: exit 1}
  - {id: judged, if: steps.make.outputs.word == "made", effect: read, run: exit 1}
  - {id: careful, effect: read, command: [echo, "\${{ steps.make.outputs.?word.orValue('nothing') }}"], outputs: {said: stdout.trim()}}
  - {id: told, if: steps.make.status == "succeeded", effect: read, run: exit 1}
  - {id: last, if: steps.make.status == "skipped", effect: read, run: exit 0}
result: {word: "\${{ steps.make.outputs.word }}"}
summary: \${{ steps.careful.?outputs.said.orValue("") }}
`,
    });
    expect(run).toMatchObject({ status: "succeeded", summary: "nothing", result: null });
    expect(stepsOf(run)).toEqual({
      make: "skipped",
      use: "skipped",
      again: "skipped",
      judged: "skipped",
      careful: "succeeded",
      told: "skipped",
      last: "succeeded",
    });
    const messages = Object.fromEntries(run.steps.map((step) => [step.id, step.message]));
    expect(messages["use"]).toBe(
      "dry run: it needs steps.make.outputs.word, which only a run that carries out step make has",
    );
    expect(messages["again"]).toContain("steps.use.outputs.twice");
    expect(messages["judged"]).toContain("steps.make.outputs.word");
    expect(messages["told"]).toBe('if: steps.make.status == "succeeded" was false');
  });

  test("the result of a called runbook that a change would have given is not known, and what needs it is left out", async () => {
    const { run } = await dryRun({
      "runbooks/act.yml": `
name: act
steps:
  - {id: call, runbook: {name: called}}
  - {id: use, effect: read, command: [echo, "\${{ steps.call.result.word }}"]}
`,
      "runbooks/called.yml": `
name: called
target: local
steps:
  - {id: make, command: [echo, made], outputs: {word: stdout.trim()}}
result: {word: "\${{ steps.make.outputs.word }}"}
`,
    });
    expect(run.status).toBe("succeeded");
    expect(stepsOf(run)).toEqual({ call: "skipped", "call/make": "skipped", use: "skipped" });
    expect(run.steps[0]?.message).toContain("dry run: its result is not known");
  });
});

describe("previews", () => {
  const previewOf = (preview: string, more = "") =>
    dryRun({
      "runbooks/act.yml": `
name: act
target: local
steps:
  - {id: change, effect: destructive, run: echo changed >> FOLDER/notes, preview: '${preview}'${more}}
finally:
  - {id: last, effect: read, run: exit 0}
`,
    });

  test("one that fails fails its step", async () => {
    const { scenario, run } = await previewOf("echo looked >> FOLDER/notes; exit 3", ", retries: 5");
    expect(run).toMatchObject({ status: "failed", failed_step: "change" });
    expect(run.steps[0]).toMatchObject({ status: "failed", attempts: 1, exit_code: 3 });
    expect(run.steps[0]?.message).toBe("its preview exited with 3");
    expect(notesOf(scenario)).toEqual(["looked"]);
  });

  test("one has the time limit of its step", async () => {
    const { run } = await previewOf("sleep 60", ", timeout: 1s");
    expect(run).toMatchObject({ status: "failed", failed_step: "change" });
    expect(run.steps[0]).toMatchObject({ status: "timed_out", message: "its preview took longer than 1s" });
    expect(stepsOf(run)["last"]).toBe("succeeded");
  });

  test("the shell of a step is that of its preview", async () => {
    const { scenario, run } = await dryRun({
      "runbooks/act.yml": `
name: act
target: local
steps:
  - {id: change, shell: python3, run: "raise SystemExit(1)", preview: "print(6 * 7)"}
`,
    });
    expect(run.status).toBe("succeeded");
    expect(await logOf(scenario, run, "change")).toMatch(/would run this script with python3[^]*\n42\n$/);
  });
});

test("no secret is in what a step would do: neither one of the settings nor one of a person", async () => {
  const { scenario, run } = await dryRun(
    {
      "nightshift.yml": `${settings("")}secrets: {TOKEN: {file: FOLDER/token}}\n`,
      token: "abcd",
      "hosts.yml": "hosts: [{name: local, writable: [/**], readable: [/**]}]\n",
      "runbooks/act.yml": `
name: act
target: local
secrets: [TOKEN]
inputs: {pin: {type: secret}}
steps:
  - id: call
    http: {method: POST, url: "http://127.0.0.1:1/x", headers: {Authorization: "Bearer \${{ secrets.TOKEN }}", X-Token: "\${{ secrets.TOKEN }}"}, body: "\${{ inputs.pin }}"}
  - id: change
    env: {T: "\${{ secrets.TOKEN }}", P: "\${{ inputs.pin }}"}
    run: echo changed
    preview: test "$T" = abcd && test "$P" = zqxw && echo both
  - {id: write, put: {from: {secret: TOKEN}, to: FOLDER/token}}
`,
    },
    { pin: "zqxw" },
  );
  expect(run.steps.map((step) => step.message)).toEqual(Array(3).fill(run.steps[0]?.message));
  expect(run.status).toBe("succeeded");
  const [call, change, write] = [
    await logOf(scenario, run, "call"),
    await logOf(scenario, run, "change"),
    await logOf(scenario, run, "write"),
  ];
  expect(call).toContain(
    "Authorization: Bearer [redacted:authorization]\n  X-Token: (secret-TOKEN)\n  \n  (secret-pin)\n",
  );
  expect(change).toContain("T=(secret-TOKEN)\n  P=(secret-pin)\n\npreview:\nboth\n");
  expect(write).toContain("the content has a secret in it, and is not shown\n");
  expect(write).not.toContain("abcd");
});

describe("a put shows how the file would change", () => {
  const put = async (readable: string, before: string | null) => {
    const { scenario, run } = await dryRun({
      ...(before === null ? {} : { "there/limits.conf": before }),
      "there/other": "",
      "hosts.yml": `hosts: [{name: local, writable: [/**], readable: [${readable}]}]\n`,
      "runbooks/act.yml": `
name: act
target: local
steps:
  - {id: write, put: {from: {text: "one\\ntwo\\n"}, to: FOLDER/there/limits.conf, mode: "0640", backup: true}}
`,
    });
    expect(stepsOf(run)).toEqual({ write: "skipped" });
    return (await logOf(scenario, run, "write"))
      .split("\n")
      .slice(1)
      .join("\n")
      .replaceAll(scenario.at.folder, "");
  };
  const HEAD = "would write /there/limits.conf on local: mode 0640, the old file kept beside it\n8 bytes";

  test.each([
    [
      "an other content",
      "/**",
      "one\nthree\n",
      `${HEAD}; it would change:\n@@ -1 +1 @@\n one\n-three\n+two\n`,
    ],
    ["the same content", "/**", "one\ntwo\n", `${HEAD}; the file has this content already\n`],
    ["no file", "/**", null, `${HEAD}; there is no such file now\n@@ -1 +1 @@\n+one\n+two\n`],
  ])("%s", async (_, readable, before, expected) => {
    expect(await put(readable, before)).toBe(expected);
  });

  test("not where the inventory makes it readable for nobody", async () => {
    const text = await put("/nowhere/**", "a password\n");
    expect(text).toMatch(/^would write .*\n8 bytes; not compared with what is there now: .+\n$/);
    expect(text).not.toContain("a password");
  });
});
