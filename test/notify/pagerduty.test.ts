// PagerDuty: one incident an alert, updated by later notices, resolved by the alert's end, unless a person has to look all the same.
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createPagerDutyNotifier } from "../../src/notify/pagerduty.ts";
import { never, notice, notifierParts } from "./memory.ts";
import { ROUTING_KEY, startPagerDuty } from "./pagerduty-server.ts";

async function setUp(routingKey = ROUTING_KEY) {
  const pagerDuty = await startPagerDuty();
  const options = { ...notifierParts(), routingKey, url: pagerDuty.eventsUrl };
  const notifier = createPagerDutyNotifier(options);
  const send = (event: string, title = event) => notifier.send(notice({ event, title }), never);
  return { pagerDuty, notifier, send };
}

test("opens an incident that later notices update and the alert's end resolves", async () => {
  const { pagerDuty, send } = await setUp();
  for (const event of ["failed", "no_effect", "recovered"]) await send(event);
  expect(pagerDuty.incidents).toEqual([
    { key: "nightshift:thread-1", status: "resolved", summaries: ["failed", "no_effect"] },
  ]);
});

test("says what has happened, how bad it is, and where to read more", async () => {
  const { pagerDuty, notifier } = await setUp();
  await notifier.send(notice(), never);
  expect(pagerDuty.events[0]).toEqual({
    routing_key: ROUTING_KEY,
    event_action: "trigger",
    dedup_key: "nightshift:thread-1",
    client: "Nightshift",
    client_url: notice().url,
    links: [{ href: notice().url, text: "Open in Nightshift" }],
    payload: {
      summary: notice().title,
      source: "nightshift.example.net",
      severity: "error",
      class: "failed",
      custom_details: { text: notice().text, event: "failed", run: "1" },
    },
  });
});

test.each([
  ["interrupted", "critical"],
  ["worse", "critical"],
  ["ladder", "critical"],
  ["failed", "error"],
  ["step", "error"],
  ["unknown", "warning"],
  ["approval", "warning"],
])("%s is %s", async (event, severity) => {
  const { pagerDuty, send } = await setUp();
  await send(event);
  expect(pagerDuty.events[0]?.payload?.severity).toBe(severity);
});

test.each(["recovered", "fixed"])("%s resolves nothing where nothing was opened", async (event) => {
  const { pagerDuty, send } = await setUp();
  await send(event);
  expect(pagerDuty.seen).toEqual([]);
});

test.each(["interrupted", "breaker_open"])("after %s the incident stays for a person", async (event) => {
  const { pagerDuty, send } = await setUp();
  for (const each of ["failed", event, "no_effect", "recovered"]) await send(each);
  expect(pagerDuty.incidents.map(({ status }) => status)).toEqual(["triggered"]);
});

test("what comes after a resolve opens a new incident, which is resolved as well", async () => {
  const { pagerDuty, send } = await setUp();
  for (const each of ["failed", "recovered", "failed", "recovered", "recovered"]) await send(each);
  expect(pagerDuty.incidents.map(({ status }) => status)).toEqual(["resolved", "resolved"]);
  expect(pagerDuty.seen).toHaveLength(4);
});

test("an incident whose opening was not answered is resolved all the same", async () => {
  const { pagerDuty, send } = await setUp();
  pagerDuty.answers.push({ status: 500 });
  await expect(send("failed")).rejects.toMatchObject({ isRetryable: true });
  await send("recovered");
  expect(pagerDuty.events.map(({ event_action: action }) => action)).toEqual(["resolve"]);
});

test("a summary that is too long is cut, not refused", async () => {
  const { pagerDuty, send } = await setUp();
  await send("failed", "x".repeat(5_000));
  expect(pagerDuty.incidents[0]?.summaries[0]).toMatch(/^x{1023}…$/);
});

test("repeats what PagerDuty says is wrong, and waits for as long as it asks", async () => {
  const { pagerDuty, send } = await setUp("too-short-a-key");
  await expect(send("failed")).rejects.toMatchObject({
    message:
      "notifier oncall: the receiver answered HTTP 400 (Length of 'routing_key' is incorrect (should be 32 characters))",
    isRetryable: false,
  });
  pagerDuty.answers.push({ status: 429, headers: { "retry-after": "7" } });
  await expect(send("failed")).rejects.toMatchObject({ isRetryable: true, retryAfterMs: 7_000 });
});

test("an error does not hold the routing key", async () => {
  const { pagerDuty, send } = await setUp();
  pagerDuty.answers.push({ status: 400 });
  const error: unknown = await send("failed").catch((failure: unknown) => failure);
  expect(error).toMatchObject({ name: "NotifierError" });
  expect(inspect(error, { depth: 10 })).not.toContain(ROUTING_KEY);
});
