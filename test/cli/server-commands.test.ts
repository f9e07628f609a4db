// What people type to a running service: against a real one, most of it without starting a process for each command.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { alertListCommand, alertShowCommand } from "../../src/cli/alert.ts";
import { type AlertSendFlags, alertSendCommand } from "../../src/cli/alert-send.ts";
import { approvalAnswerCommand, approvalListCommand } from "../../src/cli/approval.ts";
import { hostHoldCommand, hostListCommand, hostReleaseCommand } from "../../src/cli/host.ts";
import type { CommandOutput } from "../../src/cli/output.ts";
import { pauseAddCommand, pauseListCommand, pauseRemoveCommand } from "../../src/cli/pause.ts";
import { resetBreakerCommand } from "../../src/cli/reset-breaker.ts";
import { runCancelCommand, runListCommand, runViewCommand } from "../../src/cli/run.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { freePort } from "../support/child-service.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { itemsOf, pendingApproval, type Service, startControls } from "../http/controls-fixture.ts";

interface Written {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: (output: CommandOutput) => Promise<number>): Promise<Written> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...written };
}

const at = ({ app }: Service) => ({ server: app.url, format: "text" as const });
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;
const ID = String.raw`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`;
/** With one time for all, so that columns can be compared. */
const timeless = (text: string) => text.replaceAll(new RegExp(TIME, "g"), "2026-11-23T07:00:00Z");

const PAUSE = { scope: "all", reason: "we deploy", for: "2h", until: null };

describe("pause", () => {
  test("add, list, remove", async () => {
    const service = await startControls();
    const add = (name: string, more = {}) =>
      run((output) => pauseAddCommand(name, { ...at(service), ...PAUSE, ...more }, output));
    const list = (all: boolean) =>
      run((output) => pauseListCommand({ ...at(service), all, limit: 50 }, output));
    expect(await list(false)).toEqual({ exitCode: 0, stdout: "", stderr: "no pause is in force\n" });
    const added = await add("deploy");
    expect([added.exitCode, added.stderr]).toEqual([0, ""]);
    expect(timeless(added.stdout)).toBe("pause deploy (all) is in force until 2026-11-23T07:00:00Z\n");
    await add("web", { scope: 'hosts:role="web"', reason: "new\nswitch\u001b[31m" });
    expect(timeless((await list(false)).stdout)).toBe(
      `NAME    SCOPE             UNTIL                 BY          REASON
web     hosts:role="web"  2026-11-23T07:00:00Z  user:local  new\\nswitch\\u001b[31m
deploy  all               2026-11-23T07:00:00Z  user:local  we deploy
`,
    );
    const removed = await run((output) => pauseRemoveCommand("deploy", at(service), output));
    expect(removed).toEqual({ exitCode: 0, stdout: "pause deploy is removed\n", stderr: "" });
    expect((await list(true)).stdout).toMatch(/deploy +all .* removed by user:local at \S+ +we deploy\n$/);
  });

  test("says in one line what was not accepted, and at which place", async () => {
    const service = await startControls();
    const add = (more: object) =>
      run((output) => pauseAddCommand("deploy", { ...at(service), ...PAUSE, ...more }, output));
    expect(await add({ scope: "rule:acts", for: "2h" })).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "nightshift: Invalid body: one value cannot be used\n  /scope: there is no rule acts; did you mean act?\n",
    });
    expect((await add({ reason: "", for: "soon" })).stderr.split("\n").slice(0, 3)).toEqual([
      "nightshift: Invalid body: 2 values cannot be used",
      expect.stringMatching(/^ {2}\/reason: /),
      expect.stringMatching(/^ {2}\/for: .*90s, 5m or 1h30m/),
    ]);
    await add({});
    const again = await add({});
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      expect.stringMatching(/^nightshift: Name taken: .*remove it first/),
    ]);
    const unknown = await run((output) => pauseRemoveCommand("../x", at(service), output));
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      "nightshift: Not found: no pause named ../x is in force\n",
    ]);
  });

  test("gives programs the server's own JSON", async () => {
    const service = await startControls();
    const flags = { ...at(service), format: "json" as const };
    const added = await run((output) => pauseAddCommand("deploy", { ...flags, ...PAUSE }, output));
    const listed = await run((output) => pauseListCommand({ ...flags, all: false, limit: 50 }, output));
    expect(JSON.parse(listed.stdout)).toEqual({ items: [JSON.parse(added.stdout)], next: null });
    expect(await itemsOf(service, "/pauses")).toEqual([JSON.parse(added.stdout)]);
  });
});

test("host list, hold, release", async () => {
  const service = await startControls();
  const flags = { reason: "new disk", for: "1h", until: null };
  const hold = (name: string) => run((output) => hostHoldCommand(name, { ...at(service), ...flags }, output));
  expect(timeless((await hold("web-1")).stdout)).toBe("no rule changes web-1 until 2026-11-23T07:00:00Z\n");
  const listed = await run((output) => hostListCommand({ ...at(service), limit: 50 }, output));
  expect(timeless(listed.stdout)).toBe(
    `NAME   ADDRESS    AUTOMATION  HOLD                                                LABELS
local             on
web-1  192.0.2.1  on          until 2026-11-23T07:00:00Z by user:local: new disk  role=web,env=prod
web-2  192.0.2.2  off                                                             role=web
`,
  );
  const release = () => run((output) => hostReleaseCommand("web-1", at(service), output));
  expect(await release()).toEqual({ exitCode: 0, stdout: "web-1 is released\n", stderr: "" });
  expect((await release()).exitCode).toBe(1);
  const unknown = await hold("web-11");
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    1,
    'nightshift: Not found: "web-11" is not in the inventory; did you mean "web-1"?\n',
  ]);
});

test("rule reset-breaker", async () => {
  const service = await startControls();
  expect((await run((output) => resetBreakerCommand("act", at(service), output))).stdout).toBe(
    "the breaker of rule act was not open; earlier failures no longer count\n",
  );
  expect((await run((output) => resetBreakerCommand("nobody", at(service), output))).exitCode).toBe(1);
});

test("approval list, approve, reject", async () => {
  const service = await startControls();
  const ask = async (instance: string) => {
    await postAlerts(service.app.url, [{ labels: { alertname: "Full", instance } }]);
    return pendingApproval(service);
  };
  const decide = (decision: "approve" | "reject", id: string, more = {}) =>
    run((output) =>
      approvalAnswerCommand(
        decision,
        id,
        { ...at(service), comment: null, planDigest: null, ...more },
        output,
      ),
    );
  const list = () =>
    run((output) => approvalListCommand({ ...at(service), status: null, limit: 50 }, output));
  expect((await list()).stderr).toBe("nobody is asked for anything\n");
  const first = await ask("1");
  expect((await decide("approve", first.id, { planDigest: "sha256:0" })).exitCode).toBe(1);
  expect((await decide("approve", first.id, { planDigest: first.plan_digest })).stdout).toBe(
    `approved; run ${first.run} is in line\n`,
  );
  const second = await ask("2");
  expect((await decide("reject", second.id, { comment: "no" })).stdout).toBe(
    `rejected; run ${second.run} does not start\n`,
  );
  const again = await decide("approve", second.id);
  expect([again.exitCode, again.stderr]).toEqual([
    1,
    "nightshift: Already decided: user:local has rejected it already\n",
  ]);
  const rows = (await list()).stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 3));
  expect(rows).toEqual([
    ["ID", "STATUS", "RUNBOOK"],
    [second.id, "rejected", "act"],
    [first.id, "approved", "act"],
    [""],
  ]);
});

describe("alert", () => {
  const send = (service: Service, labels: readonly string[], more: Partial<AlertSendFlags> = {}) => {
    const flags = {
      ...at(service),
      source: "alertmanager",
      annotations: [],
      isResolved: false,
      tokenFile: null,
    };
    return run((output) => alertSendCommand(labels, { ...flags, ...more }, output));
  };

  test("send delivers what a rule then acts on, and says when it is over; list and show tell of it", async () => {
    const service = await startControls();
    const labels = ["alertname=Slow", "query=a=b", "__proto__=x", "empty="];
    const sent = await send(service, labels, { annotations: ["summary=it is slow"] });
    expect([sent.exitCode, sent.stderr]).toEqual([0, ""]);
    expect(sent.stdout).toMatch(new RegExp(`^${ID}\n$`));
    await waitFor("the run", async () => (await listRuns(service.app.url)).find(isOver));
    const [alert] = await itemsOf(service, "/alerts");
    const id = String(alert?.["id"]);
    expect((await send(service, labels, { isResolved: true })).exitCode).toBe(0);
    const listed = await run((output) =>
      alertListCommand({ ...at(service), limit: 50, status: null, matchers: [] }, output),
    );
    expect(listed.stdout.split("\n")[1]).toMatch(new RegExp(`^${id}  resolved +alertmanager  ${TIME}  `));
    const shown = (await run((output) => alertShowCommand(id, at(service), output))).stdout;
    expect(shown).toContain('annotations: summary="it is slow"\n');
    for (const label of ['query="a=b"', '__proto__="x"', 'alertname="Slow"']) expect(shown).toContain(label);
    expect(shown).toMatch(new RegExp(`^${TIME}  started +act `, "m"));
  });

  test("send follows pages and limits of lists", async () => {
    const service = await startControls();
    for (const name of ["a", "b", "c"]) await send(service, [`alertname=${name}`]);
    const two = await run((output) =>
      alertListCommand({ ...at(service), limit: 2, status: null, matchers: [] }, output),
    );
    expect([two.stdout.split("\n").length - 1, two.stderr]).toEqual([
      3,
      "there are more; --limit shows more than 2\n",
    ]);
    const all = await run((output) =>
      alertListCommand({ ...at(service), limit: 500, status: null, matchers: [] }, output),
    );
    expect([all.stdout.split("\n").length - 1, all.stderr]).toEqual([4, ""]);
  });

  test.each([
    ["a label without a name", ["=x"], {}],
    ["a label without a value", ["alertname"], {}],
    ["a label that is there twice", ["a=1", "a=2"], {}],
    ["an annotation that is none", ["a=1"], { annotations: ["x"] }],
    ["a token that cannot be read", ["a=1"], { tokenFile: "/nowhere/token" }],
  ])("send refuses %s without a call", async (_, labels, more) => {
    const service = await startControls();
    const { exitCode, stderr } = await send(service, labels, more);
    expect([exitCode, stderr.split("\n").length]).toEqual([2, 2]);
    expect(await itemsOf(service, "/alerts")).toEqual([]);
  });

  test("send proves itself to a source with a token, and exits with 4 without it", async () => {
    const service = await startControls({
      "nightshift.yml": `sources: [{name: am, kind: alertmanager, auth: {bearer: {file: token}}}]\nnotifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed, interrupted]}]\n`,
      token: "a-secret-token\n",
    });
    const labels = ["alertname=Slow"];
    expect((await send(service, labels, { source: "am" })).exitCode).toBe(4);
    const tokenFile = join(service.at.folder, "token");
    expect((await send(service, labels, { source: "am", tokenFile })).exitCode).toBe(0);
    const unknown = await send(service, labels, { source: "nobody" });
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringMatching(/Unknown source/)]);
  });
});

test("run list, view, cancel", async () => {
  const service = await startControls();
  await postAlerts(service.app.url, [{ labels: { alertname: "Slow" } }]);
  const done = await waitFor("the run", async () => (await listRuns(service.app.url)).find(isOver));
  await postAlerts(service.app.url, [{ labels: { alertname: "Full" } }]);
  const waiting = (await pendingApproval(service)).run;
  const list = (more: object) =>
    run((output) =>
      runListCommand(
        { ...at(service), status: null, runbook: null, alert: null, limit: 50, ...more },
        output,
      ),
    );
  const ids = async (more: object) =>
    (await list(more)).stdout
      .split("\n")
      .slice(1, -1)
      .map((line) => line.split(" ")[0]);
  expect(await ids({})).toEqual([waiting, done.id]);
  expect(await ids({ status: "succeeded" })).toEqual([done.id]);
  expect(await ids({ runbook: "nothing" })).toEqual([]);
  const view = await run((output) => runViewCommand(done.id, at(service), output));
  expect(view.stdout).toContain(`run:      ${done.id}\nrunbook:  act\nstatus:   succeeded\n`);
  expect(view.stdout).toMatch(/^act +command +change +local +succeeded +1 +0$/m);
  const cancel = (id: string) => run((output) => runCancelCommand(id, at(service), output));
  expect(await cancel(waiting)).toEqual({ exitCode: 0, stdout: "cancelled\n", stderr: "" });
  expect((await cancel(waiting)).exitCode).toBe(1);
});

/** Something that is no Nightshift. */
async function other(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

describe("a server that is none", () => {
  const listAt = (server: string) =>
    run((output) => pauseListCommand({ server, format: "text", all: false, limit: 50 }, output));

  test.each([
    ["a page", 200, { "content-type": "text/html" }, "<html>", /something that is not of Nightshift/],
    [
      "another program's error",
      404,
      {},
      "not found",
      /answered 404 with something that is not of Nightshift/,
    ],
    ["other JSON", 200, {}, `{"items": 7}`, /not as this version knows it/],
    ["a login", 302, { location: "https://login.example" }, "", /redirect; is there a login/],
    [
      "a refusal",
      403,
      {},
      `{"title": "No", "detail": "not you\\u001b[2J"}`,
      /^nightshift: No: not you\\u001b\[2J\n$/,
    ],
  ])("is told as such: %s", async (_, status, headers, body, expected) => {
    const { exitCode, stdout, stderr } = await listAt(await other(status, headers, body));
    expect([exitCode, stdout]).toEqual([status === 403 ? 4 : 1, ""]);
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test.each(["nowhere", "ftp://x", "http://"])("is refused as an address: %s", async (server) => {
    expect((await listAt(server)).exitCode).toBe(2);
  });
});

describe("from a shell", () => {
  const nightshift = (words: readonly string[], env: Record<string, string> = {}): Promise<Written> =>
    new Promise((resolve) => {
      const argv = [join(PROGRAM_FOLDER, "src/main.ts"), ...words];
      const options = { env: { ...process.env, NIGHTSHIFT_URL: "", ...env } };
      execFile(process.execPath, argv, options, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Number(error.code);
        resolve({ exitCode, stdout, stderr });
      });
    });

  test("the server is the one of --server, else of NIGHTSHIFT_URL", async () => {
    const service = await startControls();
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const words = ["pause", "add", "deploy", "--scope", "all", "--for", "2h", "--reason", "we deploy"];
    const added = await nightshift([...words, "-o", "json", "--server", service.app.url], {
      NIGHTSHIFT_URL: nobody,
    });
    expect([added.exitCode, added.stderr]).toEqual([0, ""]);
    expect(await itemsOf(service, "/pauses")).toEqual([JSON.parse(added.stdout)]);
    const removed = await nightshift(["pause", "remove", "deploy"], {
      NIGHTSHIFT_URL: `${service.app.url}/`,
    });
    expect(removed).toEqual({ exitCode: 0, stdout: "pause deploy is removed\n", stderr: "" });
    const away = await nightshift(["pause", "list"], { NIGHTSHIFT_URL: nobody });
    expect(away).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `nightshift: no answer from ${nobody} (connection refused); start it with nightshift serve, or name another one with --server or NIGHTSHIFT_URL\n`,
    });
  });

  test.each([
    ["pause", "add", "x", "--scope", "all", "--reason", "y"],
    [
      "pause",
      "add",
      "x",
      "--scope",
      "all",
      "--reason",
      "y",
      "--for",
      "1h",
      "--until",
      "2999-01-01T00:00:00Z",
    ],
    ["pause", "add", "x", "--scope", "all", "--for", "1h"],
    ["pause", "list", "--limit", "0"],
    ["pause", "list", "-o", "xml"],
    ["approval", "list", "--status", "maybe"],
    ["alert", "send"],
    ["host"],
  ])("wrong usage exits with 2: %s %s %s %s %s %s %s", async (...words) => {
    const { exitCode, stdout, stderr } = await nightshift(words, { NIGHTSHIFT_URL: "http://127.0.0.1:9" });
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).not.toContain("no answer");
  });
});
