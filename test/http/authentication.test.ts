// Promise S2 over HTTP: who is not the source is refused, starts nothing and is counted; who is, is not, even while secrets change.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { alertmanagerBody } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { openRaw } from "./raw.ts";

const KEY = Buffer.from("0123456789abcdef0123456789abcdef");
const OLD_KEY = Buffer.from("fedcba9876543210fedcba9876543210");
const WHSEC = (key: Buffer) => `whsec_${key.toString("base64")}`;
const SETTINGS = `
sources:
  - {name: bearer, kind: alertmanager, auth: {bearer: [{file: new}, {file: old}]}}
  - {name: bearer-2, kind: alertmanager, auth: {bearer: {file: other}}}
  - {name: basic, kind: alertmanager, auth: {basic: {username: am, password: [{file: new}, {file: old}]}}}
  - {name: hmac, kind: grafana, auth: {hmac: {secret: [{file: new}, {file: old}]}}}
  - {name: hmac-2, kind: grafana, auth: {hmac: {secret: {file: other}}}}
  - {name: timed, kind: grafana, auth: {hmac: {secret: [{file: new}, {file: old}], timestamp_header: X-Time, tolerance: 5m}}}
  - {name: standard, kind: generic, auth: {standard_webhooks: {secret: [{file: whsec-new}, {file: whsec-old}]}}}
  - {name: standard-2, kind: generic, auth: {standard_webhooks: {secret: {file: whsec-other}}}}
`;
const FILES = {
  "nightshift.yml": SETTINGS,
  new: "new-secret-1\n",
  old: "old-secret-2",
  other: "other-secret-3",
  "whsec-new": WHSEC(KEY),
  "whsec-old": WHSEC(OLD_KEY),
  "whsec-other": WHSEC(Buffer.alloc(32, 7)),
};

const BODY = alertmanagerBody([{ labels: { alertname: "Slow" }, startsAt: "2026-03-04T11:00:00Z" }]);
/** The same JSON, written otherwise: the signature of one is not the signature of the other. */
const REWRITTEN = JSON.stringify(JSON.parse(BODY) as unknown, null, 1);

type Pairs = readonly (readonly [string, string])[];
const SIGNATURE = "X-Grafana-Alerting-Signature";
const bearer = (token: string): Pairs => [["Authorization", `Bearer ${token}`]];
const basic = (pair: string): Pairs => [["Authorization", `Basic ${Buffer.from(pair).toString("base64")}`]];
const mac = (secret: string | Buffer, text: string) => createHmac("sha256", secret).update(text);
const hmac = (secret: string, body = BODY): Pairs => [[SIGNATURE, mac(secret, body).digest("hex")]];
const nowS = (shiftS = 0) => String(Math.floor(Date.now() / 1000) + shiftS);
const timed = (secret: string, time: string, body = BODY): Pairs => [
  ["X-Time", time],
  [SIGNATURE, mac(secret, `${time}:${body}`).digest("hex")],
];
const standard = (key: Buffer, time: string, body = BODY, id = "msg_1"): Pairs => [
  ["webhook-id", id],
  ["webhook-timestamp", time],
  ["webhook-signature", `v1,${mac(key, `${id}.${time}.${body}`).digest("base64")}`],
];
const replaced = (pairs: Pairs, name: string, change: (value: string) => string): Pairs =>
  pairs.map(([key, value]) => [key, key.toLowerCase() === name.toLowerCase() ? change(value) : value]);
const doubled = (pairs: Pairs): Pairs => [...pairs, ...pairs.slice(-1)];

interface Case {
  readonly source: string;
  readonly what: string;
  readonly headers: () => Pairs;
  readonly body?: string;
}
const of = (source: string, cases: Readonly<Record<string, () => Pairs>>): Case[] =>
  Object.entries(cases).map(([what, headers]) => ({ source, what, headers }));

const ACCEPTED: readonly Case[] = [
  ...of("bearer", {
    "the new token": () => bearer("new-secret-1"),
    "the old token": () => bearer("old-secret-2"),
    "the scheme in lower case": () => [["authorization", "bearer new-secret-1"]],
  }),
  ...of("basic", {
    "the new password": () => basic("am:new-secret-1"),
    "the old password": () => basic("am:old-secret-2"),
  }),
  ...of("hmac", {
    "the new secret": () => hmac("new-secret-1"),
    "the old secret": () => hmac("old-secret-2"),
  }),
  ...of("timed", {
    "the new secret": () => timed("new-secret-1", nowS()),
    "the old secret": () => timed("old-secret-2", nowS()),
    "four minutes late": () => timed("new-secret-1", nowS(-240)),
    "four minutes early": () => timed("new-secret-1", nowS(240)),
  }),
  ...of("standard", {
    "the new key": () => standard(KEY, nowS()),
    "the old key": () => standard(OLD_KEY, nowS()),
    "signatures of two keys": () =>
      replaced(standard(KEY, nowS()), "webhook-signature", (text) => `v1,${"A".repeat(43)}= v1a,xyz ${text}`),
  }),
];

const REFUSED: readonly Case[] = [
  ...of("bearer", {
    "no header, but the token in the query": () => [],
    "an empty header": () => [["Authorization", ""]],
    "no token": () => [["Authorization", "Bearer"]],
    "a wrong token": () => bearer("wrong"),
    "a token cut short": () => bearer("new-secret-"),
    "a token with more behind it": () => bearer("new-secret-12"),
    "another source's token": () => bearer("other-secret-3"),
    "the token as basic": () => basic("new-secret-1"),
    "the header twice": () => doubled(bearer("new-secret-1")),
  }),
  ...of("basic", {
    "no header": () => [],
    "a wrong password": () => basic("am:wrong"),
    "a wrong user": () => basic("pm:new-secret-1"),
    "no colon": () => basic("amnew-secret-1"),
    "no base64": () => [["Authorization", "Basic am:new-secret-1"]],
    "the header twice": () => doubled(basic("am:new-secret-1")),
  }),
  ...of("hmac", {
    "no header (73)": () => [],
    "an empty header (74)": () => [[SIGNATURE, ""]],
    "a signature cut short (75)": () => replaced(hmac("new-secret-1"), SIGNATURE, (text) => text.slice(2)),
    "a signature of the body written otherwise (76)": () => hmac("new-secret-1", REWRITTEN),
    "upper-case hex (77)": () => replaced(hmac("new-secret-1"), SIGNATURE, (text) => text.toUpperCase()),
    "two headers (78)": () => doubled(hmac("new-secret-1")),
    "a secret that was taken out (79)": () => hmac("older-secret-0"),
    "another source's secret (82)": () => hmac("other-secret-3"),
    "a prefix": () => replaced(hmac("new-secret-1"), SIGNATURE, (text) => `sha256=${text}`),
  }),
  ...of("timed", {
    "no time": () => timed("new-secret-1", nowS()).slice(1),
    "a signature without its time": () => [["X-Time", nowS()], ...hmac("new-secret-1")],
    "another time than signed": () => replaced(timed("new-secret-1", nowS()), "X-Time", () => nowS(-2)),
    "not a number (80)": () => timed("new-secret-1", "NaN"),
    "negative (80)": () => timed("new-secret-1", `-${nowS()}`),
    "milliseconds (80)": () => timed("new-secret-1", `${nowS()}000`),
    "301 s late (80)": () => timed("new-secret-1", nowS(-302)),
    "301 s early (80)": () => timed("new-secret-1", nowS(302)),
    hexadecimal: () => timed("new-secret-1", "0x69a8a8a8"),
  }),
  ...of("standard", {
    "no headers": () => [],
    "no id": () => standard(KEY, nowS()).slice(1),
    "another id than signed": () => replaced(standard(KEY, nowS()), "webhook-id", () => "msg_2"),
    "a dot in the id": () => standard(KEY, nowS(), BODY, "msg.1"),
    "the body written otherwise": () => standard(KEY, nowS(), REWRITTEN),
    "only an asymmetric signature": () =>
      replaced(standard(KEY, nowS()), "webhook-signature", (text) => text.replace("v1,", "v1a,")),
    "302 s late": () => standard(KEY, nowS(-302)),
    "two signature headers": () => doubled(standard(KEY, nowS())),
    "another source's key": () => standard(Buffer.alloc(32, 7), nowS()),
  }),
];

const open: { app?: App; at?: ServiceFolder } = {};
beforeAll(async () => {
  open.at = createServiceFolder(FILES);
  open.app = await startService(open.at);
});
afterAll(async () => {
  await open.app?.stop();
  open.at?.remove();
});
function service(): App {
  if (open.app === undefined) throw new Error("the service did not start");
  return open.app;
}

/** Sends the headers as they are listed, also twice. */
async function deliver(source: string, headers: Pairs, body = BODY) {
  const connection = await openRaw(service().url);
  const lines = [
    ...headers,
    ["Content-Type", "application/json"],
    ["Content-Length", String(Buffer.byteLength(body))],
  ];
  const query = source === "bearer" && headers.length === 0 ? "?token=new-secret-1" : "";
  connection.send(
    `POST /webhooks/${source}${query} HTTP/1.1\r\nHost: nightshift\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    body,
  );
  const answer = await connection.answer();
  connection.socket.destroy();
  return answer;
}

async function stored(): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const table of ["delivery", "episode", "decision", "run"] as const)
    counts.push((await service().store.reader.selectFrom(table).select("id").execute()).length);
  return counts;
}

async function counted(source: string, result: string): Promise<number> {
  const metric = await service().metrics.deliveries.get();
  const found = metric.values.find(({ labels }) => labels.source === source && labels.result === result);
  return found?.value ?? 0;
}

describe("the source itself is let in", () => {
  test.each(ACCEPTED)("$source: $what", async ({ source, headers }) => {
    expect((await deliver(source, headers())).status).toBe(202);
  });
});

describe("everybody else is refused, stores nothing and is counted", () => {
  test.each(REFUSED)("$source: $what", async ({ source, headers }) => {
    const before = { stored: await stored(), refused: await counted(source, "unauthenticated") };
    const answer = await deliver(source, headers());
    expect(answer.status).toBe(401);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    // Nothing that helps with the next guess.
    expect(answer.body).not.toMatch(/secret|missing|mismatch|tolerance|malformed|doubled/);
    expect(await stored()).toEqual(before.stored);
    expect(await counted(source, "unauthenticated")).toBe(before.refused + 1);
  });

  test("a 401 says how, where HTTP has a word for it", async () => {
    expect((await deliver("bearer", bearer("wrong"))).headers["www-authenticate"]).toBe("Bearer");
    expect((await deliver("basic", [])).headers["www-authenticate"]).toMatch(/^Basic realm=/);
    expect((await deliver("hmac", [])).headers["www-authenticate"]).toBe(undefined);
  });
});

test("a delivery that is sent again inside the tolerance is answered 202 and has no effect (81)", async () => {
  const body = alertmanagerBody([{ labels: { alertname: "Replayed" }, startsAt: "2026-03-04T12:00:00Z" }]);
  for (const headers of [timed("new-secret-1", nowS(), body), standard(KEY, nowS(), body)]) {
    const source = headers.length === 2 ? "timed" : "standard";
    expect((await deliver(source, headers, body)).status).toBe(202);
    const [, episodes, decisions, runs] = await stored();
    for (let time = 0; time < 5; time += 1) expect((await deliver(source, headers, body)).status).toBe(202);
    expect((await stored()).slice(1)).toEqual([episodes, decisions, runs]);
  }
});

test("a secret that is exchanged loses nothing: both hold, then only the new one", async () => {
  const at = open.at;
  if (at === undefined) throw new Error("no folder");
  const answers = async (...tokens: string[]) => {
    const statuses: number[] = [];
    for (const token of tokens) statuses.push((await deliver("bearer-2", bearer(token))).status);
    return statuses;
  };
  expect(await answers("other-secret-3", "newest-secret-4")).toEqual([202, 401]);
  at.write({
    newest: "newest-secret-4",
    "nightshift.yml": SETTINGS.replace(
      "{bearer: {file: other}}",
      "{bearer: [{file: newest}, {file: other}]}",
    ),
  });
  expect(await service().reload()).toEqual([]);
  expect(await answers("other-secret-3", "newest-secret-4")).toEqual([202, 202]);
  at.write({ "nightshift.yml": SETTINGS.replace("{bearer: {file: other}}", "{bearer: {file: newest}}") });
  expect(await service().reload()).toEqual([]);
  expect(await answers("other-secret-3", "newest-secret-4")).toEqual([401, 202]);
});

test("a secret that cannot be read leaves the earlier settings in use", async () => {
  const at = open.at;
  if (at === undefined) throw new Error("no folder");
  at.write({ "nightshift.yml": SETTINGS.replace("{bearer: {file: other}}", "{bearer: {file: nowhere}}") });
  const problems = await service().reload();
  expect(problems.join()).toMatch(/nowhere/);
  expect((await deliver("bearer-2", bearer("newest-secret-4"))).status).toBe(202);
});

test("PROMISE S2", async () => {
  const refusals = REFUSED.length;
  const total = await Promise.all(
    ["bearer", "basic", "hmac", "timed", "standard"].map((source) => counted(source, "unauthenticated")),
  );
  expect(total.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(refusals);
  expect((await service().store.reader.selectFrom("run").select("id").execute()).length).toBe(0);
  console.log(`PROMISE S2 refused=${refusals} accepted=${ACCEPTED.length} runs=0 ok`);
});
