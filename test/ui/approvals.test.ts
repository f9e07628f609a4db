// Approvals and hosts in a real browser, against the real service: what is asked in words, on a phone, and what each answer comes to.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AccessService, ask, cookieOf } from "../http/login/login-fixture.ts";
import { waitFor } from "../support/wait.ts";
import {
  axeViolations,
  browserAbsence,
  knowsWhoLooks,
  overflowOf,
  startBrowser,
  type TestBrowser,
} from "./browser.ts";
import { openAs, startForms } from "./forms-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: approvals and hosts. ${browserAbsence}`);

type Json = Record<string, unknown>;

/** What somebody may ask the API by the way. */
async function as(
  service: AccessService,
  name: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Json> {
  const headers = { cookie: await cookieOf(service, name), origin: service.app.url };
  const { status, json } = await ask(
    service,
    method,
    path,
    body === undefined ? { headers } : { headers, body },
  );
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`);
  return json;
}

/** Starts a runbook, and gives the approval that it waits for. */
async function asked(service: AccessService, runbook: string, inputs: Json = {}): Promise<Json> {
  const { id } = await as(service, "dev", "POST", `/runbooks/${runbook}/runs`, {
    inputs,
    reason: "the site is slow",
  });
  return waitFor("a question", async () => {
    const { items } = await as(service, "dba", "GET", `/approvals?run=${String(id)}&status=pending`);
    return (items as Json[])[0];
  });
}

describe.skipIf(browserAbsence !== null)("an approval", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("says in words what will happen, fits a phone, and is decided under a thumb by another person", async () => {
    const service = await startForms();
    const { id, run } = await asked(service, "asks", { word: "nginx" });
    const own = await openAs(browser, service, "dev");
    await own.page.goto(`${service.app.url}/approvals/${String(id)}`);
    await own.page.getByText("You asked for it, so that somebody else decides: group:dba.").waitFor();
    expect(await own.page.getByRole("button", { name: "Approve" }).count()).toBe(0);
    const { page, complaints } = await openAs(browser, service, "dba", { width: 360, scheme: "dark" });
    await page.goto(`${service.app.url}/approvals`);
    await page.getByRole("link", { name: "asks on local" }).click();
    await page.getByText("user:dev asks to run asks on local").waitFor();
    const step = page.getByRole("listitem").filter({ hasText: "restart nginx" });
    expect(await step.textContent()).toBe("changeslocal: restart nginx (command echo nginx)");
    await page.getByText("the site is slow").waitFor();
    await page
      .getByText(/^\d+ min \d+ s left/)
      .first()
      .waitFor();
    await page.getByText("Approve: the run starts, or waits for its turn.").waitFor();
    const box = await page.getByRole("button", { name: "Approve" }).boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    expect(box?.width).toBeGreaterThan(250);
    expect(await overflowOf(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByLabel("Comment").fill("go on");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("It was approved.").waitFor();
    await page.getByText("user:dba said approve: go on").waitFor();
    await page.getByRole("link", { name: "See the run" }).click();
    await page.waitForURL(new RegExp(`/runs/${String(run)}`));
    await page.getByText("succeeded").first().waitFor();
    await own.page.getByText("It was approved.").waitFor({ timeout: 60_000 });
    expect([...complaints, ...own.complaints]).toEqual([]);
  }, 120_000);

  test("a no ends the run, and its page says so to whoever comes later, through the login", async () => {
    const service = await startForms();
    const { id } = await asked(service, "asks");
    await as(service, "dba", "POST", `/approvals/${String(id)}/reject`, { comment: "not now" });
    const { page } = await browser.open({ width: 360 });
    await page.goto(`${service.app.url}/approvals/${String(id)}`);
    await page.waitForURL(/\/login\?return_to=/);
    await page.getByLabel("Name").fill("dev");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/approvals/${String(id)}$`));
    await page.getByText("It was rejected.").waitFor();
    await page.getByText("user:dba said reject: not now").waitFor();
    await page.getByText("The run is rejected.", { exact: false }).waitFor();
    expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
  }, 120_000);

  test("of a run that was cancelled is no longer asked; a pause is told before somebody says yes", async () => {
    const service = await startForms();
    const { id, run } = await asked(service, "asks");
    await as(service, "olga", "POST", "/pauses", {
      name: "deploy",
      scope: "all",
      reason: "we deploy",
      for: "1h",
    });
    const { page } = await openAs(browser, service, "dba");
    await page.goto(`${service.app.url}/approvals/${String(id)}`);
    await page.getByText("Approved now, it would still have to wait").waitFor();
    await page.getByRole("listitem").filter({ hasText: "we deploy" }).waitFor();
    await as(service, "olga", "POST", `/runs/${String(run)}/cancel`);
    await page.reload();
    await page.getByText("The run ended before anybody answered.").waitFor();
    await page.goto(`${service.app.url}/approvals`);
    const decided = page.locator("section").filter({ has: page.getByRole("heading", { name: "Decided" }) });
    await decided.getByRole("link", { name: "asks on local" }).waitFor();
    expect(await page.getByText("you may decide").count()).toBe(0);
  }, 120_000);

  test("of two people each says one thing; who comes too late is told that nobody answered in time", async () => {
    const steps = 'steps: [{id: act, target: local, command: ["true"]}]';
    const access = 'access: {run: ["group:developers"], approve: ["group:dba", "group:sre"]}';
    const service = await startForms({
      "runbooks/two.yml": `name: two\n${access}\napproval: {count: 2}\n${steps}\n`,
      "runbooks/soon.yml": `name: soon\n${access}\napproval: {timeout: 1s}\n${steps}\n`,
    });
    const { id } = await asked(service, "two");
    const { page } = await openAs(browser, service, "dba");
    await page.goto(`${service.app.url}/approvals/${String(id)}`);
    await page.getByText("0 of 2 people have said yes.").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("You have said yes. One more person of group:dba, group:sre has to.").waitFor();
    expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
    await as(service, "olga", "POST", `/approvals/${String(id)}/approve`, {});
    await page.getByText("It was approved.").waitFor({ timeout: 60_000 });
    const start = await as(service, "dev", "POST", "/runbooks/soon/runs", {});
    const late = await waitFor("an end", async () => {
      const { items } = await as(
        service,
        "dba",
        "GET",
        `/approvals?run=${String(start["id"])}&status=expired`,
      );
      return (items as Json[])[0];
    });
    await page.goto(`${service.app.url}/approvals/${String(late["id"])}`);
    await page.getByText("Nobody answered in time.").waitFor();
  }, 120_000);

  test("a step that failed is told with its message and the way to its log, and is skipped", async () => {
    const service = await startForms();
    const { id, run } = await asked(service, "breaks");
    const { page } = await openAs(browser, service, "dba", { width: 360 });
    await page.goto(`${service.app.url}/approvals/${String(id)}`);
    await page.getByText("Step act of breaks on local has failed: how does the run go on?").waitFor();
    await page.getByText("on local, 1 attempt, exit code 3").waitFor();
    await page.getByText("exited with 3", { exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Read its log" }).getAttribute("href")).toBe(
      `/runs/${String(run)}?step=act`,
    );
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Skip the step" }).click();
    await page.getByText("The step was skipped.").waitFor();
    await page.getByText("The run is succeeded.", { exact: false }).waitFor({ timeout: 60_000 });
  }, 120_000);
});

describe.skipIf(browserAbsence !== null)("the page of hosts", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("finds hosts by words and labels of its address, page by page, and runs nothing that a label says", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "dev", { width: 360 });
    await page.goto(`${service.app.url}/hosts`);
    await page.getByRole("button", { name: "Further" }).click();
    await page.waitForURL(/after=/);
    await page.getByLabel("Search").fill("db");
    await page.waitForURL(/\?q=db$/);
    await page
      .getByText(/note=<img src=x onerror=alert\(1\)>/)
      .first()
      .waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    await knowsWhoLooks(page);
    expect(await page.getByRole("button", { name: /^Hold/ }).count()).toBe(0);
    await page.goto(`${service.app.url}/hosts?filter=env%3D%22prod%22`);
    await page.getByText("web-0001", { exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "last runs on web-0001" }).getAttribute("href")).toBe(
      "/runs?host=web-0001",
    );
    await page.getByLabel("Labels").fill("env==");
    await page.getByText(/^is a list of matchers/).waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(complaints).toEqual([]);
  }, 120_000);

  test("a host is held with a reason for a time, and released, by the keyboard", async () => {
    const service = await startForms();
    const { page } = await openAs(browser, service, "olga");
    await page.goto(`${service.app.url}/hosts?q=web-0001`);
    await page.getByRole("button", { name: "Hold web-0001" }).press("Enter");
    await page.waitForURL(/hold=web-0001/);
    await page.locator("textarea:focus").waitFor();
    await page.getByRole("button", { name: "Hold it" }).press("Enter");
    await page.getByText("say why; people will ask").waitFor();
    await page.getByLabel("Reason").fill("its disk is changed");
    await page.getByLabel("For how long").selectOption("1d");
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Hold it" }).press("Enter");
    await page.getByText("on hold", { exact: true }).waitFor();
    await page.getByText("its disk is changed").waitFor();
    const { items } = await as(service, "olga", "GET", "/hosts?q=web-0001");
    expect((items as Json[])[0]).toMatchObject({
      hold: { reason: "its disk is changed", principal: "user:olga" },
    });
    await page.getByRole("button", { name: "Release or change web-0001" }).press("Enter");
    await page.getByRole("button", { name: "Release it" }).press("Enter");
    await page.getByText("on hold", { exact: true }).waitFor({ state: "detached" });
  }, 120_000);
});
