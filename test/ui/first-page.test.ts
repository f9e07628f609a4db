// What a browser has to load before it shows anything: counted as it comes over the wire.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createServiceFolder, startService } from "../support/service.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

const BYTES_MAX = 300 * 1024;

describe.skipIf(browserAbsence !== null)("the first page", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is under 300 KB, comes compressed, and is kept by the browser", async () => {
    const at = createServiceFolder();
    onTestFinished(() => at.remove());
    const app = await startService(at);
    onTestFinished(() => app.stop());
    const { page, context } = await browser.open();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Network.enable");
    let bytes = 0;
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(`${app.url}/`);
    await page.getByText("Nothing is running").waitFor();
    const first = bytes;
    console.log(`first_page_bytes=${first}`);
    // Something was counted, and it was not more than it may be.
    expect(first).toBeGreaterThan(20 * 1024);
    expect(first).toBeLessThan(BYTES_MAX);
    await page.reload();
    await page.getByText("Nothing is running").waitFor();
    expect(bytes - first).toBeLessThan(first / 4);
  }, 60_000);
});
