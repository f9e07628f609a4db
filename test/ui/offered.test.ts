// Every button that changes something is offered to those from whom the service takes it, and to nobody else. In a real browser, for one
// person of each role, on each page that has such buttons.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  PEOPLE,
  type PersonName,
  startAccess,
} from "../http/login/login-fixture.ts";
import { browserAbsence, knowsWhoLooks, startBrowser, type TestBrowser } from "./browser.ts";

if (browserAbsence !== null) console.warn(`skipped: what is offered to whom. ${browserAbsence}`);

const ACCESS = 'access: {run: ["group:runners"], approve: ["group:approvers"]}';
const FILES = {
  "rules/all.yml": `
rules:
  - {name: breaks, mode: auto, matchers: ['alertname = "Broken"'], runbook: fail, guards: {breaker: {failures: 1, within: 1h}}}
`,
  "runbooks/fail.yml": 'name: fail\nsteps: [{id: fail, target: local, command: ["false"]}]\n',
  "runbooks/tidy.yml":
    'name: tidy\naccess: {run: ["group:operators"]}\nsteps: [{id: tidy, target: local, command: ["true"]}]\n',
  "runbooks/waits.yml": `
name: waits
${ACCESS}
inputs: {gate: {type: string}}
steps: [{id: wait, target: local, effect: read, timeout: 10m, env: {GATE: "\${{ inputs.gate }}"}, run: 'while [ ! -e "$GATE" ]; do sleep 0.1; done'}]
`,
  "runbooks/asks.yml": `
name: asks
${ACCESS}
approval: {timeout: 1h}
steps: [{id: act, target: local, command: ["true"]}]
`,
  "hosts.yml":
    "hosts:\n  - {name: web-1, address: 192.0.2.1, user: x, key: {file: /dev/null}, known_hosts: /dev/null, labels: {role: web}}\n",
  "schedules.yml": 'schedules: [{name: yearly, runbook: tidy, cron: "0 12 1 1 *", time_zone: UTC}]\n',
};

const RESPONDERS: readonly PersonName[] = ["rosa", "olaf", "ada"];
const OPERATORS: readonly PersonName[] = ["olaf", "ada"];
const ADMINS: readonly PersonName[] = ["ada"];
const EVERYBODY = Object.keys(PEOPLE) as PersonName[];
/** Of the runs of this service, that rike has asked for. */
const MANAGERS: readonly PersonName[] = ["rike", ...RESPONDERS];

interface Offer {
  /** Where it stands. */
  readonly at: keyof Places;
  readonly name: string;
  /** What asks once more. */
  readonly confirm?: string;
  /** Fields that have to be filled in before. */
  readonly fill?: Readonly<Record<string, string>>;
  readonly to: readonly PersonName[];
  /** Whether the right stands behind what was sent: then it is sent as it is. Otherwise it is sent so that it changes nothing. */
  readonly isReal?: boolean;
}

/** Written from the table of docs/access.md, not from the code. */
const OFFERS: readonly Offer[] = [
  { at: "going", name: "Cancel", confirm: "Cancel this run", to: MANAGERS },
  { at: "going", name: "Pin", to: MANAGERS },
  { at: "going", name: "Add", fill: { Note: "look here" }, to: MANAGERS },
  { at: "over", name: "Run again", confirm: "Run it again", to: ["rike"] },
  { at: "alert", name: "Try it: what would happen", to: OPERATORS },
  { at: "rule", name: "Reset the breaker", confirm: "Reset it now", to: OPERATORS },
  { at: "pauses", name: "Pause", to: OPERATORS },
  { at: "pauses", name: "End upgrade", confirm: "End this pause", to: OPERATORS },
  { at: "host", name: "Hold it", to: OPERATORS },
  { at: "schedules", name: "Run yearly now", to: ["olaf"], isReal: true },
  { at: "status", name: "Reload the files", to: ADMINS },
  { at: "status", name: "Try again: It has failed", to: OPERATORS },
  { at: "explain", name: "Explain", fill: { "Labels, or the body": "alertname=Broken" }, to: RESPONDERS },
  { at: "runbook", name: "See the plan", to: ["rike"] },
  { at: "approval", name: "Approve", to: ["alex"], isReal: true },
  { at: "tokens", name: "Make it", fill: { "What it is for": "deploy" }, to: EVERYBODY, isReal: true },
  { at: "tokens", name: "Revoke deploy", to: EVERYBODY },
];

type Places = Readonly<
  Record<
    | "going"
    | "over"
    | "alert"
    | "rule"
    | "pauses"
    | "host"
    | "schedules"
    | "status"
    | "explain"
    | "runbook"
    | "approval"
    | "tokens",
    string
  >
>;

const DEAD = {
  id: "00000000-0000-7000-8000-000000000000",
  notifier: "log",
  event: "failed",
  title: "It has failed",
  run: null,
  url: "http://127.0.0.1/",
  status: "dead",
  attempts: 9,
  sent_at: null,
  given_up_at: "2026-01-01T00:00:00Z",
  next_try_at: null,
  error: "nobody answers",
};

/** Something of everything that somebody could do something with. */
async function startPlaces(service: AccessService): Promise<Places> {
  const gate = join(service.at.folder, "gate");
  onTestFinished(() => writeFileSync(gate, ""));
  const as = async (name: PersonName, method: string, path: string, body?: unknown) => {
    const headers = { cookie: await cookieOf(service, name), origin: service.app.url };
    const { status, json } = await ask(service, method, path, { headers, body });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const firstId = (path: string) =>
    waitFor(`something at ${path}`, async () => {
      const { items } = await as("ada", "GET", path);
      return (items as { id: string }[])[0]?.id ?? null;
    });
  await postAlerts(service.app.url, [{ labels: { alertname: "Broken" } }]);
  await as("olaf", "POST", "/pauses", {
    name: "upgrade",
    scope: "rule:breaks",
    reason: "new disks",
    for: "1h",
  });
  const going = await as("rike", "POST", "/runbooks/waits/runs", { inputs: { gate } });
  await as("rike", "POST", "/runbooks/fix/runs", {});
  await as("rike", "POST", "/runbooks/asks/runs", {});
  await waitFor("the breaker to open", async () => {
    const { breaker } = await as("ada", "GET", "/rules/breaks");
    return (breaker as { state: string }).state === "open";
  });
  return {
    going: `/runs/${String(going["id"])}`,
    over: `/runs/${await firstId("/runs?runbook=fix&status=succeeded")}`,
    alert: `/alerts/${await firstId("/alerts")}?open=replay`,
    rule: "/rules/breaks",
    pauses: "/pauses",
    host: "/hosts?hold=web-1",
    schedules: "/schedules",
    status: "/status",
    explain: "/explain",
    runbook: "/runbooks/fix",
    approval: `/approvals/${await firstId("/approvals?status=pending")}`,
    tokens: "/tokens",
  };
}

/** What the service answers to a button, without that anything is changed where that can be. */
async function answerTo(page: Page, { name, confirm, fill = {}, isReal = false }: Offer): Promise<number> {
  await page.route("**/api/v1/**", async (route) => {
    const request = route.request();
    if (request.method() === "GET") return route.fallback();
    const response = await route.fetch(isReal ? {} : { postData: '{"no such key": true}' });
    return route.fulfill({ response });
  });
  for (const [label, text] of Object.entries(fill))
    await page.getByRole("textbox", { name: label }).fill(text);
  const answer = page.waitForResponse((response) => response.request().method() !== "GET");
  await page.getByRole("button", { name, exact: true }).first().click();
  if (confirm !== undefined) await page.getByRole("button", { name: confirm, exact: true }).click();
  const status = (await answer).status();
  await page.unroute("**/api/v1/**");
  return status;
}

describe.skipIf(browserAbsence !== null)("what the pages offer", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("is what the service takes from whoever looks, for each role", async () => {
    const service = await startAccess(FILES);
    const places = await startPlaces(service);
    const wrong: string[] = [];
    let pressed = 0;
    for (const person of EVERYBODY) {
      const header = await cookieOf(service, person);
      const { page, context } = await browser.open({ cookie: { url: service.app.url, header } });
      await page.route("**/api/v1/notices?*", (route) =>
        person === "nora" ? route.fallback() : route.fulfill({ json: { items: [DEAD], next: null } }),
      );
      let isAt: string | null = null;
      for (const offer of OFFERS) {
        if (isAt !== offer.at) {
          await page.goto(`${service.app.url}${places[offer.at]}`);
          await page.locator("h1").waitFor();
          await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
          await knowsWhoLooks(page);
          isAt = offer.at;
        }
        const button = page.getByRole("button", { name: offer.name, exact: true }).first();
        const isMeant = offer.to.includes(person);
        if (isMeant) await button.waitFor({ timeout: 20_000 }).catch(() => {});
        const isOffered = (await button.count()) > 0;
        if (isOffered !== isMeant)
          wrong.push(`${offer.name} is ${isOffered ? "" : "not "}offered to ${person} at ${offer.at}`);
        if (!isOffered) continue;
        const status = await answerTo(page, offer);
        pressed += 1;
        isAt = null;
        if (status === 401 || status === 403) wrong.push(`${offer.name} is refused to ${person}: ${status}`);
      }
      await context.close();
    }
    console.log(`offered people=${EVERYBODY.length} offers=${OFFERS.length} pressed=${pressed}`);
    expect(wrong).toEqual([]);
  }, 600_000);
});
