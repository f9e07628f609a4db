// What was typed for one thing is not there for another one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { idOf, runOver, startRun, startStarts } from "../http/starts-fixture.ts";
import { waitFor } from "../support/wait.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

const NOTHING = {
  "runbooks/nothing.yml":
    'name: nothing\nsteps: [{id: nothing, target: local, effect: read, command: ["true"]}]\n',
};

describe.skipIf(browserAbsence !== null)("a page", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("a note that was begun at one run is not there at another that the browser goes back to", async () => {
    const service = await startStarts(NOTHING);
    const first = idOf(await startRun(service, "nothing", {}));
    await runOver(service, first);
    const { page } = await browser.open();
    await page.goto(`${service.app.url}/runs/${first}`);
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByRole("button", { name: "Run it again" }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/runs/") && !url.pathname.endsWith(first));
    const note = page.getByRole("textbox", { name: "Note" });
    await note.fill("about the second");
    await page.goBack();
    await page.waitForURL((url) => url.pathname.endsWith(first));
    await page.getByRole("button", { name: "Run again" }).waitFor();
    expect(await waitFor("an empty note", async () => (await note.inputValue()) === "")).toBe(true);
  }, 120_000);
});
