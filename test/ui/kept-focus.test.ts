// Where whoever works by the keyboard goes on when the button that they pressed is gone, and what whoever hears the page is told.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  type AccessService,
  ask,
  cookieOf,
  type PersonName,
  startAccess,
} from "../http/login/login-fixture.ts";
import { waitFor } from "../support/wait.ts";
import { browserAbsence, startBrowser, type TestBrowser } from "./browser.ts";

if (browserAbsence !== null) console.warn(`skipped: the keyboard's focus. ${browserAbsence}`);

const FILES = {
  "runbooks/waits.yml": `
name: waits
access: {run: ["group:operators"]}
inputs: {gate: {type: string}}
steps: [{id: wait, target: local, effect: read, timeout: 10m, env: {GATE: "\${{ inputs.gate }}"}, run: 'while [ ! -e "$GATE" ]; do sleep 0.1; done'}]
`,
  "runbooks/asks.yml": `
name: asks
access: {run: ["group:operators"], approve: ["group:approvers"]}
approval: {timeout: 1h}
steps: [{id: act, target: local, command: ["true"]}]
`,
  "hosts.yml":
    "hosts:\n  - {name: web-1, address: 192.0.2.1, user: x, key: {file: /dev/null}, known_hosts: /dev/null, labels: {role: web}}\n",
};

async function send(service: AccessService, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { cookie: await cookieOf(service, "olaf"), origin: service.app.url };
  const { status, json } = await ask(service, "POST", path, { headers, body });
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`);
  return json;
}

/** Presses a button by the keyboard alone. */
async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).press("Enter");
}

const FOCUSED = "`${document.activeElement.tagName} ${document.activeElement.textContent}`";

/** What has the focus, when it is that. */
async function goesOnAt(page: Page, expected: RegExp): Promise<void> {
  await waitFor(`the focus at ${String(expected)}`, async () =>
    expected.test(await page.evaluate<string>(FOCUSED)),
  );
}

async function isTold(page: Page, sentence: string): Promise<void> {
  await page.getByRole("status").getByText(sentence, { exact: true }).waitFor();
}

describe.skipIf(browserAbsence !== null)("whoever works by the keyboard", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  async function openAs(service: AccessService, name: PersonName, path: string) {
    const header = await cookieOf(service, name);
    const opened = await browser.open({ cookie: { url: service.app.url, header } });
    await opened.page.goto(`${service.app.url}${path}`);
    return opened;
  }

  test("goes on at the title of a run that they have cancelled, and is told so; a button that stays keeps the focus", async () => {
    const service = await startAccess(FILES);
    const gate = join(service.at.folder, "gate");
    onTestFinished(() => writeFileSync(gate, ""));
    const { id } = await send(service, "/runbooks/waits/runs", { inputs: { gate } });
    const { page, complaints } = await openAs(service, "olaf", `/runs/${String(id)}`);
    await press(page, "Pin");
    await isTold(page, "It is pinned: it and its files are kept.");
    await goesOnAt(page, /^BUTTON Unpin/);
    await press(page, "Cancel");
    await press(page, "Cancel this run");
    await page.locator(".page-head").getByText("cancelled").waitFor();
    await isTold(page, "The run is cancelled.");
    await goesOnAt(page, /^H1 waits/);
    expect(complaints).toEqual([]);
  }, 60_000);

  test("goes on at the list when a pause is over, at the host when it is held or released", async () => {
    const service = await startAccess(FILES);
    await send(service, "/pauses", { name: "upgrade", scope: "all", reason: "new disks", for: "1h" });
    const { page, complaints } = await openAs(service, "olaf", "/pauses");
    await press(page, "End upgrade");
    await press(page, "End this pause");
    await isTold(page, "The pause upgrade is over.");
    await page.getByText("Nothing is paused").waitFor();
    await goesOnAt(page, /^H2 In force/);
    await page.goto(`${service.app.url}/hosts`);
    await press(page, "Hold web-1");
    await page.getByLabel("Reason").fill("its disk is changed");
    await press(page, "Hold it");
    await isTold(page, "web-1 is on hold.");
    await goesOnAt(page, /^BUTTON Release or change web-1/);
    await press(page, "Release or change web-1");
    await press(page, "Release it");
    await isTold(page, "web-1 is released.");
    await goesOnAt(page, /^BUTTON Hold web-1/);
    expect(complaints).toEqual([]);
  }, 60_000);

  test("goes on at what became of their answer", async () => {
    const service = await startAccess(FILES);
    await send(service, "/runbooks/asks/runs", {});
    const { page, complaints } = await openAs(service, "alex", "/approvals");
    await page.getByRole("link", { name: /^asks on/ }).press("Enter");
    await press(page, "Approve");
    await page.getByRole("status").getByText("It was approved.").waitFor();
    await goesOnAt(page, /^DIV It was approved/);
    expect(complaints).toEqual([]);
  }, 60_000);

  test("keeps the focus when somebody else ends what the button was for, and not when they had left it", async () => {
    const service = await startAccess(FILES);
    const gate = join(service.at.folder, "gate");
    const { id } = await send(service, "/runbooks/waits/runs", { inputs: { gate } });
    const { page, complaints } = await openAs(service, "olaf", `/runs/${String(id)}`);
    const cancel = page.getByRole("button", { name: "Cancel", exact: true });
    await cancel.focus();
    writeFileSync(gate, "");
    await cancel.waitFor({ state: "detached" });
    await goesOnAt(page, /^H1 waits/);
    const next = await send(service, "/runbooks/waits/runs", { inputs: { gate: `${gate}-2` } });
    await page.goto(`${service.app.url}/runs/${String(next["id"])}`);
    await cancel.focus();
    await page.locator(".page-head").click({ position: { x: 1, y: 1 } });
    writeFileSync(`${gate}-2`, "");
    await cancel.waitFor({ state: "detached" });
    expect(await page.locator("h1:focus").count()).toBe(0);
    // As the keyboard on the screen of a phone does when it is put away.
    const note = page.getByLabel("Note");
    await note.focus();
    await note.blur();
    await note.fill("it was the disk");
    await note.blur();
    await page.getByRole("button", { name: "Pin", exact: true }).dispatchEvent("click");
    await page.getByRole("button", { name: "Unpin", exact: true }).waitFor();
    expect([await page.locator("textarea:focus").count(), complaints]).toEqual([0, []]);
  }, 60_000);
});
