// Promise S6: the catalogue of bad input, by its numbers, against the service as a process of its own. Nothing of it may end the process,
// be answered with an undeclared 5xx, hold the event loop, or leave the service unable to take the next good delivery. Signatures (73–82) are
// in authentication.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { BAD_BODIES } from "./bad-bodies.ts";
import { BAD_REQUESTS, SLOW } from "./bad-requests.ts";
import { createSender } from "./sender.ts";

const LIMITS = "headers_timeout: 1s, request_timeout: 2s";
const open: { service?: ChildService; at?: ServiceFolder } = {};
const tally = { cases: 0, undeclared: [] as string[] };

beforeAll(async () => {
  const settings = `sources: [{name: am, kind: alertmanager}, {name: other, kind: alertmanager}]\nlimits: {${LIMITS}}\n`;
  open.at = createServiceFolder({ "nightshift.yml": settings });
  open.service = await startChild(open.at, { port: await freePort() });
});
afterAll(async () => {
  await open.service?.kill();
  open.at?.remove();
});
function service(): ChildService {
  if (open.service === undefined) throw new Error("the service did not start");
  return open.service;
}

const sender = () => createSender(service().url);

function note(what: string, status: number): number {
  tally.cases += 1;
  if (status >= 500 && status !== 503) tally.undeclared.push(`${what}: ${status}`);
  return status;
}

/** Seconds of delay of the service's event loop since this was asked last. */
async function loopDelay(): Promise<{ p99Ms: number; maxMs: number }> {
  const text = await (await fetch(`${service().url}/metrics`)).text();
  const read = (name: string) =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, "m").exec(text)?.[1]) * 1000;
  return { p99Ms: read("p99"), maxMs: read("max") };
}

async function expectAlive(): Promise<void> {
  expect((await fetch(`${service().url}/-/healthy`)).status).toBe(200);
  expect(
    await sender().deliver(alertmanagerBody([{ labels: { alertname: "Still", n: String(tally.cases) } }])),
  ).toBe(202);
}

const rows = (isSlow: boolean) =>
  BAD_REQUESTS.filter(([number]) => SLOW.has(number) === isSlow).map(
    ([number, what, expected, send]) => [`${number} ${what}`, expected, send] as const,
  );

test.each(rows(false))("%s", { timeout: 40_000 }, async (what, expected, send) => {
  expect(expected).toContain(note(what, await send(sender())));
  await expectAlive();
});

describe("those that wait for the service's time limits, together", () => {
  test.concurrent.each(rows(true))("%s", { timeout: 40_000 }, async (what, expected, send) => {
    expect(expected).toContain(note(what, await send(sender())));
    await expectAlive();
  });
});

/** Ordinary deliveries between two cases: the delay is that of a service in use, not of one that only gets bad input. */
const ORDINARY = 25;
/** One delivery of 10,000 alerts is one transaction on the event loop's thread, and takes about 300 ms. */
const DELAY_MAX_MS = 1_000;

/** 31 ms with two cores to itself; other tests run at the same time, and take a processor away for longer than that. */
const DELAY_P99_MS = 250;

test("JSON and alerts: each is answered as it should be, and the event loop is not held", {
  timeout: 120_000,
}, async () => {
  await loopDelay();
  const wrong: string[] = [];
  for (const [number, what, expected, send] of BAD_BODIES) {
    const status = note(what, await send(sender()));
    if (!expected.includes(status)) wrong.push(`${number} ${what}: ${status}, not ${expected.join(" or ")}`);
    for (let time = 0; time < ORDINARY; time += 1) await expectAlive();
  }
  const { p99Ms, maxMs } = await loopDelay();
  console.log(
    `event loop delay over ${BAD_BODIES.length} cases: p99 ${p99Ms.toFixed(0)} ms, max ${maxMs.toFixed(0)} ms`,
  );
  expect(wrong).toEqual([]);
  expect(p99Ms).toBeLessThan(DELAY_P99_MS);
  expect(maxMs).toBeLessThan(DELAY_MAX_MS);
});

test("PROMISE S6", async () => {
  const state = await Promise.race([service().exited, Promise.resolve(null)]);
  expect(state).toBe(null);
  expect(service().log()).not.toMatch(/nobody foresaw|unhandled|uncaught/i);
  expect(tally.undeclared).toEqual([]);
  console.log(`PROMISE S6 cases=${tally.cases} crashes=0 undeclared_5xx=0 ok`);
});
