// A proxy that has logged people in, the link for the first admin, and people who are kept on the service.
import { describe, expect, test } from "vitest";
import { createServiceFolder, startService } from "../../support/service.ts";
import { ask, cookieOf, settingsOf, startAccess, tokenOf } from "./login-fixture.ts";

describe("a trusted proxy", () => {
  const withProxy = (from: string) =>
    startAccess({ "nightshift.yml": settingsOf(`  proxy: {from: ["${from}"]}`) });

  test("is believed about who sends a request, and about their groups", async () => {
    const service = await withProxy("127.0.0.1");
    const as = (user: string, groups: string) =>
      ask(service, "GET", "/me", { headers: { "x-forwarded-user": user, "x-forwarded-groups": groups } });
    expect((await as("paul", "operators, web")).json).toMatchObject({
      id: "user:paul",
      role: "operator",
      groups: ["operators", "web"],
      via: "proxy",
    });
    expect((await as("paul", "viewers")).json).toMatchObject({ role: "viewer", groups: ["viewers"] });
    expect((await as("paul,ada", "x")).status).toBe(401);
    expect((await ask(service, "GET", "/me")).status).toBe(401);
    const person = await service.app.store.reader.selectFrom("person").selectAll().execute();
    expect(person).toMatchObject([{ name: "paul", groups: '["viewers"]', account: "proxy" }]);
  });

  test("names people and groups in UTF-8, as proxies send them", async () => {
    const service = await withProxy("127.0.0.1");
    const latin = (text: string) => Buffer.from(text).toString("latin1");
    const headers = { "x-forwarded-user": latin("jürgen"), "x-forwarded-groups": latin("büro, operators") };
    expect((await ask(service, "GET", "/me", { headers })).json).toMatchObject({
      id: "user:jürgen",
      groups: ["büro", "operators"],
    });
  });

  test("nobody else is believed", async () => {
    const service = await withProxy("192.0.2.1");
    const headers = { "x-forwarded-user": "ada", "x-forwarded-groups": "admins" };
    expect((await ask(service, "GET", "/me", { headers })).status).toBe(401);
  });

  test("a person with a password here is nobody else for being called alike", async () => {
    const service = await withProxy("127.0.0.1");
    const headers = { cookie: await cookieOf(service, "ada"), origin: service.app.url };
    const body = { name: "paul", password: "correct horse battery", groups: ["admins"] };
    expect((await ask(service, "POST", "/users", { headers, body })).status).toBe(201);
    const taken = await ask(service, "GET", "/me", {
      headers: { "x-forwarded-user": "paul", "x-forwarded-groups": "x" },
    });
    expect([taken.status, taken.json["title"]]).toEqual([403, "Name is taken"]);
  });
});

describe("the first admin", () => {
  const start = async () => {
    const at = createServiceFolder({
      "nightshift.yml":
        "login: {}\nnotifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed]}]\n",
    });
    const app = await startService(at);
    return { at, app };
  };
  const setUp = (app: { url: string; setupUrl: string | null }, fields: Record<string, string>) =>
    fetch(`${app.url}${new URL(app.setupUrl ?? "").pathname}`, {
      method: "POST",
      body: new URLSearchParams(fields),
      redirect: "manual",
    });

  test("is made by a link that works once", async () => {
    const { at, app } = await start();
    try {
      expect(app.setupUrl).toMatch(/\/setup\/[A-Za-z0-9_-]{43}$/);
      const person = { name: "anna", password: "a long enough one" };
      expect((await setUp(app, { ...person, password: "short" })).status).toBe(422);
      expect((await setUp({ ...app, setupUrl: `http://x/setup/${"A".repeat(43)}` }, person)).status).toBe(
        403,
      );
      const both = await Promise.all([setUp(app, person), setUp(app, { ...person, name: "mallory" })]);
      expect(both.map((each) => String(each.status)).toSorted()).toEqual(["303", "403"]);
      const winner = both.find((each) => each.status === 303);
      const cookie = winner?.headers.get("set-cookie")?.split(";")[0] ?? "";
      expect((await ask({ app, at }, "GET", "/me", { headers: { cookie } })).json["role"]).toBe("admin");
      expect((await setUp(app, person)).status).toBe(403);
      const { json } = await ask({ app, at }, "GET", "/users", { headers: { cookie } });
      expect(json["items"]).toHaveLength(1);
    } finally {
      await app.stop();
      at.remove();
    }
  });

  test("a link that is none costs no more than a look: no password is hashed for it", async () => {
    const { at, app } = await start();
    try {
      const person = { name: "anna", password: "a long enough one" };
      const wrong = { ...app, setupUrl: `http://x/setup/${"A".repeat(43)}` };
      const before = process.cpuUsage();
      const answers = await Promise.all(Array.from({ length: 40 }, () => setUp(wrong, person)));
      const { user } = process.cpuUsage(before);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
      // Forty hashes take a processor about six seconds.
      expect(user / 1e6).toBeLessThan(2.5);
    } finally {
      await app.stop();
      at.remove();
    }
  });

  test("is asked for at each start until there is one, and earlier links are over", async () => {
    const { at, app } = await start();
    const first = app.setupUrl;
    await app.stop();
    const again = await startService(at);
    try {
      expect(again.setupUrl).not.toBeNull();
      expect(again.setupUrl).not.toBe(first);
      const person = { name: "anna", password: "a long enough one" };
      expect((await setUp({ url: again.url, setupUrl: first }, person)).status).toBe(403);
      expect((await setUp(again, person)).status).toBe(303);
    } finally {
      await again.stop();
    }
    const third = await startService(at);
    expect(third.setupUrl).toBeNull();
    await third.stop();
    at.remove();
  });
});

test("an admin adds people and removes them, with their sessions and tokens", async () => {
  const service = await startAccess();
  const headers = { cookie: await cookieOf(service, "ada"), origin: service.app.url };
  const add = (body: unknown) => ask(service, "POST", "/users", { headers, body });
  const made = await add({ name: "emil", password: "a long enough one", groups: ["responders"] });
  expect(made.json).toMatchObject({ name: "emil", role: "responder", via: "password" });
  expect(JSON.stringify(made.json)).not.toContain("scrypt");
  expect((await add({ name: "emil", password: "a long enough one" })).status).toBe(409);
  expect((await add({ name: "ada", password: "a long enough one" })).status).toBe(409);
  expect((await add({ name: "x y", password: "short" })).status).toBe(422);
  const cookie = await cookieOf(service, "emil", "a long enough one");
  expect((await ask(service, "DELETE", "/users/ada", { headers })).status).toBe(409);
  expect((await ask(service, "DELETE", "/users/emil", { headers })).status).toBe(200);
  expect((await ask(service, "DELETE", "/users/emil", { headers })).status).toBe(404);
  expect((await ask(service, "GET", "/me", { headers: { cookie } })).status).toBe(401);
});

test("whoever gets a name that somebody of the settings had gets none of their sessions and tokens", async () => {
  const service = await startAccess({ "nightshift.yml": settingsOf('  proxy: {from: ["127.0.0.1"]}') });
  const admin = await cookieOf(service, "ada");
  const token = await tokenOf(service, admin, "olaf", ["all"]);
  const cookie = await cookieOf(service, "olaf");
  const without = settingsOf('  proxy: {from: ["127.0.0.1"]}').replace(/^.*name: olaf.*\n/m, "");
  service.at.write({ "nightshift.yml": without });
  expect(await service.app.reload()).toEqual([]);
  const other = { "x-forwarded-user": "olaf", "x-forwarded-groups": "admins" };
  expect((await ask(service, "GET", "/me", { headers: other })).json).toMatchObject({ role: "admin" });
  expect((await ask(service, "GET", "/me", { token })).status).toBe(401);
  expect((await ask(service, "GET", "/me", { headers: { cookie } })).status).toBe(401);
});

test("access check says why, of everybody who is known", async () => {
  const service = await startAccess();
  const headers = { cookie: await cookieOf(service, "ada") };
  const answer = async (user: string) =>
    (await ask(service, "GET", `/access?user=${user}&runbook=fix`, { headers })).json;
  expect(await answer("rike")).toMatchObject({
    user: "rike",
    role: null,
    groups: ["runners"],
    answers: expect.arrayContaining([
      { what: "start a run", allowed: true, because: "access.run names group:runners" },
    ]),
  });
  expect(await answer("ada")).toMatchObject({
    answers: expect.arrayContaining([expect.objectContaining({ what: "start a run", allowed: false })]),
  });
  expect((await ask(service, "GET", "/access?user=mallory&runbook=fix", { headers })).status).toBe(404);
});
