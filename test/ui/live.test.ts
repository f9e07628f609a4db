// What the pages do while nobody tells them of changes, though the service answers.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

describe.skipIf(browserAbsence !== null)("the stream of changes", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("once it is lost the page says so, however often it is tried again, and catches up when it is back", async () => {
    const at = createServiceFolder({});
    onTestFinished(() => at.remove());
    const app = await startService(at);
    onTestFinished(() => app.stop());
    const { page } = await browser.open();
    let isLost = true;
    let isFirst = true;
    await page.route("**/api/v1/changes", (route) => {
      if (!isLost) return route.continue();
      if (!isFirst) return route.abort();
      isFirst = false;
      // Whoever was connected once tries again soon.
      return route.fulfill({ contentType: "text/event-stream", body: "retry: 500\n\n" });
    });
    await page.goto(`${app.url}/alerts`);
    await page.getByText("No alert was received yet").waitFor();
    await page.getByText("Connection lost").first().waitFor({ timeout: 60_000 });
    await postAlerts(app.url, [{ labels: { alertname: "Meanwhile" } }]);
    isLost = false;
    await page.getByText("Connection lost").first().waitFor({ state: "detached", timeout: 60_000 });
    await page.getByRole("link", { name: "Meanwhile" }).first().waitFor({ timeout: 20_000 });
    expect(await page.getByText("Connection lost").count()).toBe(0);
  }, 180_000);
});
