// The log of a step on the run's page, in a real browser against the real service.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";
import { axeViolations, browserAbsence, overflowOf, startBrowser, type TestBrowser } from "./browser.ts";
import { lineOf, startLogService, startWithStoredLog } from "./log-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: the log viewer. ${browserAbsence}`);

const ACCESS = "target: local\naccess: {run: [everyone]}\n";
/** Prints what is written into a file, until it says so. */
const FOLLOWS = `
name: follows
${ACCESS}
inputs: {file: {type: string}}
steps:
  - {id: talk, effect: read, env: {FILE: "\${{ inputs.file }}"}, timeout: 5m, run: 'tail -n +1 -F -s 0.05 "$FILE" | sed -u "/^THE END$/q"'}
`;
const SPEAKS = `
name: speaks
${ACCESS}
inputs: {file: {type: string}}
steps:
  - {id: talk, effect: read, command: [cat, "\${{ inputs.file }}"]}
`;
const FAILS = `
name: fails
${ACCESS}
steps:
  - {id: before, effect: read, command: [echo, fine]}
  - {id: breaks, effect: read, run: "echo no such database >&2; exit 3"}
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
const NESTS = `
name: nests
${ACCESS}
inputs: {items: {type: multi_choice, options: [alpha, beta], default: [alpha, beta]}}
steps:
  - id: roll
    for_each: {in: inputs.items, as: item, steps: [{id: look, effect: read, command: [echo, "seen \${{ item }}"]}]}
`;

const TALK = "stdout of talk";
const logOf = (page: Page, name = TALK) => page.getByRole("log", { name });
const lastLine = (page: Page) =>
  page.evaluate<string>('[...document.querySelectorAll("[data-line]")].at(-1)?.lastChild.textContent ?? ""');
/** What is in view: the numbers and the texts of the lines. */
const IN_VIEW = `(() => {
  const box = document.querySelector("[role=log]");
  const { top } = box.getBoundingClientRect();
  return [...box.querySelectorAll("[data-line]")].filter((row) => {
    const { top: from, bottom: to } = row.getBoundingClientRect();
    return from > top - 1 && to < top + box.clientHeight + 1;
  }).map((row) => [Number(row.dataset.line), row.lastChild.textContent]);
})()`;
const inView = (page: Page) => page.evaluate<[number, string][]>(IN_VIEW);

describe.skipIf(browserAbsence !== null)("the log of a step", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is opened by a link to a line, which is marked and in view; another line's number changes the address", async () => {
    const { service, runId } = await startWithStoredLog(50_000);
    const { page, complaints } = await browser.open();
    await page.goto(`${service.app.url}/runs/${runId}?step=talk&stream=stdout&line=31234`);
    const chosen = page.locator("[data-chosen]");
    await chosen.getByText(lineOf(31_234), { exact: true }).waitFor();
    expect((await inView(page)).map(([line]) => line)).toContain(31_234);
    for (const [line, text] of await inView(page)) expect(text).toBe(lineOf(line));
    await page.getByLabel("Line 31230", { exact: true }).click();
    await page.waitForURL(/line=31230$/);
    expect(await chosen.count()).toBe(1);
    await page.getByLabel("Line 31233", { exact: true }).click({ modifiers: ["Shift"] });
    await page.waitForURL(/line=31230-31233$/);
    expect(await chosen.count()).toBe(4);
    // By the keyboard.
    await page.getByLabel("Go to line").fill("7");
    await page.keyboard.press("Enter");
    await page.waitForURL(/line=7$/);
    await chosen.getByText(lineOf(7), { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test("goes by wheel and keys, exactly and to both ends, wrapped and not, and is copied without numbers", async () => {
    const { service, runId } = await startWithStoredLog(500_000);
    const { page, complaints } = await browser.open({ width: 768 });
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    const box = logOf(page);
    await page.getByLabel("Line 500000", { exact: true }).waitFor();
    await box.focus();
    const firstInView = async () => (await inView(page))[0]?.[0] ?? 0;
    const reach = (line: number) =>
      waitFor(`line ${line} at the top`, async () => (await firstInView()) === line || null);
    for (const isWrapped of [false, true]) {
      if (isWrapped) await page.getByLabel("Wrap lines").click();
      await box.focus();
      await page.keyboard.press("Home");
      await reach(1);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await reach(isWrapped ? 2 : 3);
      await page.keyboard.press("End");
      await waitFor("the end", async () => (await inView(page)).at(-1)?.[0] === 500_000 || null);
    }
    // In the middle of a log that is longer than what a browser can scroll, a pixel of the wheel is a pixel.
    await page.getByLabel("Wrap lines").click();
    await page.getByLabel("Go to line").fill("250,000");
    await page.keyboard.press("Enter");
    await page.getByText(lineOf(250_000), { exact: true }).waitFor();
    await box.hover();
    const before = await firstInView();
    for (let count = 1; count <= 10; count += 1) {
      await page.mouse.wheel(0, 100);
      await reach(before + count * 5);
    }
    await page.mouse.wheel(0, -1_000);
    await reach(before);
    const copied = await page.evaluate<string>(`(() => {
      const box = document.querySelector("[role=log]");
      getSelection().selectAllChildren(box);
      return String(getSelection());
    })()`);
    expect(copied.split("\n").filter((line) => line.trim() !== "")).toEqual(
      expect.arrayContaining([lineOf(before + 1), lineOf(before + 2)]),
    );
    expect(complaints).toEqual([]);
  }, 120_000);

  test("is searched as a whole, with true counts, round at its ends, and what is found is shown", async () => {
    const { service, runId } = await startWithStoredLog(50_000);
    const { page, complaints } = await browser.open({ width: 360 });
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    await page.getByLabel("Line 50000", { exact: true }).waitFor();
    const field = page.getByRole("searchbox", { name: "Search in the log" });
    await field.fill("UPSTREAM timed");
    await field.press("Enter");
    await page.getByText("match 50 of 50").waitFor();
    await field.press("Enter");
    await page.getByText("match 1 of 50").waitFor();
    const current = page.locator("mark[data-current]");
    await current.waitFor();
    expect(await current.textContent()).toBe("upstream timed");
    expect((await inView(page)).map(([line]) => line)).toContain(1_000);
    await waitFor("the match in view", async () => {
      const [mark, box] = [await current.boundingBox(), await logOf(page).boundingBox()];
      return mark !== null && box !== null && mark.x >= box.x && mark.x + mark.width <= box.x + box.width;
    });
    await field.press("Shift+Enter");
    await page.getByText("match 50 of 50").waitFor();
    await field.press("Shift+Enter");
    await page.getByText("match 49 of 50").waitFor();
    expect((await inView(page)).map(([line]) => line)).toContain(49_000);
    await field.press("Escape");
    expect(await field.inputValue()).toBe("");
    expect(await page.locator("mark").count()).toBe(0);
    await field.fill("nowhere");
    await field.press("Enter");
    await page.getByText("no match").waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(complaints).toEqual([]);
  }, 120_000);

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

  test("shows colours and what was written last, and nothing in it acts on the page", async () => {
    const service = await startLogService({ speaks: SPEAKS });
    const text = [
      "\u001b[1;31mred",
      "still red\u001b[0m plain",
      "10%\r50%\r100%",
      "\u001b]8;;http://evil.example\u0007a link\u001b]8;;\u0007 \u001b]0;title\u0007end",
      "\u001b[2J\u001b[10;10Hmoved",
      '<img src=x onerror="document.title=1"><script>1</script>',
      "before \u202etxt.exe",
      "nul\u00001 bell\u0007 esc\u001b",
      "x".repeat(300),
    ].join("\n");
    const file = join(service.at.folder, "said");
    writeFileSync(file, text);
    const runId = await service.start("speaks", { file });
    await service.over(runId);
    for (const scheme of ["light", "dark"] as const) {
      const { page, complaints } = await browser.open({ scheme });
      await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
      await page.getByLabel("Line 9", { exact: true }).waitFor();
      const lines = (await inView(page)).map(([, line]) => line);
      expect(lines).toEqual([
        "red",
        "still red plain",
        "100%",
        "a link end",
        "moved",
        '<img src=x onerror="document.title=1"><script>1</script>',
        "before \\u202etxt.exe",
        "nul1 bell esc",
        "x".repeat(300),
      ]);
      expect(await page.locator(".ansi-red.ansi-bold").allTextContents()).toEqual(["red", "still red"]);
      expect(await page.locator("[role=log] img, [role=log] script, [role=log] a[href^=http]").count()).toBe(
        0,
      );
      expect(await page.title()).toMatch(/ · Nightshift$/);
      expect(await axeViolations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }
  }, 120_000);

  test("a line without an end is cut, says so, and is whole in the raw log, which is one click away", async () => {
    const service = await startLogService({
      long: `name: long\n${ACCESS}steps: [{id: talk, effect: read, run: "head -c 3000000 /dev/zero | tr '\\\\000' x; echo; echo after"}]`,
    });
    const runId = await service.start("long");
    await service.over(runId);
    const { page } = await browser.open();
    await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
    await page.getByText("after", { exact: true }).waitFor();
    await page.getByText("cut; the raw log has all of this line").waitFor({ state: "attached" });
    expect((await page.locator("[data-line='1']").textContent())?.length).toBeLessThan(20_000);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Raw log" }).click();
    expect((await download).suggestedFilename()).toBe("01-talk.stdout.log");
    const chunks: Buffer[] = [];
    for await (const chunk of await (await download).createReadStream())
      chunks.push(Buffer.from(chunk as Uint8Array));
    expect(Buffer.concat(chunks).byteLength).toBe(3_000_007);
  }, 120_000);

  test("of a failed step is open by itself, with the output that there is, and without taking the focus", async () => {
    const service = await startLogService({ fails: FAILS });
    const runId = await service.start("fails");
    await service.over(runId);
    for (const width of [1440, 360]) {
      const { page, complaints } = await browser.open({ width });
      await page.goto(`${service.app.url}/runs/${runId}`);
      await logOf(page, "stderr of breaks").getByText("no such database").waitFor();
      expect(await page.evaluate("scrollY")).toBe(0);
      expect(await page.evaluate("document.activeElement.tagName")).toBe("BODY");
      expect(await overflowOf(page)).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      // Another one is opened, and all of them closed, by the keyboard.
      await page.getByRole("button", { name: /^before/ }).focus();
      await page.keyboard.press("Enter");
      await logOf(page, "stdout of before").getByText("fine").waitFor();
      await page.waitForURL(/step=before$/);
      await page.keyboard.press("Enter");
      await page.getByRole("log").waitFor({ state: "detached" });
      expect(complaints).toEqual([]);
    }
  }, 120_000);

  test("steps inside of others stand below what they are for", async () => {
    const service = await startLogService({ nests: NESTS });
    const runId = await service.start("nests");
    await service.over(runId);
    const { page } = await browser.open({ width: 360 });
    await page.goto(`${service.app.url}/runs/${runId}?step=roll%2Fbeta%2Flook`);
    await logOf(page, "stdout of roll/beta/look").getByText("seen beta").waitFor();
    expect(await page.getByRole("button", { name: /^look/ }).count()).toBe(2);
    expect(await overflowOf(page)).toBe(0);
  }, 120_000);
});
