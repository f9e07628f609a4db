// What is wrong with `notifiers` and `notify` is said at its place, before anything starts.
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../src/settings/load.ts";
import { createConfigFolder } from "../catalog/folder.ts";

async function problemsOf(yaml: string): Promise<string[]> {
  await using folder = await createConfigFolder({ "nightshift.yml": yaml });
  const configFile = join(folder.path, "nightshift.yml");
  const flags = { configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const loaded = await loadSettings(flags, folder.path);
  return loaded.problems.map(({ line, column, code, message }) => `${line}:${column}: ${code}: ${message}`);
}

const route = (wording: string) =>
  `notifiers: [{name: oncall, log: {}}]\nnotify:\n  - {to: oncall, events: [failed], ${wording}}\n`;
const notifier = (text: string) => `notifiers:\n  - {name: oncall, ${text}}\n`;
const SMTP = "host: mail, from: n@example.net, to: [o@example.net]";

test.each([
  route('title: "${{ run.runbook }} ${{ alert.labels.team }}", text: "${{ notice.text }}"'),
  route('text: "${{ alert.?labels.?team.orValue(notice.title) }}"'),
  notifier('log: {}, title: "plain words"'),
  notifier("slack: {webhook_url: {env: HOOK}}"),
  notifier('slack: {token: {env: TOKEN}, channel: "#oncall"}'),
  notifier("slack: {token: {env: TOKEN}, channel: C024BE91L}"),
  notifier("pagerduty: {routing_key: {env: KEY}}"),
  notifier(`email: {${SMTP}}`),
  notifier(
    "email: {host: mail, from: Nightshift <n@example.net>, to: [o@example.net, p@example.net], tls: none, port: 2525}",
  ),
  notifier(`email: {${SMTP}, user: n, password: {env: PASSWORD}, tls: implicit}`),
])("accepts %j", async (yaml) => {
  expect(await problemsOf(yaml)).toEqual([]);
});

test.each([
  [route('title: "${{ run.rnbook }}"'), "3:52: expression-unknown-name"],
  [route('text: "a ${{ notice.title"'), "3:45: expression-syntax"],
  [notifier('log: {}, text: "${{ nobody }}"'), "2:40: expression-unknown"],
  [notifier("slack: {}"), "slack has exactly one of webhook_url and token"],
  [
    notifier("slack: {webhook_url: {env: A}, token: {env: B}}"),
    "slack has exactly one of webhook_url and token",
  ],
  [notifier("slack: {token: {env: A}}"), "a token needs a channel"],
  [notifier("slack: {webhook_url: {env: A}, channel: c}"), "the channel of a webhook_url is chosen in Slack"],
  [notifier("slack: {webhook_url: 'https://hooks.slack.com/services/x'}"), "never the secret itself"],
  [notifier("slack: {token: {env: A}, channel: '<!channel>'}"), "a channel is a name such as #oncall"],
  [notifier("pagerduty: {}"), "routing_key"],
  [notifier("email: {host: mail, from: n@example.net, to: []}"), "to"],
  [
    notifier("email: {host: mail, from: nobody, to: [o@example.net]}"),
    "write an address such as nightshift@example.net",
  ],
  [
    notifier('email: {host: mail, from: n@example.net, to: ["o@example.net\\r\\nBcc: p@example.net"]}'),
    "write an address",
  ],
  [
    notifier('email: {host: mail, from: "N\\r\\nBcc: p <n@example.net>", to: [o@example.net]}'),
    "write an address",
  ],
  [notifier(`email: {${SMTP}, user: n}`), "a user needs a password"],
  [notifier(`email: {${SMTP}, password: {env: P}}`), "a password needs a user"],
  [
    notifier(`email: {${SMTP}, user: n, password: {env: P}, tls: none}`),
    "a password is not sent without encryption",
  ],
  [notifier(`email: {${SMTP}, tls: tls}`), "starttls"],
])("refuses %j", async (yaml, message) => {
  expect((await problemsOf(yaml)).join("\n")).toContain(message);
});
