// What somebody has called a rule or a runbook has a page of its own, whatever the pages are called.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieOf, startAccess } from "../http/login/login-fixture.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

if (browserAbsence !== null) console.warn(`skipped: names of rules and runbooks. ${browserAbsence}`);

/** Words that stand in addresses of pages. */
const NAMES = ["explain", "rules", "runs", "new"] as const;

describe.skipIf(browserAbsence !== null)("the page of a rule or a runbook", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is there whatever its name is, and an earlier address of Explain leads there where no rule has that name", async () => {
    const rules = NAMES.map(
      (name) => `  - {name: ${name}, mode: observe, matchers: ['alertname = "${name}"']}`,
    );
    const service = await startAccess({
      "rules/all.yml": `rules:\n${rules.join("\n")}\n`,
      ...Object.fromEntries(
        NAMES.map((name) => [
          `runbooks/${name}.yml`,
          `name: ${name}\nsteps: [{id: say, target: local, effect: read, command: [echo, hello]}]\n`,
        ]),
      ),
    });
    const header = await cookieOf(service, "ada");
    const { page, complaints } = await browser.open({ cookie: { url: service.app.url, header } });
    for (const name of NAMES)
      for (const of of ["rules", "runbooks"]) {
        await page.goto(`${service.app.url}/${of}`);
        await page.locator("main").getByRole("link", { name, exact: true }).click();
        await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
        expect(new URL(page.url()).pathname).toBe(`/${of}/${name}`);
      }
    service.at.write({ "rules/all.yml": "rules: [{name: watch, mode: observe, matchers: []}]\n" });
    expect(await service.app.reload()).toEqual([]);
    await page.goto(`${service.app.url}/rules/explain?text=alertname%3DSlow`);
    await page.waitForURL(/\/explain\?text=/);
    await page.getByRole("heading", { level: 1, name: "Explain" }).waitFor();
    await page.getByRole("heading", { name: "What would be done" }).waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);
});
