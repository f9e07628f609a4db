// The runbooks of a running service, and what one of them would do: by the API and by the command line, with and without a server.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { CommandOutput } from "../../src/cli/output.ts";
import { runbookListCommand, runbookPlanCommand, runbookShowCommand } from "../../src/cli/runbook.ts";
import { runbookPlanOfflineCommand } from "../../src/cli/runbook-plan-offline.ts";
import { createServiceFolder, PROGRAM_FOLDER, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RENEW = `name: renew
title: Renew a certificate
owner: team-web
tags: [web, self-service]
description: |
  Puts a new certificate in place.
inputs:
  servers: {type: hosts, in: 'role = "web"', title: Where}
  zone: {type: choice, options_from: {file: ../data/zones.csv, value: name, label: title}}
  grace: {type: duration, default: 5m}
  token: {type: secret}
  cert: {type: file, max_size: 2MiB}
guards: {concurrency: 1, rate_limit: {max: 3, per: 1h}}
steps:
  - {id: look, name: Look around, target: web-1, effect: read, command: [uptime]}
  - {id: renew, if: size(inputs.servers) > 1, target: web-1, env: {TOKEN: "\${{ inputs.token }}"}, run: renew}
`;
const FILES = {
  "hosts.yml":
    "hosts:\n  - {name: web-1, address: 10.0.0.1, labels: {role: web}}\n  - {name: web-2, address: 10.0.0.2, labels: {role: web}}\n  - {name: db-1, address: 10.0.0.3}\n",
  "runbooks/renew.yml": RENEW,
  "runbooks/nothing.yml":
    'name: nothing\nsteps: [{id: nothing, target: local, effect: read, command: ["true"]}]\n',
  "rules/all.yml": "rules:\n  - {name: act, mode: auto, matchers: ['alertname = \"X\"'], runbook: nothing}\n",
  "schedules.yml": 'schedules: [{name: nightly, cron: "0 3 * * *", runbook: nothing}]\n',
  "data/zones.csv": "name,title\neu,Europe\nus,America\n",
};

interface Service {
  readonly app: App;
  readonly at: ServiceFolder;
}

async function start(more: Readonly<Record<string, string>> = {}): Promise<Service> {
  const at = createServiceFolder({ ...FILES, ...more });
  onTestFinished(() => at.remove());
  const app = await startService(at);
  onTestFinished(() => app.stop());
  return { app, at };
}

const CERT = { name: "web.pem", base64: Buffer.from("certificate").toString("base64") };
const GOOD_INPUTS = { servers: ["web-2", "web-1"], zone: "eu", token: "hunter2-hunter2", cert: CERT };

async function get(
  { app }: Service,
  path: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${app.url}/api/v1${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function plan({ app }: Service, name: string, body: unknown) {
  const response = await fetch(`${app.url}/api/v1/runbooks/${name}/plan`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
}

describe("the API", () => {
  test("lists runbooks by name, page by page, with what they ask for", async () => {
    const service = await start();
    const { body } = await get(service, "/runbooks");
    expect(body).toMatchObject({ items: [{ name: "nothing", inputs: [] }, { name: "renew" }], next: null });
    expect((body["items"] as object[])[1]).toMatchObject({
      title: "Renew a certificate",
      owner: "team-web",
      tags: ["web", "self-service"],
      description: "Puts a new certificate in place.\n",
      inputs: [
        { name: "servers", type: "hosts", title: "Where", required: true, min_count: 1 },
        {
          name: "zone",
          type: "choice",
          options: [{ value: "eu", label: "Europe" }, { value: "us" }],
          options_from: "../data/zones.csv",
        },
        { name: "grace", type: "duration", default: "5m" },
        { name: "token", type: "secret" },
        { name: "cert", type: "file", max_size: 2 * 1024 * 1024 },
      ],
    });
    const first = await get(service, "/runbooks?limit=1");
    expect(first.body).toMatchObject({ items: [{ name: "nothing" }], next: "nothing" });
    const second = await get(service, "/runbooks?limit=1&after=nothing");
    expect(second.body).toMatchObject({ items: [{ name: "renew" }], next: null });
    expect((await get(service, "/runbooks?after=zzz")).body).toEqual({ items: [], next: null });
  });

  test("shows one runbook with its text and the schema of its inputs", async () => {
    const service = await start();
    const { body } = await get(service, "/runbooks/renew");
    expect(body).toMatchObject({
      source: RENEW,
      steps: [
        { id: "look", name: "Look around", verb: "command", effect: "read" },
        { id: "renew", name: null, verb: "run", effect: "change" },
      ],
      inputs_schema: { required: ["servers", "zone", "token", "cert"], additionalProperties: false },
    });
    expect((await get(service, "/runbooks/absent")).status).toBe(404);
    expect((await get(service, "/runbooks/__proto__")).status).toBe(404);
  });

  test("says who may start it, how it went last, and what starts it", async () => {
    const service = await start();
    const get1 = async () => (await get(service, "/runbooks/nothing")).body;
    const last = { may_run: [], may_start: true, last_run: null, expected_duration: null };
    expect(await get1()).toMatchObject({ ...last, started_by: { rules: ["act"], schedules: ["nightly"] } });
    const run = async (body: object) => {
      const started = await fetch(`${service.app.url}/api/v1/runbooks/nothing/runs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(started.status).toBe(202);
      const { id } = (await started.json()) as { id: string };
      await waitFor("the end of the run", async () => {
        const { body: after } = await get(service, `/runs/${id}`);
        return after["status"] === "succeeded" ? after : null;
      });
      return id;
    };
    const [, , newest] = [await run({}), await run({}), await run({})];
    await run({ dry_run: true });
    const [nothing, renew] = (await get(service, "/runbooks")).body["items"] as Record<string, unknown>[];
    expect(nothing).toMatchObject({
      last_run: { id: newest, status: "succeeded", outcome: null, finished_at: expect.any(String) },
      last_30_days: { runs: { succeeded: 3, failed: 0 }, success_rate: null, complete: true },
    });
    expect(renew).toMatchObject({ last_run: null, last_30_days: { runs: { succeeded: 0 } } });
    expect((await get1())["expected_duration"]).toMatchObject({ runs: 3 });
  });

  test("plans: what would run where, and what the guards say; nothing is stored", async () => {
    const service = await start();
    const planned = await plan(service, "renew", { inputs: GOOD_INPUTS });
    expect(planned.status).toBe(200);
    expect(planned.body).toMatchObject({
      runbook: "renew",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: {
        servers: ["web-2", "web-1"],
        zone: "eu",
        grace: 300_000,
        token: expect.stringMatching(/^hmac-sha256:/),
        cert: { name: "web.pem", size: 11 },
      },
      hosts: ["web-1", "web-2"],
      steps: [
        {
          id: "look",
          verb: "command",
          effect: "read",
          host: "web-1",
          if: null,
          name: "Look around",
          action: "command uptime",
        },
        {
          id: "renew",
          effect: "change",
          host: "web-1",
          if: "size(inputs.servers) > 1",
          action: "script of 1 line with sh",
        },
      ],
    });
    const guards = planned.body["guards"] as { guard: string; verdict: string }[];
    expect(guards.map(({ guard, verdict }) => `${guard} ${verdict}`)).toEqual(
      expect.arrayContaining(["concurrency passes", "rate_limit passes"]),
    );
    expect(planned.text).not.toContain("hunter2");
    for (const table of ["run", "run_input", "run_lock"] as const)
      expect(await service.app.store.reader.selectFrom(table).selectAll().execute()).toEqual([]);
  });

  test("tells apart what always happens, what follows a failure, and what comes last", async () => {
    const service = await start({
      "runbooks/sections.yml": `name: sections
inputs: {words: {type: multi_choice, options: [a, b]}}
target: local
steps:
  - id: each
    for_each:
      in: inputs.words
      as: word
      steps: [{id: say, effect: read, command: [echo, "\${{ word }}"]}]
      on_failure: [{id: undo, command: [echo, undo, "\${{ word }}"]}]
on_failure: [{id: tell, effect: read, command: [echo, failed]}]
finally:
  - id: last
    for_each: {in: inputs.words, as: word, steps: [{id: tidy, command: [echo, tidy, "\${{ word }}"]}]}
`,
    });
    const { body } = await plan(service, "sections", { inputs: { words: ["a", "b"] } });
    const actionsOf = (section: string) =>
      (body[section] as { id: string; action: string }[]).map(({ id, action }) => `${id}: ${action}`);
    expect(actionsOf("steps")).toEqual([
      "each: for each of words, as word",
      "each/a/say: command echo a",
      "each/b/say: command echo b",
    ]);
    expect(actionsOf("on_failure")).toEqual([
      "each/a/undo: command echo undo a",
      "each/b/undo: command echo undo b",
      "tell: command echo failed",
    ]);
    expect(actionsOf("finally")).toEqual([
      "last: for each of words, as word",
      "last/a/tidy: command echo tidy a",
      "last/b/tidy: command echo tidy b",
    ]);
    const shown = (await get(service, "/runbooks/sections")).body;
    expect([shown["on_failure"], shown["finally"]]).toMatchObject([[{ id: "tell" }], [{ id: "last" }]]);
  });

  test("the same inputs in other words have the same digest, other secrets another one", async () => {
    const service = await start();
    const digestOf = async (more: object) =>
      (await plan(service, "renew", { inputs: { ...GOOD_INPUTS, ...more } })).body["digest"];
    const digest = await digestOf({});
    expect(await digestOf({ grace: "300s", servers: ["10.0.0.2:9100", "web-1", "web-2"] })).toBe(digest);
    expect(await digestOf({ token: "hunter3-hunter3" })).not.toBe(digest);
  });

  test("says a pause that holds the runbook", async () => {
    const service = await start();
    await fetch(`${service.app.url}/api/v1/pauses`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "deploy", scope: "runbook:renew", reason: "we deploy", for: "2h" }),
    });
    const { body } = await plan(service, "renew", { inputs: GOOD_INPUTS });
    expect(body["guards"]).toContainEqual(
      expect.objectContaining({ guard: "paused", verdict: "delays", retry_at: expect.any(String) }),
    );
  });

  test("refuses wrong inputs with a pointer each, and never repeats a secret", async () => {
    const service = await start();
    const wrong = {
      servers: ["web-1", "db-1", "web-9"],
      zone: "asia",
      grace: 5,
      token: "hunter2\n",
      cert: { name: "../web.pem", base64: "x" },
      colour: "red",
    };
    const { status, body, text } = await plan(service, "renew", { inputs: wrong });
    expect(status).toBe(422);
    const errors = body["errors"] as { pointer: string; code: string }[];
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      "/inputs/colour unknown-input",
      "/inputs/servers/1 host-not-allowed",
      "/inputs/servers/2 unknown-host",
      "/inputs/zone not-an-option",
      "/inputs/grace wrong-type",
      "/inputs/token control-character",
      "/inputs/cert wrong-type",
    ]);
    expect(text).not.toContain("hunter2");
    expect((await plan(service, "renew", { inputs: [] })).status).toBe(422);
    expect((await plan(service, "renew", { input: {} })).status).toBe(422);
    expect((await plan(service, "absent", { inputs: {} })).status).toBe(404);
  });

  test("takes a file as large as the runbook allows, and says when it is larger", async () => {
    const service = await start();
    const upload = (bytes: number) => ({ ...CERT, base64: Buffer.alloc(bytes, 7).toString("base64") });
    const fits = await plan(service, "renew", { inputs: { ...GOOD_INPUTS, cert: upload(2 * 1024 * 1024) } });
    expect(fits.status).toBe(200);
    const large = await plan(service, "renew", {
      inputs: { ...GOOD_INPUTS, cert: upload(2 * 1024 * 1024 + 1) },
    });
    expect([large.status, large.body["errors"]]).toMatchObject([
      422,
      [{ pointer: "/inputs/cert", code: "too-long" }],
    ]);
    const huge = await plan(service, "renew", { inputs: { ...GOOD_INPUTS, cert: upload(13 * 1024 * 1024) } });
    expect([huge.status, huge.body["detail"]]).toEqual([
      413,
      "a body of this API has at most 16777216 bytes",
    ]);
  });
});

async function written(command: (output: CommandOutput) => Promise<number>) {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => ({ write: (text: string) => (texts[name] += text) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...texts };
}

describe("nightshift runbook", () => {
  const NONE = { inputs: [] as string[], inputFiles: [] as string[] };

  /** Flags that give the good inputs, with files in the folder. */
  function flagsOf({ at }: Service) {
    writeFileSync(join(at.folder, "token"), "hunter2-hunter2\n");
    writeFileSync(join(at.folder, "web.pem"), "certificate");
    return {
      inputs: ["servers=web-2", "servers=web-1", "zone=eu"],
      inputFiles: [`token=${join(at.folder, "token")}`, `cert=${join(at.folder, "web.pem")}`],
    };
  }

  test("list and show", async () => {
    const service = await start();
    const at = { server: service.app.url, format: "text" as const };
    const list = await written((output) => runbookListCommand({ ...at, limit: 50 }, output));
    expect(list).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: `NAME     TITLE                OWNER     TAGS              INPUTS
nothing  nothing
renew    Renew a certificate  team-web  web,self-service  servers,zone,grace,token,cert
`,
    });
    const shown = await written((output) => runbookShowCommand("renew", at, output));
    expect(shown.stdout).toContain(`INPUT    TYPE      NEEDED  DEFAULT  TITLE
servers  hosts     yes              Where
zone     choice    yes
grace    duration  no      "5m"
token    secret    yes
cert     file      yes
`);
    expect(await written((output) => runbookShowCommand("absent", at, output))).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "nightshift: Not found: there is no runbook absent\n",
    });
  });

  test("plan prints what the API plans", async () => {
    const service = await start();
    const at = { server: service.app.url, ...flagsOf(service) };
    const text = await written((output) => runbookPlanCommand("renew", { ...at, format: "text" }, output));
    expect([text.exitCode, text.stderr]).toEqual([0, ""]);
    expect(text.stdout).toContain(`STEP   VERB     EFFECT  HOST   IF                        NAME
look   command  read    web-1                            Look around
renew  run      change  web-1  size(inputs.servers) > 1
`);
    expect(text.stdout).not.toContain("hunter2");
    const json = await written((output) => runbookPlanCommand("renew", { ...at, format: "json" }, output));
    const byApi = await plan(service, "renew", { inputs: GOOD_INPUTS });
    expect(JSON.parse(json.stdout)).toEqual(byApi.body);
  });

  test("plan without a server says the same but for guards and the seal of secrets", async () => {
    const service = await start();
    const options = { ...flagsOf(service), configFile: service.at.configFile, format: "json" as const };
    const offline = await written((output) =>
      runbookPlanOfflineCommand("renew", options, PROGRAM_FOLDER, output),
    );
    const { body } = await plan(service, "renew", { inputs: GOOD_INPUTS });
    expect(offline.stderr).toBe("");
    expect(JSON.parse(offline.stdout)).toEqual({
      ...body,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: { ...(body["inputs"] as object), token: "secret" },
      guards: null,
    });
    const wrong = { ...options, inputs: ["zone=asia"], inputFiles: [] };
    expect(
      await written((output) => runbookPlanOfflineCommand("renew", wrong, PROGRAM_FOLDER, output)),
    ).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `nightshift: Invalid inputs: the runbook cannot run with these inputs
  /inputs/servers: a value is needed: Where
  /inputs/zone: the value must be one of: eu, us
  /inputs/token: a value is needed
  /inputs/cert: a value is needed
`,
    });
    const absent = await written((output) =>
      runbookPlanOfflineCommand("absent", options, PROGRAM_FOLDER, output),
    );
    expect(absent).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("there are: nothing, renew"),
    });
  });

  test.each([
    [{ inputs: ["token=hunter2"] }, /"token" is a secret, and everybody .* write --input-file token=PATH/],
    [{ inputs: ["cert=web.pem"] }, /"cert" is a file; write --input-file cert=PATH/],
    [{ inputs: ["zone=eu", "zone=us"] }, /"zone" is given twice, and is no list/],
    [{ inputs: ["zone"] }, /--input takes name=value, not "zone"/],
    [{ inputs: ["=x"] }, /--input takes name=value/],
    [{ inputFiles: ["cert=/nonexistent/web.pem"] }, /\/nonexistent\/web\.pem cannot be read/],
  ])("%j is refused before anything is sent", async (more, message) => {
    const service = await start();
    const flags = { server: service.app.url, format: "text" as const, ...NONE, ...more };
    const result = await written((output) => runbookPlanCommand("renew", flags, output));
    expect([result.exitCode, result.stdout]).toEqual([2, ""]);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain("hunter2");
  });

  test("an @ in a value is an @: no file is read by it", async () => {
    const service = await start();
    const flags = {
      server: service.app.url,
      format: "text" as const,
      ...NONE,
      inputs: ["zone=@/etc/passwd"],
    };
    const { exitCode, stderr } = await written((output) => runbookPlanCommand("renew", flags, output));
    expect(exitCode).toBe(2);
    expect(stderr).toContain("/inputs/zone: the value must be one of: eu, us");
    expect(stderr).not.toContain("root:");
  });

  test("as a command of its own, with a secret from standard input", async () => {
    const service = await start();
    const { inputs, inputFiles } = flagsOf(service);
    const args = [
      "runbook",
      "plan",
      "renew",
      "--server",
      service.app.url,
      "-o",
      "json",
      ...inputs.flatMap((each) => ["--input", each]),
      "--input-file",
      inputFiles[1] ?? "",
      "--input-file",
      "token=-",
    ];
    const running = promisify(execFile)(process.execPath, [join(PROGRAM_FOLDER, "src/main.ts"), ...args]);
    running.child.stdin?.end("hunter2-hunter2\n");
    const { stdout } = await running;
    const { body } = await plan(service, "renew", { inputs: GOOD_INPUTS });
    expect(JSON.parse(stdout)).toEqual(body);
  });
});
