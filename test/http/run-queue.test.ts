// What a queued run waits for: over the API, and on the command line.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nightshift } from "../cli/nightshift.ts";
import { waitFor } from "../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  settingsOf,
  startAccess,
  tokenOf,
} from "./login/login-fixture.ts";

/** A service whose runs go on when its gate is opened, at the end of the test at the latest. */
async function startQueues(settings = ""): Promise<AccessService & { readonly openGate: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const gate = join(folder, "gate");
  const wait = `while [ ! -e ${gate} ]; do sleep 0.02; done`;
  const steps = (effect: string) => `steps: [{id: act, target: local, effect: ${effect}, run: "${wait}"}]`;
  const forRunners = 'access: {run: ["group:runners", "group:admins"]}';
  const service = await startAccess({
    "nightshift.yml": settingsOf(settings),
    "hosts.yml": "hosts: [{name: local, exclusive: true}]\n",
    "runbooks/rotate.yml": `name: rotate\naccess: {view: ["group:admins"], run: ["group:admins"]}\n${steps("change")}\n`,
    "runbooks/restart.yml": `name: restart\n${forRunners}\n${steps("change")}\n`,
    "runbooks/look.yml": `name: look\n${forRunners}\nguards: {concurrency: 1}\n${steps("read")}\n`,
  });
  const openGate = () => writeFileSync(gate, "");
  onTestFinished(openGate);
  return { ...service, openGate };
}

async function start(service: AccessService, who: "ada" | "rike", runbook: string, status: string) {
  const headers = { cookie: await cookieOf(service, who), origin: service.app.url };
  const { json } = await ask(service, "POST", `/runbooks/${runbook}/runs`, { headers, body: {} });
  const id = String(json["id"]);
  await waitFor(`a run of ${runbook} that is ${status}`, async () => {
    return (await ask(service, "GET", `/runs/${id}`, { headers })).json["status"] === status;
  });
  return id;
}

async function queueOf(service: AccessService, who: "ada" | "rike", id: string) {
  return (
    await ask(service, "GET", `/runs/${id}/queue`, { headers: { cookie: await cookieOf(service, who) } })
  ).json;
}

test("the run that has the lock of a host is named, but not to whom it is hidden from; when it ends nothing is waited for", async () => {
  const service = await startQueues();
  const first = await start(service, "ada", "rotate", "running");
  const second = await start(service, "rike", "restart", "queued");
  const held = (who: "ada" | "rike") =>
    waitFor("the lock to be seen", async () => {
      const queue = await queueOf(service, who, second);
      return queue["reason"] === "lock" ? queue : null;
    });
  const run = { id: first, runbook: "rotate", status: "running" };
  expect(await held("ada")).toMatchObject({
    queued: true,
    ahead: 0,
    running: 1,
    slots: 20,
    held_by: [{ kind: "host", name: "local", run }],
  });
  expect(await held("rike")).toMatchObject({ held_by: [{ kind: "host", name: "local", run: null }] });

  const token = await tokenOf(service, await cookieOf(service, "ada"), "ada", ["read"]);
  const env = { NIGHTSHIFT_URL: service.app.url, NIGHTSHIFT_TOKEN: token };
  const shown = await nightshift(["run", "view", second], { env });
  expect(shown.stderr).toBe("");
  expect(shown.stdout).toMatch(new RegExp(`^waits for: +host local, taken by run ${first} of rotate$`, "m"));

  service.openGate();
  await waitFor(
    "the second run to begin",
    async () => (await queueOf(service, "ada", second))["queued"] === false,
  );
  expect(await queueOf(service, "ada", second)).toMatchObject({ reason: null, ahead: 0, held_by: [] });
});

test("the run that has the only place of a runbook is named", async () => {
  const service = await startQueues();
  const first = await start(service, "rike", "look", "running");
  const second = await start(service, "rike", "look", "queued");
  const queue = await waitFor("the places to be seen", async () => {
    const seen = await queueOf(service, "rike", second);
    return seen["reason"] === "concurrency" ? seen : null;
  });
  expect(queue["held_by"]).toMatchObject([{ kind: "runbook", name: "look", run: { id: first } }]);
});

test("where all slots are taken, it is told how many there are and how many runs are before it", async () => {
  const service = await startQueues("limits: {max_runs: 1}");
  await start(service, "ada", "rotate", "running");
  await start(service, "rike", "look", "queued");
  const last = await start(service, "rike", "look", "queued");
  expect(await queueOf(service, "rike", last)).toMatchObject({
    reason: null,
    ahead: 1,
    running: 1,
    slots: 1,
    held_by: [],
  });
  const token = await tokenOf(service, await cookieOf(service, "rike"), "rike", ["read"]);
  const env = { NIGHTSHIFT_URL: service.app.url, NIGHTSHIFT_TOKEN: token };
  const shown = await nightshift(["run", "view", last], { env });
  expect(shown.stdout).toMatch(/^waits for: +1 before it, 1 at work \(limits\.max_runs 1\)$/m);
});
