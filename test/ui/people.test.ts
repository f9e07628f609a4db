// What the pages say to people who may not see or do everything, who come too late, and when the service is in trouble.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  peopleSettings,
  startAccess,
} from "../http/login/login-fixture.ts";
import {
  axeViolations,
  browserAbsence,
  knowsWhoLooks,
  overflowOf,
  startBrowser,
  type TestBrowser,
} from "./browser.ts";

const PEOPLE = {
  vera: ["viewers"],
  olaf: ["operators"],
  nora: [],
  dba: ["dba"],
  second: ["dba"],
} as const;
const ROLES = 'operator: ["group:operators"], viewer: ["group:viewers"]';

const TIDIES = `
name: tidies
access: {run: ["group:operators"]}
steps:
  - {id: act, target: local, effect: change, command: [echo, done]}
finally:
  - {id: tidy, target: local, effect: change, command: ["false"]}
`;

const FAILS = `
name: fails
access: {run: ["group:operators"]}
inputs:
  ${"long_name_".repeat(6)}: {type: string, required: false}
steps:
  - {id: breaks, target: local, effect: read, command: ["false"]}
`;

const ASKS = `
name: asks
access: {run: ["group:operators"], approve: ["group:dba"]}
approval: {timeout: 1h}
steps: [{id: act, target: local, command: ["true"]}]
`;

function startPeople(more: Readonly<Record<string, string>> = {}): Promise<AccessService> {
  return startAccess({
    "nightshift.yml": peopleSettings(PEOPLE, ROLES),
    "runbooks/tidies.yml": TIDIES,
    "runbooks/fails.yml": FAILS,
    "runbooks/asks.yml": ASKS,
    ...more,
  });
}

/** The id of a run that olaf has started, when it is so. */
async function startedRun(service: AccessService, runbook: string, status: string): Promise<string> {
  const headers = { cookie: await cookieOf(service, "olaf"), origin: service.app.url };
  const { json } = await ask(service, "POST", `/runbooks/${runbook}/runs`, { headers, body: {} });
  const id = String(json["id"]);
  return waitFor(`a run of ${runbook} that is ${status}`, async () => {
    const run = await ask(service, "GET", `/runs/${id}`, { headers });
    return run.json["status"] === status ? id : null;
  });
}

describe.skipIf(browserAbsence !== null)("the web pages, for people", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  async function openAs(service: AccessService, name: string, width = 1440) {
    return browser.open({ width, cookie: { url: service.app.url, header: await cookieOf(service, name) } });
  }

  test("say to a viewer that logs and files are for others, and leave nothing loading", async () => {
    const service = await startPeople();
    const id = await startedRun(service, "fails", "failed");
    const { page, complaints } = await openAs(service, "vera", 360);
    await page.goto(`${service.app.url}/runs/${id}`);
    await page.getByText("it needs the role responder").first().waitFor();
    expect(await page.getByRole("log").count()).toBe(0);
    await page.getByRole("button", { name: /^breaks/ }).click();
    await page.getByText("it needs the role responder").nth(1).waitFor();
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    await knowsWhoLooks(page);
    expect(await page.getByRole("link", { name: /^Download the bundle/ }).count()).toBe(0);
    expect(complaints).toEqual([]);
  }, 60_000);

  test("say to somebody without a role why there is nothing to see", async () => {
    const service = await startPeople();
    const { page, complaints } = await openAs(service, "nora");
    await page.goto(`${service.app.url}/`);
    await page.getByText("You have no role").waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test("say that a run which succeeded was not tidied up", async () => {
    const service = await startPeople();
    const id = await startedRun(service, "tidies", "succeeded");
    const { page, complaints } = await openAs(service, "olaf");
    await page.goto(`${service.app.url}/runs/${id}`);
    await page.getByText("Not everything was tidied up").waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test("tell whoever answers too late that it did not count, and keep what was written", async () => {
    const service = await startPeople();
    const id = await startedRun(service, "asks", "waiting_person");
    const headers = { cookie: await cookieOf(service, "dba"), origin: service.app.url };
    const { json } = await ask(service, "GET", `/approvals?run=${id}`, { headers });
    const [{ id: approval } = { id: "" }] = json["items"] as { id: string }[];
    const { page } = await openAs(service, "second", 360);
    // It hears of nothing: as if both had answered in the same moment.
    await page.route("**/api/v1/changes", (route) => route.abort());
    await page.goto(`${service.app.url}/approvals/${approval}`);
    await page.getByLabel("Comment").fill("not tonight");
    expect((await ask(service, "POST", `/approvals/${approval}/approve`, { headers, body: {} })).status).toBe(
      200,
    );
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByText("Your answer did not count").waitFor();
    await page.getByText("not tonight").waitFor();
    await page.getByText("It was approved").waitFor();
    expect(await page.locator("body:focus").count()).toBe(0);
  }, 60_000);

  test("keep a problem on the page while it is asked for again, and what was there before while a newer answer fails", async () => {
    const service = await startPeople();
    await startedRun(service, "fails", "failed");
    const { page } = await openAs(service, "olaf");
    let isBroken = true;
    let answers = Promise.resolve();
    await page.route("**/api/v1/runs?*", async (route) => {
      await answers;
      return isBroken ? route.fulfill({ status: 500, body: "" }) : route.continue();
    });
    await page.goto(`${service.app.url}/runs`);
    const again = page.getByRole("button", { name: "Ask again" });
    await again.waitFor();
    let answer = () => {};
    answers = new Promise((resolve) => (answer = resolve));
    const asked = page.waitForRequest("**/api/v1/runs?*");
    await again.click();
    await asked;
    await again.waitFor();
    expect(await page.locator("main [aria-busy=true]").count()).toBe(0);
    const failed = page.waitForResponse("**/api/v1/runs?*");
    answer();
    await failed;
    isBroken = false;
    await again.click();
    await page.getByRole("link", { name: "fails" }).waitFor();
    isBroken = true;
    await startedRun(service, "fails", "failed");
    await page.getByText("This is as it was at").waitFor({ timeout: 30_000 });
    await page.getByRole("link", { name: "fails" }).waitFor();
  }, 90_000);

  test("say of a run in the queue who has the host that it needs, and show it at work when that one is over", async () => {
    const gate = join(mkdtempSync(join(tmpdir(), "gate-")), "open");
    const holds = (name: string) =>
      `name: ${name}\naccess: {run: ["group:operators"]}\nsteps: [{id: act, target: local, effect: change, run: "while [ ! -e ${gate} ]; do sleep 0.02; done"}]\n`;
    const service = await startPeople({
      "hosts.yml": "hosts: [{name: local, exclusive: true}]\n",
      "runbooks/restart.yml": holds("restart"),
      "runbooks/rotate.yml": holds("rotate"),
    });
    onTestFinished(() => writeFileSync(gate, ""));
    const first = await startedRun(service, "rotate", "running");
    const second = await startedRun(service, "restart", "queued");
    const { page, complaints } = await openAs(service, "olaf", 360);
    await page.goto(`${service.app.url}/runs/${second}`);
    const banner = page.getByRole("status").filter({ hasText: "It waits for its turn" });
    const held = banner.getByRole("listitem").filter({ hasText: /^host local is taken by rotate since/ });
    await held.getByRole("link", { name: "rotate" }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    await held.getByRole("link", { name: "rotate" }).click();
    await page.waitForURL(`${service.app.url}/runs/${first}`);
    await page.goBack();
    await held.waitFor();
    writeFileSync(gate, "");
    await banner.waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1, name: /^restart/ }).waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test("say what to use instead where no scripts run", async () => {
    const service = await startPeople();
    const response = await fetch(`${service.app.url}/`, {
      headers: { cookie: await cookieOf(service, "olaf") },
    });
    expect(await response.text()).toMatch(/<noscript>[^<]*nightshift run list/);
  }, 60_000);
});
