// The page of a run that is going on, in a real browser: what runs is open, and what somebody reads or has opened stays where it is.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";
import { startLogService } from "./log-fixture.ts";
import { logOf } from "./log-page.ts";

if (browserAbsence !== null) console.warn(`skipped: the page of a run that goes on. ${browserAbsence}`);

const STEPS = ["one", "two", "three", "four"] as const;
type StepName = (typeof STEPS)[number];

/** Each step ends when the file of its name is there. */
const WALKS = `
name: walks
target: local
access: {run: [everyone]}
inputs: {folder: {type: string}}
steps:
${STEPS.map(
  (id) =>
    `  - {id: ${id}, effect: ${id === "four" ? "change" : "read"}, env: {FOLDER: "\${{ inputs.folder }}"}, timeout: 5m, run: 'echo ${id} begins; while [ ! -e "$FOLDER/${id}" ]; do sleep 0.05; done; seq -f "${id} %.0f" 40'}`,
).join("\n")}
`;

const BREAKS = `
name: breaks
target: local
access: {run: [everyone]}
steps:
  - {id: look, effect: read, run: 'seq 400'}
  - {id: act, run: 'echo "${"a long way to say that it is broken, ".repeat(4)}the end" >&2; exit 1'}
  - {id: after, effect: read, command: [echo, well]}
`;

async function startWalk() {
  const service = await startLogService({ walks: WALKS });
  const folder = service.at.folder;
  const id = await service.start("walks", { folder });
  const end = (step: StepName) => writeFileSync(join(folder, step), "");
  onTestFinished(() => STEPS.forEach(end));
  return {
    url: `${service.app.url}/runs/${id}`,
    end,
    over: () => service.over(id),
  };
}

const begun = (page: Page, step: StepName) =>
  logOf(page, `stdout of ${step}`).getByText(`${step} begins`).waitFor();
const topOf = async (place: Locator) => (await place.boundingBox())?.y ?? Number.NaN;
/** A page stands between two pixels where it is scrolled by a part of one. */
const PIXEL = 1;
/** How many pixels something is away from where it was. */
const movedFrom = async (top: number, place: Locator) => Math.abs((await topOf(place)) - top);

describe.skipIf(browserAbsence !== null)("a run that goes on", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("opens by itself what runs, moves nothing that is written or read, and leaves open what ran last", async () => {
    const walk = await startWalk();
    const { page, complaints } = await browser.open();
    // The pointer lies where whoever has started the run has pressed the button, and a log opens below it.
    await page.mouse.move(700, 800);
    await page.goto(walk.url);
    await begun(page, "one");
    const note = page.getByLabel("Note");
    await note.fill("it is the disk");
    const noteTop = await topOf(note);
    walk.end("one");
    await begun(page, "two");
    await logOf(page, "stdout of one").waitFor({ state: "detached" });
    expect(await movedFrom(noteTop, note)).toBeLessThanOrEqual(PIXEL);
    const two = logOf(page, "stdout of two");
    await two.focus();
    const twoTop = await topOf(two);
    walk.end("two");
    await begun(page, "three");
    expect(await movedFrom(twoTop, two)).toBeLessThanOrEqual(PIXEL);
    expect(await page.locator("[role=log]:focus").count()).toBe(1);
    await note.focus();
    walk.end("three");
    await begun(page, "four");
    await two.waitFor({ state: "detached" });
    await page.getByText("under way: four").waitFor();
    const four = logOf(page, "stdout of four");
    const before = await four.boundingBox();
    walk.end("four");
    await page.locator(".page-head").getByText("succeeded").waitFor();
    await four.getByText("four 40").waitFor();
    expect((await four.boundingBox())?.height).toBe(before?.height);
    expect(await note.inputValue()).toBe("it is the disk");
    expect([new URL(page.url()).search, complaints]).toEqual(["", []]);
  }, 120_000);

  test("leaves what somebody has opened or closed by hand as it is, until they follow it again", async () => {
    const walk = await startWalk();
    const { page } = await browser.open({ width: 360 });
    const line = (step: StepName) => page.getByRole("button", { name: new RegExp(`^${step} `) });
    await page.goto(walk.url);
    await begun(page, "one");
    await line("one").click();
    walk.end("one");
    await waitFor("the second step", async () => (await line("two").textContent())?.includes("running"));
    expect(await page.getByRole("log").count()).toBe(0);
    await line("one").click();
    await begun(page, "one");
    await page.waitForURL(/step=one/);
    walk.end("two");
    await waitFor("the third step", async () => (await line("three").textContent())?.includes("running"));
    expect(await page.getByRole("log").count()).toBe(1);
    await page.getByRole("button", { name: "Follow what runs" }).click();
    await begun(page, "three");
    await logOf(page, "stdout of one").waitFor({ state: "detached" });
    await line("four").scrollIntoViewIfNeeded();
    const top = await topOf(line("four"));
    await line("four").click();
    expect(await movedFrom(top, line("four"))).toBeLessThanOrEqual(PIXEL);
    walk.end("three");
    walk.end("four");
    await walk.over();
    await page.locator(".page-head").getByText("succeeded").waitFor();
    await logOf(page, "stdout of four").getByText("four 40").waitFor();
  }, 120_000);

  test("that has failed leads to the log of where, which is read on a phone without scrolling sideways", async () => {
    const service = await startLogService({ breaks: BREAKS });
    const id = await service.start("breaks");
    await service.over(id);
    const { page, complaints } = await browser.open({ width: 360 });
    await page.goto(`${service.app.url}/runs/${id}?step=look`);
    await logOf(page, "stdout of look").waitFor();
    await page.getByRole("link", { name: "log is below" }).click();
    const log = logOf(page, "stderr of act");
    await log.getByText("the end").waitFor();
    await waitFor("the log to be in view", async () => {
      const { y, height } = (await log.boundingBox()) ?? { y: Number.NaN, height: 0 };
      return y > 0 && y + height < 900;
    });
    expect(await log.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(complaints).toEqual([]);
  }, 60_000);
});
