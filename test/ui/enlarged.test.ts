// The pages for people who see them otherwise: twice as large, in colours of their own, and on paper.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieOf } from "../http/login/login-fixture.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations, browserAbsence, overflowOf, startBrowser, type TestBrowser } from "./browser.ts";
import { firstOf, post, startRules } from "./rules-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: pages that are enlarged. ${browserAbsence}`);

async function startPages() {
  const service = await startRules();
  await post(service, [
    { labels: { alertname: "Broken", instance: "a" }, annotations: { summary: "It broke" } },
  ]);
  const { id: run } = await firstOf(service, "/runs?rule=breaks&status=failed");
  const { id: alert } = await firstOf(service, "/alerts?rule=breaks");
  await post(service, [{ labels: { alertname: "WebSlow", instance: "web-1" } }]);
  const { id: approval } = await firstOf(service, "/approvals?status=pending");
  return {
    service,
    paths: {
      run: `/runs/${String(run)}?step=fail`,
      alert: `/alerts/${String(alert)}?open=payload,replay`,
      others: [
        "/",
        "/alerts",
        "/runs",
        "/runbooks",
        "/runbooks/restart-web",
        "/approvals",
        `/approvals/${String(approval)}`,
        "/rules",
        "/rules/breaks",
        "/explain?text=alertname%3DBroken",
        "/pauses",
        "/hosts?hold=web-1",
        "/schedules",
        "/audit",
        "/tokens",
        "/status",
      ],
    },
  };
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("h1").waitFor();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
}

/** As the browser has computed it. */
function styleOf(page: Page, selector: string, property: string): Promise<string> {
  return page.evaluate<string>(
    `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`,
  );
}

describe.skipIf(browserAbsence !== null)("the web pages, seen otherwise", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("are nowhere wider than the window at 200 %, of the page or of its letters alone", async () => {
    const { service, paths } = await startPages();
    const cookie = { url: service.app.url, header: await cookieOf(service, "olga") };
    // A window of 1440 pixels at 200 % has 720 of them; larger letters alone leave it as it is.
    const zoomed = await browser.open({ width: 720, cookie });
    const lettered = await browser.open({ width: 1440, cookie });
    await lettered.page.addInitScript({
      content:
        'addEventListener("DOMContentLoaded", () => (document.documentElement.style.fontSize = "32px"))',
    });
    const found: string[] = [];
    for (const path of [paths.run, paths.alert, ...paths.others])
      for (const [name, { page }] of Object.entries({ zoomed, lettered })) {
        await open(page, `${service.app.url}${path}`);
        const overflow = await overflowOf(page);
        if (overflow > 0) found.push(`${name} ${path} is ${overflow} pixels too wide`);
      }
    expect(found).toEqual([]);
    // Nor are lines of a log drawn over each other.
    await open(lettered.page, `${service.app.url}${paths.run}&stream=stderr`);
    const sizeOf = async (property: string) =>
      Number.parseFloat(await styleOf(lettered.page, "[role=log]", property));
    expect(await sizeOf("lineHeight")).toBeGreaterThan(await sizeOf("fontSize"));
    // Every page of the menu is reached in a window that is not high.
    await zoomed.page.setViewportSize({ width: 720, height: 450 });
    await zoomed.page.getByRole("button", { name: "Menu" }).click();
    await zoomed.page.getByRole("link", { name: "Status", exact: true }).click();
    await zoomed.page.getByRole("heading", { level: 1, name: "Status" }).waitFor();
    expect([...zoomed.complaints, ...lettered.complaints]).toEqual([]);
  }, 240_000);

  test("show where one is, and what is chosen, to readers with colours of their own, and move nothing for who wants it so", async () => {
    const { service, paths } = await startPages();
    const cookie = { url: service.app.url, header: await cookieOf(service, "olga") };
    const { page } = await browser.open({ cookie });
    await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
    await open(page, `${service.app.url}${paths.alert}`);
    const groundOf = (path: string) => styleOf(page, `nav a[href="${path}"]`, "backgroundColor");
    expect(await groundOf("/alerts")).not.toBe(await groundOf("/runs"));
    const moving = await page.evaluate<number>(
      "document.getAnimations().filter((each) => each.effect.getComputedTiming().activeDuration > 10).length",
    );
    expect(moving).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
  }, 120_000);

  test("are printed in dark letters on white, without what can only be pressed", async () => {
    const { service, paths } = await startPages();
    const cookie = { url: service.app.url, header: await cookieOf(service, "olga") };
    const { page } = await browser.open({ width: 794, scheme: "dark", cookie });
    await open(page, `${service.app.url}${paths.run}`);
    const lightness = async () => Number(/\d+/.exec(await styleOf(page, "h1", "color"))?.[0] ?? Number.NaN);
    const isDarkLetters = async () => (await lightness()) < 80;
    expect(await isDarkLetters()).toBe(false);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await waitFor("dark letters", isDarkLetters);
    for (const name of ["Cancel", "Run again", "Pin", "Add"])
      expect([name, await page.getByRole("button", { name, exact: true }).count()]).toEqual([name, 0]);
    expect(await page.getByRole("navigation").count()).toBe(0);
    await page.getByText("Look at it yourself").waitFor();
    expect(await overflowOf(page)).toBe(0);
    await page.emulateMedia({ media: "screen", colorScheme: "dark" });
    await waitFor("light letters", async () => !(await isDarkLetters()));
  }, 60_000);
});
