// The log of a step that goes on, in a real browser: it is followed, through a lost connection, another attempt, and a flood.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";
import { startLogService } from "./log-fixture.ts";
import { inView, lastLine, logOf } from "./log-page.ts";

if (browserAbsence !== null) console.warn(`skipped: logs that grow. ${browserAbsence}`);

const ACCESS = "target: local\naccess: {run: [everyone]}\n";
/** Prints what is written into a file, until it says so. */
const FOLLOWS = `
name: follows
${ACCESS}
inputs: {file: {type: string}}
steps:
  - {id: talk, effect: read, env: {FILE: "\${{ inputs.file }}"}, timeout: 5m, run: 'tail -n +1 -F -s 0.05 "$FILE" | sed -u "/^THE END$/q"'}
`;
/** Goes wrong as soon as the file is there, and ends well when the other one is. */
const RETRIES = `
name: retries
${ACCESS}
inputs: {folder: {type: string}}
steps:
  - id: talk
    effect: read
    retries: 1
    delay: 10ms
    env: {FOLDER: "\${{ inputs.folder }}"}
    run: |
      cd "$FOLDER"; [ -e second ] && { echo "second try"; while [ ! -e end ]; do sleep 0.05; done; exit 0; }
      echo "first try"; while [ ! -e second ]; do sleep 0.05; done; exit 1
`;
const FLOODS = `
name: floods
${ACCESS}
inputs: {gate: {type: string}}
steps:
  - {id: talk, effect: read, env: {GATE: "\${{ inputs.gate }}"}, run: 'seq -f "flood %012.0f" 1 1000000; while [ ! -e "$GATE" ]; do sleep 0.05; done; echo over'}
`;

describe.skipIf(browserAbsence !== null)("the log of a step that goes on", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is followed while it grows, until somebody scrolls up; a lost connection is said, and nothing is lost or doubled", async () => {
    const service = await startLogService({ follows: FOLLOWS });
    const file = join(service.at.folder, "growing");
    const print = (from: number, to: number) =>
      appendFileSync(file, Array.from({ length: to - from + 1 }, (_, at) => `said ${from + at}\n`).join(""));
    writeFileSync(file, "");
    const runId = await service.start("follows", { file });
    const proxy = await startTcpProxy(Number(new URL(service.app.url).port));
    onTestFinished(() => proxy.close());
    const { page } = await browser.open();
    await page.goto(`http://127.0.0.1:${proxy.port}/runs/${runId}?step=talk`);
    await page.getByText("Nothing printed yet.").waitFor();
    print(1, 200);
    const box = logOf(page);
    await box.getByText("said 200", { exact: true }).waitFor();
    await box.hover();
    await page.mouse.wheel(0, -400);
    const follow = page.getByRole("button", { name: "Follow", exact: true });
    await follow.waitFor();
    const before = await inView(page);
    print(201, 300);
    await page.getByLabel("Go to line").fill("300");
    await waitFor(
      "more lines",
      async () => (await page.locator("[role=log]").evaluate((log) => log.scrollHeight)) === 300 * 20,
    );
    expect(await inView(page)).toEqual(before);
    await follow.click();
    await box.getByText("said 300", { exact: true }).waitFor();

    proxy.refuse(true);
    await page.getByText("Connection lost, trying again").waitFor();
    print(301, 400);
    proxy.refuse(false);
    await box.getByText("said 400", { exact: true }).waitFor({ timeout: 30_000 });
    await page.getByText("Connection lost, trying again").waitFor({ state: "detached" });
    appendFileSync(file, "THE END\n");
    await service.over(runId);
    await waitFor("the end", async () => (await lastLine(page)) === "THE END" || null);
    await page.getByRole("button", { name: "To the end" }).waitFor();
    for (const line of [1, 200, 301, 390]) {
      await page.getByLabel("Go to line").fill(String(line));
      await page.keyboard.press("Enter");
      await box.getByText(`said ${line}`, { exact: true }).waitFor();
      for (const [number, text] of await inView(page))
        expect(text).toBe(number === 401 ? "THE END" : `said ${number}`);
    }
  }, 120_000);

  test("a hidden tab gives its stream back, and goes on where it was when it is seen again", async () => {
    const service = await startLogService({ follows: FOLLOWS });
    const file = join(service.at.folder, "growing");
    writeFileSync(file, "before\n");
    const runId = await service.start("follows", { file });
    const { page } = await browser.open();
    const open = new Set<string>();
    page.on("request", (request) => {
      if (/\/(events|stream)(\?|$)/.test(request.url())) open.add(new URL(request.url()).pathname);
    });
    page.on("requestfailed", (request) => void open.delete(new URL(request.url()).pathname));
    page.on("requestfinished", (request) => void open.delete(new URL(request.url()).pathname));
    const show = (isHidden: boolean) =>
      page.locator("html").evaluate(({ ownerDocument }, hidden) => {
        Object.defineProperty(ownerDocument, "hidden", { get: () => hidden, configurable: true });
        ownerDocument.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    await logOf(page).getByText("before", { exact: true }).waitFor();
    await waitFor("both streams", async () => open.size === 2 || null);
    await show(true);
    await waitFor("no stream", async () => open.size === 0 || null);
    appendFileSync(file, "meanwhile\n");
    await show(false);
    await logOf(page).getByText("meanwhile", { exact: true }).waitFor({ timeout: 30_000 });
    await waitFor("both streams again", async () => open.size === 2 || null);
    expect(await logOf(page).getByText("before", { exact: true }).count()).toBe(1);
    appendFileSync(file, "THE END\n");
    await service.over(runId);
    await waitFor("the end", async () => (await lastLine(page)) === "THE END" || null);
  }, 120_000);

  test("says that another attempt has begun, shows it, and keeps the one before", async () => {
    const service = await startLogService({ retries: RETRIES });
    const { folder } = service.at;
    const runId = await service.start("retries", { folder });
    const { page } = await browser.open();
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    await logOf(page).getByText("first try").waitFor();
    writeFileSync(join(folder, "second"), "");
    await logOf(page).getByText("second try").waitFor();
    await page.getByText("Attempt 2 has begun").waitFor();
    expect(await page.getByText("first try").count()).toBe(0);
    await page.getByLabel("Which attempt").selectOption("1");
    await logOf(page).getByText("first try").waitFor();
    await page.waitForURL(/attempt=1/);
    writeFileSync(join(folder, "end"), "");
    await service.over(runId);
    await page.reload();
    await logOf(page).getByText("first try").waitFor();
  }, 120_000);

  test("of which only beginning and end are kept has the right numbers on both sides, while it runs and afterwards", async () => {
    const service = await startLogService({ floods: FLOODS });
    const gate = join(service.at.folder, "gate");
    const runId = await service.start("floods", { gate });
    const { page, complaints } = await browser.open();
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    const flood = (line: number) => `flood ${String(line).padStart(12, "0")}`;
    const go = async (line: number) => {
      await page.getByLabel("Go to line").fill(String(line));
      await page.keyboard.press("Enter");
    };
    await page.getByText(flood(1_000_000), { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByLabel("Line 1000000", { exact: true }).waitFor();
    for (const line of [200_000, 900_000, 1]) {
      await go(line);
      await page.getByText(flood(line), { exact: true }).waitFor();
      for (const [number, text] of await inView(page)) expect(text).toBe(flood(number));
    }
    await go(500_000);
    await page.getByText("not kept: of a long log only the beginning and the end are").first().waitFor();
    writeFileSync(gate, "");
    await service.over(runId);
    await page.getByRole("button", { name: "To the end" }).click();
    await page.getByText("over", { exact: true }).waitFor();
    const end = await inView(page);
    expect(end.at(-1)?.[0]).toBeLessThan(1_000_000);
    expect(end.at(-2)?.[1]).toBe(flood(1_000_000));
    await page.getByRole("searchbox", { name: "Search in the log" }).fill("are left out here");
    await page.keyboard.press("Enter");
    await page.getByText("match 1 of 1").waitFor();
    expect(complaints).toEqual([]);
  }, 180_000);
});
