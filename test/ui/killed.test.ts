// The service is killed while people look at it: the pages say so, and go on by themselves when it is back.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { postAlerts } from "../support/alerts.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder } from "../support/service.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

const filesOf = (gate: string) => ({
  "rules/all.yml": `
rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: slowly}]
`,
  "runbooks/slowly.yml": `
name: slowly
steps:
  - {id: long, target: local, effect: read, on_interrupt: retry, run: "echo begun; while [ ! -e ${gate} ]; do sleep 0.1; done"}
`,
});
const BACK_MS_MAX = 30_000;

describe.skipIf(browserAbsence !== null)("a service that is killed", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is told on every page; when it is back the list and the run go on without being loaded again", async () => {
    const at = createServiceFolder();
    onTestFinished(() => at.remove());
    const gate = join(at.folder, "gate");
    at.write(filesOf(gate));
    const port = await freePort();
    const first = await startChild(at, { port });
    onTestFinished(() => first.kill());
    const list = await browser.open();
    await list.page.goto(`${first.url}/runs`);
    await postAlerts(first.url, [{ labels: { alertname: "Slow" } }]);
    const link = list.page.getByRole("link", { name: "slowly" });
    await link.waitFor({ timeout: 20_000 });
    const run = await browser.open();
    await run.page.goto(`${first.url}${await link.getAttribute("href")}`);
    await run.page.getByText("running").first().waitFor();
    // Kept by the page itself, and gone if it were loaded again.
    await run.page.getByLabel("Note").fill("still here");
    await first.kill();
    for (const { page } of [list, run])
      await page.getByText("Connection lost").first().waitFor({ timeout: BACK_MS_MAX });
    const second = await startChild(at, { port });
    onTestFinished(() => second.kill());
    for (const { page } of [list, run])
      await page.getByText("Connection lost").first().waitFor({ state: "detached", timeout: BACK_MS_MAX });
    // It runs until here, however long the pages take.
    writeFileSync(gate, "");
    await run.page.locator("h1 ~ *").getByText("succeeded").first().waitFor({ timeout: 60_000 });
    expect(await run.page.getByLabel("Note").inputValue()).toBe("still here");
    await list.page.getByRole("row").getByText("succeeded").first().waitFor({ timeout: BACK_MS_MAX });
    await postAlerts(second.url, [{ labels: { alertname: "Slow", again: "yes" } }]);
    await list.page.getByRole("row").nth(2).waitFor({ timeout: BACK_MS_MAX });
  }, 180_000);
});
