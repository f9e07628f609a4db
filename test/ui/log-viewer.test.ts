// The log of a step on the run's page, in a real browser against the real service.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { axeViolations, browserAbsence, overflowOf, startBrowser, type TestBrowser } from "./browser.ts";
import { inView, logOf, rowTops } from "./log-page.ts";
import { lineOf, startLogService, startWithStoredLog } from "./log-fixture.ts";

if (browserAbsence !== null) console.warn(`skipped: the log viewer. ${browserAbsence}`);

const ACCESS = "target: local\naccess: {run: [everyone]}\n";
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
const NESTS = `
name: nests
${ACCESS}
inputs: {items: {type: multi_choice, options: [alpha, beta], default: [alpha, beta]}}
steps:
  - id: roll
    for_each: {in: inputs.items, as: item, max_failures: 5, steps: [{id: look, effect: read, command: [echo, "seen \${{ item }}"]}, {id: act, effect: read, run: "echo wrong >&2; exit 1"}]}
`;

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
    await waitFor("one chosen line", async () => (await chosen.count()) === 1);
    await page.getByLabel("Line 31233", { exact: true }).click({ modifiers: ["Shift"] });
    await page.waitForURL(/line=31230-31233$/);
    await waitFor("four chosen lines", async () => (await chosen.count()) === 4);
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
      // Before it is there, nobody knows how many rows it takes.
      await page.getByText(lineOf(1), { exact: true }).waitFor();
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
    const lines = copied.split("\n").filter((line) => line.trim() !== "");
    expect(lines).toEqual(expect.arrayContaining([lineOf(before + 1), lineOf(before + 2)]));
    expect(lines.filter((line) => !line.startsWith("2026-11-23T"))).toEqual([]);
    expect(complaints).toEqual([]);
  }, 120_000);

  test("is wrapped, and then moved by the wheel by as many pixels as it turns, to both ends", async () => {
    const service = await startLogService({ speaks: SPEAKS });
    for (const count of [30, 3_000]) {
      const file = join(service.at.folder, `words-${count}`);
      // From one row to some twenty.
      const words = (line: number) => `${line} ${"word ".repeat((line * 7_919) % 300)}`;
      writeFileSync(file, Array.from({ length: count }, (_, at) => words(at + 1)).join("\n"));
      const runId = await service.start("speaks", { file });
      await service.over(runId);
      const { page } = await browser.open({ width: 768 });
      await page.goto(`${service.app.url}/runs/${runId}?step=talk`);
      await page.getByLabel(`Line ${count}`, { exact: true }).waitFor();
      await page.getByLabel("Wrap lines").click();
      await logOf(page).hover();
      const turn = async (px: number, end: number) => {
        const before = new Map(await rowTops(page));
        await page.mouse.wheel(0, px);
        return waitFor("lines that have moved", async () => {
          const isAtEnd = (await inView(page)).some(([line]) => line === end);
          const moved = (await rowTops(page)).map(([line, top]) => top - (before.get(line) ?? Number.NaN));
          const isMoved = moved.some((by) => Math.abs(by + px) <= 1);
          const isTorn = moved.some((by) => Math.abs(by) > 1 && Math.abs(by + px) > 1);
          return isAtEnd ? "at the end" : isMoved && !isTorn ? "moved" : null;
        });
      };
      let turns = 0;
      for (let turned = ""; turned !== "at the end" && turns < 40; turns += 1) turned = await turn(-300, 1);
      if (count === 3_000) {
        await logOf(page).focus();
        await page.keyboard.press("Home");
        await logOf(page).getByText(words(1).trimEnd()).waitFor();
      }
      expect((await inView(page))[0]?.[0]).toBe(1);
      for (let again = 0; again < Math.min(turns, 15); again += 1) await turn(300, count);
      for (let again = 0; again < Math.min(turns, 15); again += 1) await turn(-300, 1);
      expect((await inView(page)).map(([line]) => line)).toContain(1);
    }
  }, 180_000);

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
    const isInView = (line: number) =>
      waitFor(`line ${line} in view`, async () => (await inView(page)).some(([shown]) => shown === line));
    await isInView(1_000);
    await waitFor("the match in view", async () => {
      const [mark, box] = [await current.boundingBox(), await logOf(page).boundingBox()];
      return mark !== null && box !== null && mark.x >= box.x && mark.x + mark.width <= box.x + box.width;
    });
    await field.press("Shift+Enter");
    await page.getByText("match 50 of 50").waitFor();
    await field.press("Shift+Enter");
    await page.getByText("match 49 of 50").waitFor();
    await isInView(49_000);
    // The search is in the address, too.
    await page.reload();
    await page.getByText("match 1 of 50").waitFor();
    await field.press("Escape");
    expect(await field.inputValue()).toBe("");
    await page.waitForURL((url) => !url.search.includes("find="));
    await page.locator("mark").first().waitFor({ state: "detached" });
    await field.fill("nowhere");
    await field.press("Enter");
    await page.getByText("no match").waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(complaints).toEqual([]);
  }, 120_000);

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
    expect(await page.getByRole("button", { name: /^(look|act)/ }).count()).toBe(4);
    expect(await overflowOf(page)).toBe(0);
    // The first that went wrong inside of the one that the run failed at.
    await page.goto(`${service.app.url}/runs/${runId}`);
    await logOf(page, "stderr of roll/alpha/act").getByText("wrong").waitFor();
    expect(await axeViolations(page)).toEqual([]);
  }, 120_000);
});
