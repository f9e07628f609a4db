// The pages of rules, of what they would do, and of pauses, in a real browser against the real service.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { axeViolations, browserAbsence, knowsWhoLooks, startBrowser, type TestBrowser } from "./browser.ts";
import { firstOf, list, openAs, post, startRules } from "./rules-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: the pages of rules. ${browserAbsence}`);

const LIMIT_MS = 120_000;

describe.skipIf(browserAbsence !== null)("the pages of rules", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test(
    "rules say in their order what they match, what they did and what held them back",
    async () => {
      const service = await startRules();
      await post(service, [{ labels: { alertname: "Cooling", instance: "a" } }]);
      await firstOf(service, "/runs?rule=cooling&status=succeeded");
      await post(service, [{ labels: { alertname: "Cooling", instance: "b" } }]);
      await firstOf(service, "/alerts?reason=cooldown");
      const { page, complaints } = await openAs(browser, service, "vera");
      await page.goto(`${service.app.url}/rules`);
      const rows = page.getByRole("table", { name: "Rules" }).getByRole("row");
      await rows.nth(3).getByText('alertname="Cooling"').waitFor();
      await rows.nth(3).getByRole("link", { name: "cooldown 1" }).waitFor();
      await page.getByText("30 days").click();
      await page.waitForURL(/days=30/);
      await rows.nth(3).getByRole("link", { name: "cooldown 1" }).click();
      await page.waitForURL(/reason=cooldown/);
      await page.getByText("delayed: cooldown").waitFor();
      await page.getByRole("link", { name: "cooling", exact: true }).first().click();
      await page.waitForURL(/\/rules\/cooling$/);
      await page.getByText("cooldown: 1h after a run for the same group").waitFor();
      const source = page.getByRole("region", { name: "Text of the rule" });
      await source.getByText("name: cooling").waitFor();
      const [{ line } = { line: 0 }] = (await list(service, "/rules")).filter(
        ({ name }) => name === "cooling",
      );
      // The numbers are no part of the text, so that they are not copied with it.
      expect(await source.getAttribute("style")).toContain(`counter-reset: line ${Number(line) - 1}`);
      await page.getByRole("link", { name: "say" }).first().waitFor();
      await knowsWhoLooks(page);
      expect(await page.getByText("Pause this rule").count()).toBe(0);
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "an open breaker says why with its run, and an operator resets it after being asked",
    async () => {
      const service = await startRules();
      await post(service, [{ labels: { alertname: "Broken", instance: "a" } }]);
      const isOpen = async () => {
        const rule = (await list(service, "/rules")).find(({ name }) => name === "breaks");
        return (rule?.["breaker"] as { state: string } | undefined)?.state === "open";
      };
      await waitFor("the breaker to open", isOpen, 30_000);
      const viewing = await openAs(browser, service, "rosa");
      await viewing.page.goto(`${service.app.url}/rules/breaks`);
      await viewing.page.getByText("Operators reset it").waitFor();
      expect(await viewing.page.getByRole("button", { name: "Reset the breaker" }).count()).toBe(0);
      const { page, complaints } = await openAs(browser, service, "olga");
      await page.goto(`${service.app.url}/rules/breaks`);
      await page.getByText("breaker open").first().waitFor();
      const { id } = await firstOf(service, "/runs?rule=breaks");
      expect(await page.getByRole("link", { name: "this run" }).getAttribute("href")).toBe(
        `/runs/${String(id)}`,
      );
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole("button", { name: "Reset the breaker" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Reset it now" }).waitFor();
      expect(await isOpen()).toBe(true);
      await page.getByRole("button", { name: "Reset it now" }).click();
      await page.getByText("The breaker is reset").waitFor();
      await page.getByText("breaker closed").first().waitFor();
      expect(await isOpen()).toBe(false);
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "labels, a payload and a time are explained, the address keeps what was asked, and what is wrong is said with its line",
    async () => {
      const service = await startRules();
      const { page, complaints } = await openAs(browser, service, "rosa");
      await page.goto(`${service.app.url}/explain`);
      const text = page.getByLabel("Labels, or the body of a webhook");
      const explain = page.getByRole("button", { name: "Explain" });
      await explain.click();
      await page.getByText("Paste labels first").waitFor();
      await text.fill('alertname: WebSlow\ninstance = web-2:9100\nteam=~"web"');
      await explain.click();
      await page.getByText("line 3: team has a matcher").waitFor();
      expect(await text.inputValue()).toContain("instance = web-2:9100");
      expect(await axeViolations(page)).toEqual([]);
      await text.fill("alertname: WebSlow\ninstance = web-2:9100\nteam=web");
      await page.getByLabel("Comes from source").selectOption("grafana");
      await explain.click();
      await page.getByText("it is for source alertmanager, and the alert came by grafana").waitFor();
      await page.getByText("No rule would match").waitFor();
      await page.getByLabel("Comes from source").selectOption("alertmanager");
      await explain.click();
      await page.getByText("It would ask people about restart-web").waitFor();
      const rules = page.getByRole("list", { name: "Rules in the order in which they are tried" });
      await rules.getByText('team="db" does not fit: the alert has team="web"').waitFor();
      await rules.getByText("is not tried: rule web-slow takes the alert").first().waitFor();
      await page.getByText("only reads").waitFor();
      // The address is all that somebody else needs.
      const address = page.url();
      const other = await openAs(browser, service, "olga", { width: 360 });
      await other.page.goto(address);
      await other.page.getByText("It would ask people about restart-web").waitFor();
      expect(await other.page.getByLabel("Labels, or the body of a webhook").inputValue()).toContain(
        "team=web",
      );
      await page.getByLabel("At, or now").fill("2026-01-02T03:04:05");
      await explain.click();
      await page.locator('time[datetime^="2026-01-02T"]').first().waitFor();
      await text.fill('{"alerts": [\n {"labels": {"alertname": "Watched"}}\n {}]}');
      await explain.click();
      await page.getByText("line 3: this is no JSON").waitFor();
      const alerts = ["Watched", "Unknown"].map((alertname) => ({
        status: "firing",
        labels: { alertname },
        annotations: { long: "x".repeat(5_000) },
        startsAt: new Date().toISOString(),
      }));
      await text.fill(JSON.stringify({ version: "4", status: "firing", alerts }));
      await explain.click();
      await page.getByText("Alert 2 of 2").waitFor();
      await page.getByText("Rule watch would only observe").waitFor();
      // Too long for an address: it is said, and nothing is cut.
      await page.getByText("It is too long for an address").waitFor();
      expect((await text.inputValue()).length).toBeGreaterThan(10_000);
      expect([...complaints, ...other.complaints]).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "of many rules those that do not match are folded, and a rule that is gone shows what it did",
    async () => {
      const service = await startRules();
      await post(service, [{ labels: { alertname: "Watched", host: "x" } }]);
      const { id } = await firstOf(service, "/alerts?rule=watch");
      const many = Array.from(
        { length: 30 },
        (_, number) => `  - {name: rule-${number}, mode: observe, matchers: ['alertname = "${number}"']}\n`,
      );
      const all = `  - {name: all, mode: observe, matchers: []}\n`;
      service.at.write({ "rules/shop.yml": `rules:\n${many.join("")}${all}` });
      expect(await service.app.reload()).toEqual([]);
      const { page, complaints } = await openAs(browser, service, "rosa");
      await page.goto(`${service.app.url}/alerts/${String(id)}`);
      const why = page.getByRole("list", { name: "Rules in the order in which they are tried" });
      await why.getByRole("link", { name: "all", exact: true }).waitFor();
      expect(await why.getByRole("listitem").count()).toBe(1);
      await page.getByRole("button", { name: "Show the 30 rules that do not match" }).click();
      await page.waitForURL(/open=rules/);
      await why.getByText('alertname="29" does not fit').waitFor();
      expect(await why.getByRole("listitem").count()).toBe(31);
      // The rule that decided then is gone: its page says so, and has what it did.
      await page.getByRole("link", { name: "watch", exact: true }).first().click();
      await page.getByText("There is no such rule in the configuration of now").waitFor();
      await page.getByRole("link", { name: "Watched" }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "a paused rule starts nothing for a new alert, and does again when the pause is ended",
    async () => {
      const service = await startRules();
      const { page, complaints } = await openAs(browser, service, "olga");
      await page.goto(`${service.app.url}/rules/cooling`);
      await page.getByRole("link", { name: "Pause this rule" }).click();
      await page.waitForURL(/\/pauses\?scope=rule/);
      await page.getByRole("button", { name: "Pause", exact: true }).click();
      await page.getByText("say why; people will ask").waitFor();
      await page.getByLabel("Name").fill("upgrade");
      await page.getByLabel("Reason").fill("we replace the load balancer");
      await page.getByRole("button", { name: "Pause", exact: true }).click();
      const rows = page.getByRole("table", { name: "Pauses" }).getByRole("row");
      await rows.nth(1).getByText("stops rule cooling").waitFor();
      await rows
        .nth(1)
        .getByText(/^in (59|1)/)
        .waitFor();
      await post(service, [{ labels: { alertname: "Cooling", instance: "a" } }]);
      const { decision } = await firstOf(service, "/alerts?rule=cooling");
      expect(decision).toMatchObject({ kind: "delayed", reason: "paused" });
      expect(await list(service, "/runs?rule=cooling")).toEqual([]);
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole("button", { name: "End upgrade" }).click();
      await page.getByRole("button", { name: "End this pause" }).click();
      await page.getByText("Nothing is paused").waitFor();
      await firstOf(service, "/runs?rule=cooling&status=succeeded");
      await page.getByRole("switch", { name: "also those that are over" }).click();
      await page.waitForURL(/history=true/);
      await rows.nth(1).getByText("ended by user:olga").waitFor();
      expect(complaints).toEqual([]);
      const viewing = await openAs(browser, service, "vera");
      await viewing.page.goto(`${service.app.url}/pauses`);
      await viewing.page.getByText("Operators make and end pauses").waitFor();
      expect(await viewing.page.getByRole("button", { name: "Pause", exact: true }).count()).toBe(0);
    },
    LIMIT_MS,
  );
});
