// The forms of runbooks in a real browser, against the real service: every type of input, what applies, what is wrong, what is lost (nothing).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page, Route } from "playwright-core";
import { type AccessService, ask, cookieOf } from "../http/login/login-fixture.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations, browserAbsence, overflowOf, startBrowser, type TestBrowser } from "./browser.ts";
import { openAs, startForms, WITHOUT_ROLES } from "./forms-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: the forms. ${browserAbsence}`);

const RUN = /\/runs\/[0-9a-f-]{36}$/;

/** The run that the page has come to, as the API has it. */
async function startedRun(service: AccessService, page: Page): Promise<Record<string, unknown>> {
  await page.waitForURL(RUN);
  const id = page.url().split("/").at(-1) ?? "";
  const headers = { cookie: await cookieOf(service, "olga") };
  return (await ask(service, "GET", `/runs/${id}`, { headers })).json;
}

async function seePlan(page: Page): Promise<void> {
  await page.getByRole("button", { name: "See the plan" }).click();
  await page.getByRole("button", { name: "Run it" }).waitFor();
}

describe.skipIf(browserAbsence !== null)("a form", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("takes every type of input, and the run has what was filled in", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks/everything`);
    await page.getByLabel("Which word").fill("hello");
    await page.getByLabel("Some text").fill("one\ntwo");
    await page.getByLabel("How many").fill("3");
    await page.getByLabel("Which share").fill("0.5");
    await page.getByLabel("Sure about it").check();
    await page.getByLabel("How large").selectOption("large");
    const parts = page.locator("#input-parts");
    await parts.click();
    await page.getByRole("option", { name: "side" }).click();
    await page.getByRole("option", { name: "front" }).click();
    await page.keyboard.press("Escape");
    await page.locator("#input-host").fill("web-0007");
    await page.locator("#input-hosts").fill("web-0002,web-0001");
    await page.keyboard.press("Enter");
    await page.getByLabel("How long").fill("90s");
    await page.getByLabel("Which day").fill("2026-11-23");
    const at = page.getByLabel("Which moment");
    await at.fill("2026-11-23T08:00:00");
    await page.getByText(/^That is 2026-11-2. ..:00:00 UTC/).waitFor();
    await page.getByLabel("The password").fill("hunter2-hunter2");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "web.pem", mimeType: "text/plain", buffer: Buffer.from("certificate") });
    await page.getByText("web.pem (11 B)").waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await seePlan(page);
    expect(page.url()).not.toContain("hunter2");
    await page.getByRole("button", { name: "Run it" }).click();
    const run = await startedRun(service, page);
    const local = await page.evaluate<string>("new Date('2026-11-23T08:00:00').toISOString()");
    expect(run["inputs"]).toMatchObject({
      word: "hello",
      text: "one\ntwo",
      count: 3,
      share: 0.5,
      sure: true,
      size: "large",
      parts: ["front", "side"],
      host: "web-0007",
      hosts: ["web-0002", "web-0001"],
      grace: 90_000,
      day: "2026-11-23",
      at: local,
      password: expect.stringMatching(/^hmac-sha256:/),
      cert: { name: "web.pem", size: 11 },
    });
    expect(complaints).toEqual([]);
  }, 120_000);

  test("shows only what applies, as it is typed, and does not send the rest", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "dev", { width: 360 });
    await page.goto(`${service.app.url}/runbooks/conditions`);
    const why = page.getByLabel("Why so large");
    const owner = page.getByLabel("Whose are they");
    await page.getByLabel("How large").waitFor();
    await why.waitFor({ state: "detached" });
    await page.getByLabel("How large").selectOption("large");
    await why.fill("it grows");
    await page.getByLabel("How many").fill("5");
    await owner.fill("team-web");
    await page.getByLabel("How large").selectOption("small");
    await why.waitFor({ state: "detached" });
    // What a condition reads of a host is known once the host is named.
    await page.locator("#input-host").fill("web-0002");
    await page.getByLabel("Which ticket").waitFor({ state: "detached" });
    await page.locator("#input-host").fill("web-0001");
    await page.getByLabel("Which ticket").fill("T-1");
    await page.keyboard.press("Escape");
    await seePlan(page);
    await page.getByRole("button", { name: "Run it" }).click();
    const { inputs } = await startedRun(service, page);
    expect(inputs).toEqual({ size: "small", count: 5, owner: "team-web", host: "web-0001", ticket: "T-1" });
    expect(complaints).toEqual([]);
  }, 120_000);

  test("says at each field what is wrong, goes to the first, and keeps everything that was typed", async () => {
    const service = await startForms();
    const { page } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks/everything`);
    await page.getByText("At most 12 characters. Must match [a-z]+.", { exact: false }).waitFor();
    await page.getByText("1 to 9.").waitFor();
    await page.getByText("At most 2.0 KiB.").waitFor();
    await page.getByLabel("Some text").fill("stays");
    await page.getByLabel("Which word").fill("WRONG");
    await page.locator("#input-host").fill("db-0001");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "See the plan" }).click();
    const summary = page.getByRole("alert");
    await summary.getByText("Which word: the whole value must match [a-z]+").waitFor();
    await summary.getByText(/host db-0001 does not fit role = "web"/).waitFor();
    await page.locator("#input-word:focus").waitFor();
    expect(await page.getByLabel("Which word").getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("Which word").inputValue()).toBe("WRONG");
    expect(await page.getByLabel("Some text").inputValue()).toBe("stays");
    await summary.getByRole("button", { name: /^Which server:/ }).click();
    await page.locator("#input-host:focus").waitFor();
    expect(await axeViolations(page)).toEqual([]);
  }, 120_000);

  test("asks again when the plan is another one by now, and says what has changed", async () => {
    const service = await startForms();
    const { page } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks/clear-cache`);
    await page.getByLabel("Which cache").fill("web");
    await seePlan(page);
    await page.getByLabel("Reason").fill("the disk is full");
    await page.getByLabel("Type web to confirm").fill("web");
    const file = "runbooks/clear-cache.yml";
    const text = readFileSync(join(service.at.folder, file), "utf8");
    service.at.write({ [file]: text.replace("[df, -h, /tmp]", "[df, -h, /var]") });
    expect(await service.app.reload()).toEqual([]);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByText("The plan has changed since you looked at it").waitFor();
    await page.getByText("Step before is now: command df -h /var (before: command df -h /tmp)").waitFor();
    expect(await page.getByLabel("Reason").inputValue()).toBe("the disk is full");
    expect(await page.getByLabel("Type web to confirm").inputValue()).toBe("web");
    await page.getByRole("button", { name: "Run it" }).click();
    const run = await startedRun(service, page);
    expect(run).toMatchObject({ inputs: { word: "web" }, cause: { title: "the disk is full" } });
  }, 120_000);

  test("a start that is held back loses nothing, and goes on when it may; a lost connection starts nothing twice", async () => {
    const service = await startForms();
    const admin = { headers: { cookie: await cookieOf(service, "olga"), origin: service.app.url } };
    const { page, context } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks/clear-cache`);
    await seePlan(page);
    const pause = { name: "deploy", scope: "all", reason: "we deploy", for: "1h" };
    expect((await ask(service, "POST", "/pauses", { ...admin, body: pause })).status).toBe(201);
    await page.getByLabel("Type cache to confirm").fill("cache");
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByText("Nothing was started: something speaks against it now").waitFor();
    await page
      .getByRole("alert")
      .getByText(/we deploy/)
      .waitFor();
    await ask(service, "DELETE", "/pauses/deploy", admin);
    await context.setOffline(true);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("alert").getByText("No answer").waitFor();
    await context.setOffline(false);
    // The service starts it, and its answer is lost on the way.
    const lost = new Promise<void>((resolve, reject) => {
      const lose = async (route: Route) => {
        await route.fetch();
        await route.abort();
      };
      void page.route("**/api/v1/runbooks/*/runs", (route) => lose(route).then(resolve, reject));
    });
    await page.getByRole("button", { name: "Run it" }).click();
    await lost;
    await page.getByRole("alert").getByText("No answer").waitFor();
    await page.unroute("**/api/v1/runbooks/*/runs");
    await page.getByRole("button", { name: "Run it" }).dblclick();
    await page.waitForURL(RUN);
    const { json } = await ask(service, "GET", "/runs?runbook=clear-cache", admin);
    expect(json["items"]).toHaveLength(1);
  }, 120_000);

  test("by the keyboard alone, from the catalogue to a run", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks`);
    await page.getByLabel("Search").focus();
    await page.keyboard.type("disk clear");
    await page.waitForURL(/\?q=disk\+clear$/);
    await page.getByRole("heading", { name: "One runbook" }).waitFor();
    await tabTo(page, /^Clear the cache$/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Clear the cache" }).waitFor();
    await tabTo(page, /^See the plan$/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "This will happen on local" }).waitFor();
    await page.locator("h3:focus").waitFor();
    await tabTo(page, /confirm/);
    await page.keyboard.type("cache");
    await page.keyboard.press("Enter");
    await page.waitForURL(RUN);
    await page.getByText("succeeded").first().waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test("hosts are found by what is typed, only those that the input allows, among a thousand", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks/everything`);
    const host = page.locator("#input-host");
    await host.fill("0987");
    await page.getByRole("option", { name: /web-0987.*role=web env=test/ }).waitFor();
    const choices = page.getByRole("option").filter({ hasText: /^(web|db)-/ });
    await waitFor("the one host", async () => (await choices.count()) === 1);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await waitFor("the host in the field", async () => (await host.inputValue()) === "web-0987");
    await host.fill("db-0001");
    await choices.first().waitFor({ state: "detached" });
    const hosts = page.locator("#input-hosts");
    await hosts.fill("env=prod");
    await page.getByRole("option", { name: /web-0001/ }).click();
    await hosts.fill("web-0500");
    await page.getByRole("option", { name: /web-0500/ }).click();
    for (const name of ["web-0001", "web-0500"])
      await page.getByText(name, { exact: true }).first().waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test("says what a link has filled in, takes no secret from it, and keeps what was typed over a reload", async () => {
    const service = await startForms();
    const { page, context } = await openAs(browser, service, "dev");
    const query =
      "input.word=hello&input.hosts=web-0001,web-0002&input.password=geheim&input.nothing=x&input.sure=true";
    await page.goto(`${service.app.url}/runbooks/everything?${query}`);
    const notice = page.getByRole("status").filter({ hasText: "Filled in by the link" });
    await notice.getByText("hello").waitFor();
    await notice.getByText("web-0001, web-0002").waitFor();
    await notice.getByText("Left out: password").waitFor();
    await notice.getByText("Left out: nothing").waitFor();
    expect(await page.getByLabel("The password").inputValue()).toBe("");
    await page.getByLabel("Some text").fill("typed by hand");
    await page.getByLabel("The password").fill("hunter2-hunter2");
    await page.reload();
    await page.getByText("What you had typed is back").waitFor();
    expect(await page.getByLabel("Some text").inputValue()).toBe("typed by hand");
    expect(await page.getByLabel("Which word").inputValue()).toBe("hello");
    expect(await page.getByLabel("The password").inputValue()).toBe("");
    expect(
      await page.evaluate<string>("JSON.stringify({ ...sessionStorage, ...localStorage })"),
    ).not.toContain("hunter2");
    // Another page, and back.
    await page.getByRole("link", { name: "Rules", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Rules" }).waitFor();
    await page.goBack();
    await page.getByText("What you had typed is back").waitFor();
    expect(await page.getByLabel("Some text").inputValue()).toBe("typed by hand");
    // The session ends: the login leads back, and what was typed is there again.
    await context.clearCookies();
    await page.getByRole("button", { name: "See the plan" }).click();
    await page.waitForURL(/\/login\?/);
    await page.getByLabel("Name").fill("dev");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runbooks\/everything\?/);
    await page.getByText("What you had typed is back").waitFor();
    expect(await page.getByLabel("Some text").inputValue()).toBe("typed by hand");
    await page.getByRole("button", { name: "Begin with an empty form" }).click();
    await waitFor("an empty form", async () => (await page.getByLabel("Some text").inputValue()) === "");
  }, 120_000);

  test("begins with the inputs of an earlier run, and a dry run says what it would do", async () => {
    const service = await startForms();
    const dev = { headers: { cookie: await cookieOf(service, "dev"), origin: service.app.url } };
    const body = { inputs: { word: "web" }, confirm: "web" };
    const { json } = await ask(service, "POST", "/runbooks/clear-cache/runs", { ...dev, body });
    const { page } = await openAs(browser, service, "dev", { width: 360 });
    await page.goto(`${service.app.url}/runbooks/clear-cache?from=${String(json["id"])}`);
    await page.getByText("Filled in from an earlier run").first().waitFor();
    expect(await page.getByLabel("Which cache").inputValue()).toBe("web");
    await seePlan(page);
    await page.getByText(/^A dry run does what only reads, and says of the one step/).waitFor();
    expect(await overflowOf(page)).toBe(0);
    await page.getByRole("button", { name: "Dry run" }).click();
    expect(await startedRun(service, page)).toMatchObject({ dry_run: true, inputs: { word: "web" } });
  }, 120_000);

  test("who may not run it is told who may, instead of a form; nothing in a description acts", async () => {
    const service = await startForms();
    const { page, complaints } = await openAs(browser, service, "ina");
    await page.goto(`${service.app.url}/runbooks/clear-cache`);
    await page.getByText("You cannot run this").waitFor();
    await page.getByText("It may be run by group:developers.", { exact: false }).waitFor();
    expect(await page.getByRole("button", { name: "See the plan" }).count()).toBe(0);
    await page.getByRole("link", { name: "the guide" }).waitFor();
    await page.getByText("a bad link", { exact: true }).click();
    expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.title()).toBe("Clear the cache · Nightshift");
    expect(complaints).toEqual([]);
  }, 120_000);

  test("somebody without any role runs what names them: hosts are typed in full, and the run is theirs to see", async () => {
    const service = await startForms({ "nightshift.yml": WITHOUT_ROLES });
    const { page, complaints } = await openAs(browser, service, "dev", { width: 360, scheme: "dark" });
    await page.goto(`${service.app.url}/runbooks`);
    await page.getByRole("heading", { name: "5 runbooks" }).waitFor();
    await page.getByRole("link", { name: "Fields that depend on others" }).click();
    await page.getByText("You may not see the inventory: type the name in full.").waitFor();
    await page.locator("#input-host").fill("web-0002");
    await seePlan(page);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.waitForURL(RUN);
    await page.getByText("succeeded").first().waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test("the catalogue is narrowed by words, tag and owner of its address", async () => {
    const service = await startForms();
    const { page } = await openAs(browser, service, "dev");
    await page.goto(`${service.app.url}/runbooks?tag=disk&owner=team-web`);
    await page.getByRole("heading", { name: "One runbook" }).waitFor();
    await page.getByRole("link", { name: "Clear the cache" }).waitFor();
    await page.getByLabel("Tag").selectOption("");
    await page.waitForURL(/\?owner=team-web$/);
    await page.getByRole("heading", { name: "2 runbooks" }).waitFor();
    await page.goto(`${service.app.url}/runbooks?q=frees+space`);
    await page.getByRole("link", { name: "Clear the cache" }).waitFor();
    await page.getByLabel("Search").fill("nothing like it");
    await page.getByText("Nothing matches.", { exact: false }).waitFor();
    await page.goto(`${service.app.url}/runbooks?show=mine`);
    await page.getByRole("heading", { name: "5 runbooks" }).waitFor();
    expect(await page.getByRole("link", { name: "fix", exact: true }).count()).toBe(0);
  }, 120_000);
});

/** Presses Tab until something with this name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate<string>(
      "(document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent).trim()",
    );
    if (name.test(text)) return;
  }
  throw new Error(`nothing with the name ${String(name)} is reached by Tab`);
}
