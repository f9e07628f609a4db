// Slack: one message a notice by an incoming webhook, one thread an alert by a bot; nothing from outside means anything there.
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createSlackBotNotifier, createSlackWebhookNotifier } from "../../src/notify/slack.ts";
import { never, notice, notifierParts } from "./memory.ts";
import { HOOK, startSlack, TOKEN } from "./slack-server.ts";

async function bot(changes: { channel?: string; token?: string } = {}) {
  const slack = await startSlack();
  const parts = notifierParts();
  const options = { ...parts, channel: "#oncall", token: TOKEN, apiUrl: slack.apiUrl, ...changes };
  return { slack, parts, options, notifier: createSlackBotNotifier(options) };
}

const titled = (title: string) => notice({ title, dedupeKey: title });

test("a bot begins a thread, answers in it, and keeps its first message at the newest state", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(titled("the run failed"), never);
  await notifier.send(titled("it needs a person"), never);
  await notifier.send({ ...titled("the alert has recovered"), event: "recovered" }, never);
  const [first] = slack.messages;
  expect(slack.messages.map(({ thread, text }) => [thread, text])).toEqual([
    [null, "the alert has recovered"],
    [first?.ts, "it needs a person"],
    [first?.ts, "the alert has recovered"],
  ]);
  expect(first?.blocks.map(({ text }) => text.text)).toEqual([
    "*the alert has recovered*",
    notice().text,
    "<http://nightshift.example.net/runs/1|Open in Nightshift>",
  ]);
});

test("another alert gets a thread of its own", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(notice(), never);
  await notifier.send(notice({ thread: "thread-2" }), never);
  expect(slack.messages.map(({ thread }) => thread)).toEqual([null, null]);
});

test("a first message that somebody deleted is replaced by a new one, which then carries the thread", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(titled("one"), never);
  slack.messages.length = 0;
  await notifier.send(titled("two"), never);
  await notifier.send(titled("three"), never);
  const [first, reply] = slack.messages;
  expect([first?.thread, reply?.thread]).toEqual([null, first?.ts]);
});

test("a message that can no longer be edited still gets its replies", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(titled("one"), never);
  slack.errors.push("edit_window_closed");
  await notifier.send(titled("two"), never);
  expect(slack.messages.map(({ text }) => text)).toEqual(["one", "two"]);
});

test("a thread in the channel of earlier settings is not gone on with", async () => {
  const { slack, notifier, options } = await bot();
  await notifier.send(titled("one"), never);
  await createSlackBotNotifier({ ...options, channel: "C024BE91L" }).send(titled("two"), never);
  expect(slack.messages.map(({ thread }) => thread)).toEqual([null, null]);
});

test("a try after a reply that failed makes one reply", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(titled("one"), never);
  slack.errors.push("", "internal_error");
  await expect(notifier.send(titled("two"), never)).rejects.toMatchObject({ isRetryable: true });
  await notifier.send(titled("two"), never);
  expect(slack.messages.map(({ text }) => text)).toEqual(["two", "two"]);
});

test("an incoming webhook posts each notice", async () => {
  const slack = await startSlack();
  const notifier = createSlackWebhookNotifier({ ...notifierParts(), url: slack.hookUrl });
  await notifier.send(titled("one"), never);
  await notifier.send(titled("two"), never);
  expect(slack.messages.map(({ thread, text }) => [thread, text])).toEqual([
    [null, "one"],
    [null, "two"],
  ]);
});

const HOSTILE = "<!channel> <@U024BE7LH> <https://evil.example|click> & @here";

test.each(["bot", "webhook"])("what a label says calls nobody and links nowhere: %s", async (kind) => {
  const slack = await startSlack();
  const parts = notifierParts();
  const notifier =
    kind === "bot"
      ? createSlackBotNotifier({ ...parts, channel: "#oncall", token: TOKEN, apiUrl: slack.apiUrl })
      : createSlackWebhookNotifier({ ...parts, url: slack.hookUrl });
  await notifier.send(notice({ title: HOSTILE, text: HOSTILE, url: "http://n/a|b>c" }), never);
  const [message] = slack.messages;
  const texts = [message?.text ?? "", ...(message?.blocks ?? []).map(({ text }) => text.text)];
  const link = texts.pop();
  expect(link).toBe("<http://n/a%7Cb&gt;c|Open in Nightshift>");
  for (const text of texts) {
    expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(text).toContain("&lt;!channel&gt;");
  }
  // Neither channels nor addresses that stand in the text are looked for.
  expect(message?.blocks.every(({ text }) => text.verbatim)).toBe(true);
  expect(JSON.parse(slack.seen[0]?.body ?? "")).toMatchObject({ unfurl_links: false, unfurl_media: false });
});

test("what is too long for Slack is cut, not refused", async () => {
  const { slack, notifier } = await bot();
  await notifier.send(notice({ title: "&".repeat(2_000), text: "<".repeat(9_000) }), never);
  const lengths = slack.messages[0]?.blocks.map(({ text }) => text.text.length) ?? [];
  expect(Math.max(...lengths)).toBeGreaterThan(2_900);
  expect(slack.messages[0]?.blocks[1]?.text.text).toMatch(/&lt;…$/);
});

test.each([
  ["channel_not_found", false],
  ["invalid_auth", false],
  ["ratelimited", true],
  ["service_unavailable", true],
])("Slack's answer %s is a refusal, worth another try: %s", async (error, isRetryable) => {
  const { slack, notifier } = await bot();
  slack.errors.push(error);
  const message = `notifier oncall: Slack refused it (${error})`;
  await expect(notifier.send(notice(), never)).rejects.toMatchObject({
    code: "refused",
    isRetryable,
    message,
  });
});

test("waits for as long as Slack asks", async () => {
  const { slack, notifier } = await bot();
  slack.answers.push({ status: 429, headers: { "retry-after": "30" } });
  await expect(notifier.send(notice(), never)).rejects.toMatchObject({
    isRetryable: true,
    retryAfterMs: 30_000,
  });
});

test("an error holds neither the token nor the webhook's address, nor what the receiver answered", async () => {
  const { slack, parts, notifier } = await bot();
  slack.answers.push({ status: 500, body: TOKEN }, { status: 200, body: TOKEN }, { status: 400, body: HOOK });
  const hook = createSlackWebhookNotifier({ ...parts, url: slack.hookUrl });
  const away = createSlackWebhookNotifier({ ...parts, url: `http://127.0.0.1:1${HOOK}` });
  for (const each of [notifier, notifier, hook, away]) {
    const error: unknown = await each.send(notice(), never).then(
      () => "was sent",
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ name: "NotifierError" });
    expect(inspect(error, { depth: 10 })).not.toMatch(new RegExp(`${TOKEN}|k3yOfTheHook`));
  }
});
