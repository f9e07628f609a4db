import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createNotifiers } from "../../src/notify/create.ts";
import { notifiersSchema } from "../../src/notify/schema.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLog } from "../../src/platform/log.ts";

const messages = (value: unknown) => {
  const result = notifiersSchema.safeParse(value);
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};

test("accepts log and webhook, with defaults", () => {
  const webhook = { url: "https://hooks.example.net/x", secret: { env: "HOOK_SECRET" } };
  expect(
    notifiersSchema.parse([
      { name: "log", log: {} },
      { name: "oncall", webhook },
    ]),
  ).toEqual([
    { name: "log", kind: "log" },
    {
      name: "oncall",
      kind: "webhook",
      url: webhook.url,
      headers: {},
      secret: webhook.secret,
      timeoutMs: 10_000,
    },
  ]);
});

test.each([
  [[{ name: "a" }], "0: a notifier has exactly one of log, webhook, slack, email and pagerduty"],
  [
    [{ name: "a", log: {}, webhook: { url: "http://x" } }],
    "0: a notifier has exactly one of log, webhook, slack, email and pagerduty",
  ],
  [
    [
      { name: "a", log: {} },
      { name: "a", log: {} },
    ],
    "1.name: there are two notifiers called a",
  ],
  [[{ name: "a", webhook: { url: "http://x", secret: "plain" } }], "0.webhook.secret: "],
  [
    [{ name: "a", webhook: { url: "http://x", timeout: "2h" } }],
    "0.webhook.timeout: a timeout is between 1ms and 1m",
  ],
])("refuses %j", (value, message) => {
  expect(messages(value).some((each) => each.startsWith(message))).toBe(true);
});

test("a log notifier writes one line with the notice", async () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  const notifiers = await createNotifiers(notifiersSchema.parse([{ name: "log", log: {} }]), {
    log: createLog({ level: "info", format: "json", stream }),
    http: createPeerHttpClient(),
    clock: systemClock,
    trust: null,
    threads: { find: () => Promise.resolve(null), keep: () => Promise.resolve() },
    readSecret: () => Promise.reject(new Error("no secret is asked for")),
  });
  const notice = {
    event: "failed",
    title: "t",
    text: "x",
    url: "http://n",
    runId: "1",
    thread: "1",
    dedupeKey: "k",
  };
  await notifiers.get("log")?.send(notice, new AbortController().signal);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    msg: "notice",
    level: "warn",
    event: "failed",
    title: "t",
    runId: "1",
  });
});
