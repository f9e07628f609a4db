// The web pages in a real browser, against the real service: each page in light and dark, wide and narrow, and what people do on them.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { REASONS } from "../../src/runs/reasons.ts";
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
  layoutShiftOf,
  overflowOf,
  startBrowser,
  type TestBrowser,
} from "./browser.ts";

if (browserAbsence !== null) console.warn(`skipped: the web pages. ${browserAbsence}`);

const PEOPLE = { olga: ["sre"], dev: ["developers"], dba: ["dba"] } as const;

const RULES = `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: look, with: {word: hello}}
  - {name: watch, mode: observe, matchers: []}
`;

const LOOK = `
name: look
title: Look at a machine
owner: team-web
tags: [web, self-service]
description: Says a word, and counts.
access: {run: ["group:sre", "group:developers"], approve: ["group:dba"]}
inputs:
  word: {type: string, pattern: "[a-z]+", title: Which word, help: Small letters only}
  size: {type: choice, options: [small, large], default: small}
steps:
  - {id: say, target: local, effect: read, command: [echo, "\${{ inputs.word }}"]}
  - id: count
    target: local
    effect: read
    run: |
      for i in 1 2 3; do printf 'line %s \\033[31mred\\033[0m\\n' "$i"; sleep 0.3; done
`;

const ASKS = `
name: asks
title: Asks first
access: {run: ["group:developers"], approve: ["group:dba"]}
approval: {timeout: 1h}
steps:
  - {id: act, target: local, command: ["true"]}
`;

/** What counts as good (https://web.dev/articles/cls). */
const SHIFT_MAX = 0.1;

const HOSTILE = '<img src=x onerror="document.title=1">\u202e\u001b]0;x\u0007';

async function startPages(): Promise<AccessService> {
  const service = await startAccess({
    "nightshift.yml": peopleSettings(PEOPLE, 'admin: ["group:sre"], viewer: [everyone]'),
    "rules/all.yml": RULES,
    "runbooks/look.yml": LOOK,
    "runbooks/asks.yml": ASKS,
    "hosts.yml":
      "hosts:\n  - {name: web-1, address: 192.0.2.1, user: x, key: {file: /dev/null}, known_hosts: /dev/null, labels: {role: web}}\n",
  });
  const labels = {
    alertname: "Slow",
    hostile: HOSTILE,
    long: "x".repeat(8_000),
    __proto__x: "</script><script>document.title='x'</script>",
  };
  for (const name of ["Slow", "Other"])
    await fetch(`${service.app.url}/webhooks/alertmanager`, {
      method: "POST",
      body: alertmanagerBody([{ labels: { ...labels, alertname: name }, annotations: { summary: HOSTILE } }]),
    });
  return service;
}

describe.skipIf(browserAbsence !== null)("the web pages", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  async function openAs(
    service: AccessService,
    name: string,
    options: { width?: number; scheme?: "light" | "dark" } = {},
  ) {
    const header = await cookieOf(service, name);
    return browser.open({ ...options, cookie: { url: service.app.url, header } });
  }

  test("are accessible in light and dark, fit a phone, and run nothing that an alert says", async () => {
    const service = await startPages();
    const headers = { cookie: await cookieOf(service, "olga") };
    const first = async (path: string) =>
      waitFor(`something at ${path}`, async () => {
        const { json } = await ask(service, "GET", path, { headers });
        return (json["items"] as { id: string }[])[0]?.id ?? null;
      });
    const runId = await first("/runs?status=succeeded");
    const alertId = await first("/alerts");
    const start = { headers: { cookie: await cookieOf(service, "dev"), origin: service.app.url }, body: {} };
    expect((await ask(service, "POST", "/runbooks/asks/runs", start)).status).toBe(202);
    const approvalId = await first("/approvals");
    const paths = [
      "/",
      "/alerts",
      `/alerts/${alertId}`,
      "/runs",
      `/runs/${runId}`,
      "/runbooks",
      "/runbooks/look",
      "/approvals",
      `/approvals/${approvalId}`,
      "/rules",
      "/rules/act",
      "/explain?text=alertname%3DSlow",
      "/pauses",
      "/hosts",
      "/schedules",
      "/audit",
      "/tokens",
      "/status",
    ];
    const shots = process.env["NIGHTSHIFT_SCREENSHOTS"];
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
    const found: string[] = [];
    let mostShift = 0;
    for (const [width, scheme] of [
      [1440, "light"],
      [768, "dark"],
      [360, "light"],
    ] as const) {
      const { page, context, complaints } = await openAs(service, "olga", { width, scheme });
      for (const path of paths) {
        await page.goto(`${service.app.url}${path}`);
        await page.locator("h1").waitFor();
        await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
        if (shots !== undefined)
          await page.screenshot({
            path: join(shots, `${width}-${path.split("/")[1] ?? ""}-${paths.indexOf(path)}.png`),
          });
        for (const violation of await axeViolations(page))
          found.push(`${scheme} ${width} ${path} ${violation}`);
        const shift = await layoutShiftOf(page);
        if (shift > SHIFT_MAX) found.push(`${width} ${path} moves by ${shift} while it is loaded`);
        mostShift = Math.max(mostShift, shift);
        const overflow = await overflowOf(page);
        if (overflow > 0) found.push(`${width} ${path} is ${overflow} pixels too wide`);
        expect(await page.title()).toMatch(/ · Nightshift$/);
        expect(await page.locator("img[src=x]").count()).toBe(0);
      }
      expect(complaints).toEqual([]);
      await context.close();
    }
    console.log(
      `axe pages=${paths.length * 3} violations=${found.length} most_layout_shift=${mostShift.toFixed(3)}`,
    );
    expect(found).toEqual([]);
  }, 600_000);

  test("say what is not there, and lead on", async () => {
    const service = await startPages();
    const { page, complaints } = await openAs(service, "olga", { width: 360 });
    const unknown = "00000000-0000-7000-8000-000000000000";
    for (const [path, link] of [
      [`/runs/${unknown}`, "Runs"],
      [`/alerts/${unknown}`, "Alerts"],
      [`/approvals/${unknown}`, "Approvals"],
      ["/runbooks/nothing", "Runbooks"],
    ] as const) {
      await page.goto(`${service.app.url}${path}`);
      await page.getByRole("heading", { level: 1, name: "This cannot be shown" }).waitFor();
      await page.getByRole("alert").getByText("there is no").first().waitFor();
      await page.locator("main").getByRole("link", { name: link }).click();
      await page.getByRole("heading", { level: 1, name: link }).waitFor();
    }
    await page.goto(`${service.app.url}/nowhere`);
    await page.getByRole("link", { name: "What happens now" }).click();
    await page.getByRole("heading", { level: 1, name: "Now" }).waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test("a filter that was chosen is taken back by the browser, and every reason of the API can be chosen", async () => {
    const service = await startPages();
    const { page, complaints } = await openAs(service, "olga");
    await page.goto(`${service.app.url}/runs`);
    await page.getByLabel("Status").selectOption("failed");
    await page.waitForURL(/status=failed/);
    await page.goBack();
    await page.waitForURL(/\/runs$/);
    await waitFor("no status is chosen", async () => (await page.getByLabel("Status").inputValue()) === "");
    await page.goto(`${service.app.url}/alerts`);
    const reasons = page.getByLabel("Reason").locator("option");
    await waitFor("every reason", async () => (await reasons.count()) === REASONS.length + 1);
    expect(complaints).toEqual([]);
  }, 60_000);

  test("an alert arrives, its run appears, its log comes while it runs, and the bundle downloads whole", async () => {
    const service = await startPages();
    const { page, complaints } = await openAs(service, "olga");
    await page.goto(`${service.app.url}/`);
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByRole("link", { name: "look" }).first().click();
    // It opens by itself where it still runs.
    const step = page.getByRole("button", { name: /^count/ });
    const log = page.getByRole("log", { name: "stdout of count" });
    await waitFor("the log", async () => {
      if ((await step.getAttribute("aria-expanded")) === "false") await step.click();
      return log.isVisible();
    });
    await log.getByText("line 3").waitFor();
    expect(await log.locator(".ansi-red").count()).toBe(3);
    expect(await log.textContent()).not.toContain("\u001b");
    await page.locator("h1 ~ *").first().waitFor();
    // Of the run, not of its first step: the log shows the last line before the step has ended.
    await page.locator(".page-head").getByText("succeeded").waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download the bundle (zip)" }).click();
    const file = join(service.at.folder, "bundle.zip");
    await (await download).saveAs(file);
    expect(
      execFileSync("unzip", ["-p", file, "*/steps/02-count/stdout.log"], { encoding: "utf8" }),
    ).toContain("line 3");
    expect(complaints).toEqual([]);
  }, 120_000);

  test("a form says at the field what is wrong, keeps what was typed, shows the plan, and starts the run; by the keyboard alone", async () => {
    const service = await startPages();
    const { page, complaints } = await openAs(service, "dev", { width: 360 });
    await page.goto(`${service.app.url}/runbooks/look`);
    const word = page.getByLabel("Which word");
    await word.focus();
    await page.keyboard.type("WRONG 1");
    await page.keyboard.press("Enter");
    await page.locator("[aria-invalid=true]").first().waitFor();
    expect(await word.inputValue()).toBe("WRONG 1");
    await word.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("hello");
    await page.keyboard.press("Enter");
    await page.getByLabel("Plan").getByText("count").waitFor();
    await page.getByRole("button", { name: "Run it" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await page.getByText("succeeded").first().waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test("a second person approves what the first asked for, who cannot", async () => {
    const service = await startPages();
    const asking = await openAs(service, "dev");
    await asking.page.goto(`${service.app.url}/runbooks/asks`);
    await asking.page.getByRole("button", { name: "See the plan" }).click();
    await asking.page.getByRole("button", { name: "Run it" }).click();
    await asking.page.waitForURL(/\/runs\//);
    await asking.page.getByText("waits for a person").first().waitFor();
    const deciding = await openAs(service, "dba", { width: 360 });
    await deciding.page.goto(`${service.app.url}/`);
    await deciding.page.getByRole("link", { name: /^asks on/ }).click();
    await deciding.page.getByLabel("Comment").fill("go on");
    await deciding.page.getByRole("button", { name: "Approve" }).click();
    await deciding.page.getByText("approved").first().waitFor();
    await asking.page.getByText("succeeded").first().waitFor();
    const [{ id } = { id: "" }] = (
      await ask(service, "GET", "/approvals", { headers: { cookie: await cookieOf(service, "dba") } })
    ).json["items"] as { id: string }[];
    await asking.page.goto(`${service.app.url}/approvals/${id}`);
    await asking.page.getByText("It was approved.").waitFor();
    expect(await asking.page.getByRole("button", { name: "Approve" }).count()).toBe(0);
    expect([...asking.complaints, ...deciding.complaints]).toEqual([]);
  }, 120_000);

  test("a refused reload shows a banner, and a lost connection is said and made good", async () => {
    const service = await startPages();
    const { page, context } = await openAs(service, "olga");
    service.at.write({ "rules/all.yml": "rules: [{name: x}]\n" });
    expect(await service.app.reload()).not.toEqual([]);
    await page.goto(`${service.app.url}/status`);
    await page.getByText("The files on disk were refused").waitFor();
    service.at.write({ "rules/all.yml": RULES });
    expect(await service.app.reload()).toEqual([]);
    await page.getByText("The files on disk were refused").waitFor({ state: "detached", timeout: 40_000 });
    await context.setOffline(true);
    await page.getByText("Connection lost").first().waitFor({ timeout: 60_000 });
    await context.setOffline(false);
    await page.getByText("Connection lost").first().waitFor({ state: "detached", timeout: 60_000 });
  }, 240_000);
});
