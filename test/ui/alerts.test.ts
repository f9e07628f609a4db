// The pages of alerts in a real browser, against the real service: the list with its filters, and one alert from firing to its end.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, cookieOf } from "../http/login/login-fixture.ts";
import { startSilenceSource } from "../support/silence-source.ts";
import { waitFor } from "../support/wait.ts";
import {
  axeViolations,
  browserAbsence,
  knowsWhoLooks,
  overflowOf,
  startBrowser,
  type TestBrowser,
} from "./browser.ts";
import { firstOf, list, openAs, post, startRules } from "./rules-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: the pages of alerts. ${browserAbsence}`);

const WEB_SLOW = {
  labels: { alertname: "WebSlow", instance: "web-1:9100", team: "web" },
  annotations: { summary: "web-1 is slow", runbook_url: "https://wiki.example.net/web-slow?a=1" },
  startsAt: new Date(Date.now() - 60_000).toISOString(),
};
const LIMIT_MS = 120_000;

describe.skipIf(browserAbsence !== null)("the pages of alerts", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test(
    "one alert shows on its line what happened from firing, over an approved run, to its end",
    async () => {
      const alertmanager = await startSilenceSource();
      const service = await startRules(alertmanager.url);
      await post(service, [WEB_SLOW]);
      const { id } = await firstOf(service, "/alerts?rule=web-slow");
      const { page, complaints } = await openAs(browser, service, "rosa");
      await page.goto(`${service.app.url}/alerts/${String(id)}`);
      const line = page.getByRole("group", { name: /^Line of/ });
      await page.getByText("Still fires, for").waitFor();
      await line.getByText("now").waitFor();
      await line.getByRole("link", { name: "Question" }).waitFor();
      const approval = await firstOf(service, "/approvals?status=pending");
      const answered = await ask(service, "POST", `/approvals/${String(approval["id"])}/approve`, {
        headers: { cookie: await cookieOf(service, "dba"), origin: service.app.url },
        body: { comment: "go on" },
      });
      expect(answered.status).toBe(200);
      // The page follows by itself.
      await page.getByText("restart-web succeeded", { exact: true }).waitFor();
      await post(service, [{ ...WEB_SLOW, status: "resolved" }]);
      await page.getByText("Resolved", { exact: true }).waitFor();
      await page.getByText("Still fires, for").waitFor({ state: "detached" });
      await page.getByText("Silence at alertmanager lifted").waitFor({ timeout: 60_000 });
      const told = (await page.locator("ol strong").allTextContents()).filter(
        (text, index, all) => all.indexOf(text) === index,
      );
      const order = [
        "Fires",
        "Received from alertmanager",
        "Asked people about restart-web",
        "People are asked",
        "user:dba says yes",
        "restart-web begins on local",
        "restart-web succeeded",
        "Resolved",
      ];
      expect(told.filter((text) => order.includes(text))).toEqual(order);
      for (const name of ["restart-web", "Question", "Silence"])
        await line.getByRole("link", { name }).waitFor();
      // What happened at once is one sign, told in full when it is opened.
      const sign = line.getByRole("button").first();
      await sign.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").getByText("Fires").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      const why = page.getByRole("list", { name: "Rules in the order in which they are tried" });
      await why.getByText('team="db" does not fit: the alert has team="web"').waitFor();
      await why.getByText("matches", { exact: false }).first().waitFor();
      expect(await axeViolations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "copied as curl, the delivery arrives once more",
    async () => {
      const service = await startRules();
      const labels = { alertname: 'It\'s $HOME `id` "x"', path: "C:\\temp\\n", sign: "é 例" };
      await post(service, [{ labels }]);
      const { id, repeats } = await firstOf(service, "/alerts");
      expect(repeats).toBe(0);
      const { page, context } = await openAs(browser, service, "rosa");
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.goto(`${service.app.url}/alerts/${String(id)}`);
      await page.getByRole("button", { name: "As it was received" }).click();
      // What is opened stands in the address.
      await page.waitForURL(/open=payload/);
      await page.getByRole("button", { name: "Copy as curl" }).click();
      await page.getByText("Copied").waitFor();
      const command = await page.evaluate<string>("navigator.clipboard.readText()");
      expect(command).toContain(`${service.app.url}/webhooks/alertmanager`);
      await page.getByRole("button", { name: "Show the command" }).click();
      expect(await page.getByRole("region", { name: "Command" }).textContent()).toBe(command);
      const shell = spawn("sh", ["-s"], { stdio: ["pipe", "pipe", "inherit"] });
      shell.stdin.end(`${command}\n`);
      const answer = await text(shell.stdout);
      expect(JSON.parse(answer)).toMatchObject({ alerts: 1 });
      await waitFor("the repeat", async () => {
        const all = await list(service, "/alerts");
        expect(all).toHaveLength(1);
        return all[0]?.["repeats"] === 1;
      });
    },
    LIMIT_MS,
  );

  test(
    "a replay says first what it would do, and then opens an alert that is over anew",
    async () => {
      const service = await startRules();
      await post(service, [{ labels: { alertname: "Watched", host: "x" } }]);
      await post(service, [{ labels: { alertname: "Watched", host: "x" }, status: "resolved" }]);
      const { id } = await firstOf(service, "/alerts?status=resolved");
      const { page, complaints } = await openAs(browser, service, "olga");
      await page.goto(`${service.app.url}/alerts/${String(id)}?open=replay`);
      await page.getByRole("button", { name: "Try it: what would happen" }).click();
      const would = page.getByRole("region", { name: "What would happen" });
      await would.getByText("Rule watch would only observe").waitFor();
      expect(await list(service, "/alerts")).toHaveLength(1);
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole("button", { name: "Replay it really" }).click();
      await page.getByRole("link", { name: "See what became of it" }).click();
      await page.getByText("Still fires, for").waitFor();
      expect(page.url()).not.toContain(String(id));
      expect(await list(service, "/alerts?status=firing")).toHaveLength(1);
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "a viewer sees neither payload nor replay, a responder no replay",
    async () => {
      const service = await startRules();
      await post(service, [WEB_SLOW]);
      const { id } = await firstOf(service, "/alerts");
      for (const [name, parts] of [
        ["vera", []],
        ["rosa", ["As it was received"]],
        ["olga", ["As it was received", "Replay"]],
      ] as const) {
        const { page, context, complaints } = await openAs(browser, service, name);
        await page.goto(`${service.app.url}/alerts/${String(id)}`);
        await page.getByRole("heading", { name: "Where it comes from" }).waitFor();
        for (const part of parts) await page.getByRole("button", { name: part }).waitFor();
        await knowsWhoLooks(page);
        expect(await page.locator("section h2 button").count()).toBe(parts.length);
        expect(complaints).toEqual([]);
        await context.close();
      }
    },
    LIMIT_MS,
  );

  test(
    "hundreds of alerts are found by what was done and by their labels, page by page, and the address keeps it",
    async () => {
      const service = await startRules();
      const many = Array.from({ length: 230 }, (_, number) => ({
        labels: { alertname: "Other", number: String(number), team: number % 2 === 0 ? "web" : "data" },
      }));
      await post(service, [...many, { labels: { alertname: "Watched", host: "x" } }]);
      const { page, complaints } = await openAs(browser, service, "vera");
      await page.goto(`${service.app.url}/alerts`);
      const rows = page.getByRole("table", { name: "Alerts" }).getByRole("row");
      const shown = (count: number) =>
        waitFor(`${count} alerts`, async () => (await rows.count()) === count + 1);
      await shown(50);
      await page.getByLabel("What was done").selectOption("observed");
      await shown(1);
      await rows.getByText("observed by watch").waitFor();
      await page.getByLabel("What was done").selectOption("no_match");
      await shown(50);
      // A click on a label narrows by it.
      await rows.getByRole("link", { name: "team=web" }).first().click();
      await page.waitForURL(/filter=team/);
      // What it was narrowed by before stays.
      expect(page.url()).toContain("decision=no_match");
      for (const left of [50, 15]) {
        const before = await rows.nth(1).textContent();
        await page.getByRole("button", { name: "Older" }).click();
        await page.waitForURL(/after=/);
        await waitFor("other alerts", async () => (await rows.nth(1).textContent()) !== before);
        await shown(left);
      }
      expect(await page.getByRole("button", { name: "Older" }).isDisabled()).toBe(true);
      const address = page.url();
      await page.goBack();
      await shown(50);
      await page.goto(address);
      await shown(15);
      const labels = page.getByLabel("Labels");
      await labels.fill('team=~"["');
      await page.getByText(/Labels: is a list of matchers/).waitFor();
      expect(await labels.inputValue()).toBe('team=~"["');
      await labels.fill('number="7"');
      await shown(1);
      await labels.fill('number="nothing"');
      await page.getByText("No alert matches").waitFor();
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "nothing that an alert says runs, breaks the page, or turns what stands beside it",
    async () => {
      const service = await startRules();
      const img = '<img src=x onerror="document.title=1">';
      await post(service, [
        {
          labels: {
            alertname: `Watched`,
            html: img,
            ansi: "\u001b[31mred\u001b]0;title\u0007",
            turned: "\u202eabc\u2066",
            hebrew: "שלום עולם",
            long: "x".repeat(8_192),
            [`__proto__`]: "polluted",
            ["<b>name"]: "1",
          },
          annotations: {
            summary: `${img}\u202e`,
            runbook_url: "javascript:alert(1)",
            dashboard: "https://user:pw@evil.example.net/",
            other: "data:text/html,<script>alert(1)</script>",
            good: "https://grafana.example.net/d/1",
            long: "y ".repeat(4_096),
          },
        },
      ]);
      const { id } = await firstOf(service, "/alerts");
      const found: string[] = [];
      for (const width of [1440, 360]) {
        const { page, context, complaints } = await openAs(browser, service, "olga", { width });
        const dialogs: string[] = [];
        page.on("dialog", (dialog) => {
          dialogs.push(dialog.message());
          void dialog.dismiss();
        });
        for (const path of ["/alerts", `/alerts/${String(id)}?open=payload,replay`, "/rules/watch"]) {
          await page.goto(`${service.app.url}${path}`);
          await page.locator("h1").waitFor();
          await page.getByText("Watched").first().waitFor();
          await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
          expect(await page.locator("img[src=x]").count()).toBe(0);
          expect(await page.title()).toMatch(/ · Nightshift$/);
          // Neither what turns text nor what moves a terminal is left in the page.
          expect(await page.locator("main").innerText()).not.toMatch(
            /[\u202a-\u202e\u2066-\u2069]|(?![\n\t])\p{Cc}/u,
          );
          expect(await page.locator('a[href^="javascript:"], a[href^="data:"]').count()).toBe(0);
          for (const violation of await axeViolations(page)) found.push(`${width} ${path} ${violation}`);
          const overflow = await overflowOf(page);
          if (overflow > 0) found.push(`${width} ${path} is ${overflow} pixels too wide`);
        }
        await page.goto(`${service.app.url}/alerts/${String(id)}`);
        const outer = page.locator('a[target="_blank"]');
        await outer.first().waitFor();
        expect(await outer.evaluateAll((all) => all.map((one) => one.getAttribute("href")))).toEqual([
          "https://grafana.example.net/d/1",
          "http://prometheus.example.net/graph",
        ]);
        expect(await outer.first().getAttribute("rel")).toContain("noopener");
        expect([...complaints, ...dialogs]).toEqual([]);
        await context.close();
      }
      expect(found).toEqual([]);
    },
    LIMIT_MS,
  );
});
