// The first page: what to do with an empty service, and that it lives.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

const FILES = {
  "rules/all.yml": `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: slowly}
  - {name: break, mode: auto, matchers: ['alertname = "Bad"'], runbook: badly}
`,
  "runbooks/slowly.yml": `
name: slowly
steps: [{id: wait, target: local, effect: read, command: [sleep, "2"]}]
`,
  "runbooks/badly.yml": `
name: badly
steps: [{id: fail, target: local, effect: read, command: ["false"]}]
`,
};

describe.skipIf(browserAbsence !== null)("the first page", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  async function start() {
    const at = createServiceFolder(FILES);
    onTestFinished(() => at.remove());
    const app = await startService(at);
    onTestFinished(() => app.stop());
    return { app, ...(await browser.open()) };
  }

  test("says how the first alert is sent; its command does, and the alert appears by itself", async () => {
    const { app, page, complaints } = await start();
    await page.goto(app.url);
    const command = await page.getByRole("region", { name: "Alert by hand" }).textContent();
    await promisify(execFile)("bash", ["-c", command ?? ""], { timeout: 20_000 });
    await page.getByRole("link", { name: "First" }).first().waitFor({ timeout: 20_000 });
    await page.getByText("No alert was received yet").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  }, 60_000);

  test("shows a run while it runs, and what failed, without being loaded again", async () => {
    const { app, page, complaints } = await start();
    await page.goto(app.url);
    await page.getByText("Nothing is running.").waitFor();
    await postAlerts(app.url, [{ labels: { alertname: "Slow" } }, { labels: { alertname: "Bad" } }]);
    const running = page.getByRole("region", { name: "Running" });
    await running.getByRole("link", { name: "slowly" }).waitFor({ timeout: 20_000 });
    await page.getByRole("link", { name: "badly", exact: true }).first().waitFor({ timeout: 20_000 });
    await page.getByText("Nothing is running.").waitFor({ timeout: 20_000 });
    expect(complaints).toEqual([]);
  }, 60_000);
});
