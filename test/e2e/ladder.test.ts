// A ladder from its first rung to the person at its end, with Debian's Alertmanager between the alert and Nightshift.
import Database from "better-sqlite3";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../outbound/free-port.ts";
import { listRuns } from "../support/alerts.ts";
import { type ChildService, startChild } from "../support/child-service.ts";
import type { ServiceFolder } from "../support/service.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { type AlertJson, readAlert } from "./nightshift-api.ts";
import { type People, startPeople } from "./people.ts";
import { missingPrograms, type RunningProgram, startProgram } from "./programs.ts";

const missing = missingPrograms({ "prometheus-alertmanager": "prometheus-alertmanager" });
if (missing.length > 0) console.warn(`skipped: the ladder with Alertmanager. ${missing.join("; ")}`);

const ladderRule = (name: string) => `
  - name: ${name}
    mode: auto
    matchers: ['alertname = "${name}"', 'instance != ""']
    group_by: [instance]
    runbook: clean
    verify: {resolved_within: 2s, stable_for: 1s}
    guards: {cooldown: 1h}
    ladder:
      - {runbook: enlarge, mode: approve}
      - {notify: {to: people, title: "${name} needs a person", text: "on \${{ group.labels.instance }}: \${{ run.url }}"}}
`;
const RULES = `rules:\n${["full", "quiet"].map(ladderRule).join("")}
  - name: waits
    mode: auto
    matchers: ['alertname = "waits"', 'instance != ""']
    runbook: enlarge
    after: 1h
`;
const runbook = (name: string) => `{name: ${name}, target: local, steps: [{id: act, command: ["true"]}]}\n`;

interface Stack {
  readonly folder: ServiceFolder;
  readonly alertmanagerUrl: string;
  readonly people: People;
  readonly alertmanager: RunningProgram;
  nightshift: ChildService;
}

async function startStack(): Promise<Stack> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-ladder-")));
  const people = await startPeople();
  const alertmanagerUrl = `http://127.0.0.1:${await freePort()}`;
  const port = await freePort();
  const files = {
    "nightshift.yml": `
sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${alertmanagerUrl}"]}}]
notifiers: [{name: people, webhook: {url: "${people.url}"}}]
notify: [{to: people, events: [failed, interrupted, no_effect, worse, unknown, approval]}]
`,
    "rules/ladder.yml": RULES,
    "runbooks/clean.yml": runbook("clean"),
    "runbooks/enlarge.yml": runbook("enlarge"),
    "hosts.yml": "hosts: []\n",
    "alertmanager.yml": `
route: {receiver: nightshift, group_by: ["..."], group_wait: 0s, group_interval: 500ms, repeat_interval: 500ms}
receivers: [{name: nightshift, webhook_configs: [{url: "http://127.0.0.1:${port}/webhooks/alertmanager"}]}]
`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const folder: ServiceFolder = {
    folder: root,
    configFile: join(root, "nightshift.yml"),
    storagePath: join(root, "data"),
    write: () => {},
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  const nightshift = await startChild(folder, { port });
  const alertmanager = await startProgram({
    name: "alertmanager",
    folder: root,
    logFile: join(root, "alertmanager.log"),
    argv: [
      "prometheus-alertmanager",
      `--config.file=${root}/alertmanager.yml`,
      `--storage.path=${root}/alertmanager`,
      `--web.listen-address=${new URL(alertmanagerUrl).host}`,
      "--cluster.listen-address=",
    ],
    readyUrl: `${alertmanagerUrl}/-/ready`,
  });
  return { folder, alertmanagerUrl, people, alertmanager, nightshift };
}

describe.skipIf(missing.length > 0)("a ladder with a real Alertmanager", () => {
  const started: { stack?: Stack } = {};
  const use = (): Stack => {
    if (started.stack === undefined) throw new Error("nothing was started");
    return started.stack;
  };
  beforeAll(async () => {
    started.stack = await startStack();
  });
  afterAll(async () => {
    const { nightshift, alertmanager, people, folder } = use();
    await nightshift.terminate();
    await alertmanager.stop();
    await people.close();
    folder.remove();
  });

  /** As Prometheus tells Alertmanager; with an end, that it is over. */
  async function tellAlertmanager(alertname: string, endsAt?: string): Promise<void> {
    const alert = { labels: { alertname, instance: "web-1" }, ...(endsAt === undefined ? {} : { endsAt }) };
    await postJson(`${use().alertmanagerUrl}/api/v2/alerts`, [alert]);
  }
  const alertOf = (name: string): Promise<AlertJson> => readAlert(use().nightshift.url, name);
  const decisionsOf = async (name: string) =>
    (await alertOf(name)).decisions.map(({ kind, reason }) => (reason === null ? kind : `${kind}:${reason}`));
  const runsOf = async (rule: string) =>
    (await listRuns(use().nightshift.url)).filter((run) => run.trigger.rule === rule).toReversed();

  test("no effect, then a person's yes, then no effect again, and a person is told", async () => {
    const { people, nightshift } = use();
    await tellAlertmanager("full");
    const asking = await waitFor(
      "the second rung to ask",
      async () => (await runsOf("full")).find((run) => run.status === "waiting_person"),
      30_000,
    );
    const [first] = await runsOf("full");
    expect(first).toMatchObject({ status: "succeeded", outcome: "no_effect" });
    const notice = await waitFor("the question", () =>
      people.notices.find(({ type, data }) => type === "nightshift.approval" && data.run === asking.id),
    );
    const id = /approval approve (\S+)/.exec(notice.data.text)?.[1] ?? "";
    expect(await nightshiftCommand("approval", "approve", id, "--server", nightshift.url)).toContain(
      "approved",
    );
    const told = await waitFor(
      "a person to be told",
      () => people.notices.find(({ data }) => data.title === "full needs a person"),
      30_000,
    );
    expect(told.data.text).toMatch(new RegExp(`^on web-1: http\\S+/runs/${asking.id}$`));
    const runs = (await runsOf("full")) as unknown as readonly Record<string, string>[];
    expect(runs).toMatchObject([
      { runbook: "clean", status: "succeeded", outcome: "no_effect" },
      { runbook: "enlarge", status: "succeeded", outcome: "no_effect" },
    ]);
    // Not before its time: the next rung waits for the verdict on the one before.
    const [restarted, enlarged] = runs;
    const gapMs = Date.parse(enlarged?.["created_at"] ?? "") - Date.parse(restarted?.["finished_at"] ?? "");
    expect(gapMs).toBeGreaterThanOrEqual(1_900);
    expect(await decisionsOf("full")).toEqual(["started", "waiting_person", "started"]);
  }, 90_000);

  test("a silence over the alert claims no outcome and climbs no rung, until it is over", async () => {
    const { alertmanagerUrl } = use();
    await tellAlertmanager("quiet");
    await waitFor("the first run to end", async () => (await runsOf("quiet"))[0]?.status === "succeeded");
    const { silenceID } = (await postJson(`${alertmanagerUrl}/api/v2/silences`, {
      matchers: [{ name: "alertname", value: "quiet", isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 600_000).toISOString(),
      createdBy: "somebody",
      comment: "maintenance",
    })) as { silenceID: string };
    await waitFor(
      "the refusal",
      async () => (await decisionsOf("quiet")).includes("refused:silenced"),
      30_000,
    );
    expect(await runsOf("quiet")).toMatchObject([{ status: "succeeded", outcome: "unknown" }]);
    expect(await decisionsOf("quiet")).toEqual(["started", "refused:silenced"]);
    await fetch(`${alertmanagerUrl}/api/v2/silence/${silenceID}`, { method: "DELETE" });
    await waitFor(
      "the next rung after the silence",
      async () => (await runsOf("quiet")).some((run) => run.status === "waiting_person"),
      30_000,
    );
  }, 90_000);

  test("an hour's outage in the middle starts nothing for an alert that has gone meanwhile", async () => {
    const stack = use();
    await tellAlertmanager("waits");
    await waitFor("the alert to wait", async () =>
      (await decisionsOf("waits").catch((): string[] => [])).includes("delayed:after"),
    );
    await stack.nightshift.kill();
    await tellAlertmanager("waits", new Date(Date.now() - 1_000).toISOString());
    const database = new Database(join(stack.folder.storagePath, "nightshift.db"));
    expect(
      database.prepare("update timer set due_at = due_at - 3600000 - 60000").run().changes,
    ).toBeGreaterThan(0);
    database.close();
    const port = Number(new URL(stack.nightshift.url).port);
    stack.nightshift = await startChild(stack.folder, { port });
    await waitFor(
      "the alert to be closed",
      async () => (await alertOf("waits")).status === "resolved",
      30_000,
    );
    expect(await runsOf("waits")).toEqual([]);
  }, 60_000);
});

async function postJson(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

/** What the command prints; throws when it fails. */
async function nightshiftCommand(...args: string[]): Promise<string> {
  const argv = [join(PROGRAM_FOLDER, "src/main.ts"), ...args];
  return (await promisify(execFile)(process.execPath, argv)).stdout;
}
