// Sessions in browsers (S13): what the cookie is like, which requests it is good for, and when it ends.
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait.ts";
import { type AccessService, ask, cookieOf, PASSWORD, settingsOf, startAccess } from "./login-fixture.ts";

/** Of a password that nobody here types. */
const OTHER_HASH = `scrypt$ln=4,r=8,p=1$${Buffer.alloc(16, 1).toString("base64")}$${Buffer.alloc(32, 1).toString("base64")}`;
const PAUSE = { name: "deploy", scope: "all", reason: "x", for: "1h" };

async function formLogin(
  { app }: AccessService,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = new URLSearchParams(fields);
  return fetch(`${app.url}/login`, { method: "POST", body, headers: { ...headers }, redirect: "manual" });
}

async function me(service: AccessService, cookie: string): Promise<number> {
  return (await ask(service, "GET", "/me", { headers: { cookie } })).status;
}

describe("the cookie", () => {
  test("over https is bound to the host, to https and to our own pages", async () => {
    const service = await startAccess({
      "nightshift.yml": settingsOf("", 'web: {external_url: "https://nightshift.example.net"}'),
    });
    const response = await formLogin(service, { name: "ada", password: PASSWORD });
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^__Host-nightshift=[A-Za-z0-9_-]{43}; /);
    for (const part of ["Path=/", "HttpOnly", "Secure", "SameSite=Strict"])
      expect(cookie).toContain(`; ${part}`);
    expect(cookie).not.toContain("Domain");
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    expect((await ask(service, "GET", "/me", { headers })).json).toMatchObject({
      id: "user:ada",
      role: "admin",
      via: "session",
    });
    const origin = "https://nightshift.example.net";
    expect(
      (await ask(service, "POST", "/pauses", { headers: { ...headers, origin }, body: PAUSE })).status,
    ).toBe(201);
  });

  test("is kept as a hash alone", async () => {
    const service = await startAccess();
    const secret = (await cookieOf(service, "ada")).split("=")[1] ?? "";
    const rows = await service.app.store.reader.selectFrom("session").selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test("changes nothing unless a page of ours says so, and nothing is taken from one that somebody else set", async () => {
    const service = await startAccess();
    const cookie = await cookieOf(service, "ada");
    const own = service.app.url;
    const from = async (headers: Readonly<Record<string, string>>) =>
      (await ask(service, "POST", "/pauses", { headers: { cookie, ...headers }, body: PAUSE })).status;
    expect(await from({})).toBe(403);
    for (const origin of [
      "null",
      "https://evil.example",
      own.replace("http:", "https:").replace("127.0.0.1", "evil.example"),
    ])
      expect([origin, await from({ origin })]).toEqual([origin, 403]);
    expect(await from({ origin: own, "sec-fetch-site": "same-site" })).toBe(403);
    expect(await from({ origin: own })).toBe(201);
    expect(await me(service, `nightshift=${"A".repeat(43)}`)).toBe(401);
    expect(await me(service, "nightshift=../../etc/passwd")).toBe(401);
  });

  test("is a new one at each login, and the one before is over", async () => {
    const service = await startAccess();
    const planted = `nightshift=${"A".repeat(43)}`;
    const first = await formLogin(
      service,
      { name: "ada", password: PASSWORD },
      { cookie: planted, origin: service.app.url },
    );
    const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(cookie).not.toBe(planted);
    expect(await me(service, planted)).toBe(401);
    const second = await formLogin(
      service,
      { name: "ada", password: PASSWORD },
      { cookie, origin: service.app.url },
    );
    expect(second.headers.getSetCookie().at(-1)).toMatch(/^nightshift=[A-Za-z0-9_-]{43};/);
    expect(await me(service, cookie)).toBe(401);
  });
});

describe("a session ends", () => {
  test("at the logout, on the server too", async () => {
    const service = await startAccess();
    const cookie = await cookieOf(service, "vera");
    expect(await me(service, cookie)).toBe(200);
    const out = await fetch(`${service.app.url}/logout`, {
      method: "POST",
      headers: { cookie, origin: service.app.url },
      redirect: "manual",
    });
    expect([out.status, out.headers.get("location")]).toEqual([303, "/logged-out"]);
    expect(await me(service, cookie)).toBe(401);
  });

  test("when nobody used it for its idle time, and at its end whatever is done", async () => {
    const service = await startAccess({
      "nightshift.yml": settingsOf("  session: {idle: 1s, absolute: 1h}"),
    });
    const cookie = await cookieOf(service, "vera");
    // Each question uses the session: only a pause longer than the idle time ends it.
    expect(await me(service, cookie)).toBe(200);
    await setTimeout(1_200);
    expect(await me(service, cookie)).toBe(401);
    const absolute = await startAccess({
      "nightshift.yml": settingsOf("  session: {idle: 1h, absolute: 1s}"),
    });
    const other = await cookieOf(absolute, "vera");
    await waitFor("the session to reach its end", async () => (await me(absolute, other)) === 401, 20_000);
  });

  test("when its person is taken out of the settings; and roles follow the settings at once", async () => {
    const service = await startAccess();
    const cookie = await cookieOf(service, "olaf");
    const roleOf = async () => (await ask(service, "GET", "/me", { headers: { cookie } })).json["role"];
    expect(await roleOf()).toBe("operator");
    service.at.write({ "nightshift.yml": settingsOf().replace('["operators"]', '["viewers"]') });
    expect(await service.app.reload()).toEqual([]);
    expect(await roleOf()).toBe("viewer");
    service.at.write({ "nightshift.yml": settingsOf().replace(/^.*name: olaf.*\n/m, "") });
    expect(await service.app.reload()).toEqual([]);
    expect(await me(service, cookie)).toBe(401);
  });
});

test("another password for a person ends the sessions that the earlier one opened", async () => {
  const service = await startAccess();
  const [olaf, vera] = [await cookieOf(service, "olaf"), await cookieOf(service, "vera")];
  const other = settingsOf().replace(
    /(name: olaf, password_hash: ")scrypt\$[^"]+/,
    (_, before: string) => `${before}${OTHER_HASH}`,
  );
  expect(other).not.toBe(settingsOf());
  service.at.write({ "nightshift.yml": other });
  expect(await service.app.reload()).toEqual([]);
  expect(await me(service, olaf)).toBe(401);
  expect(await me(service, vera)).toBe(200);
});

describe("the login", () => {
  test("leads back to where somebody came from, and nowhere else", async () => {
    const service = await startAccess();
    const page = await fetch(`${service.app.url}/runs/x?y=1`, {
      headers: { accept: "text/html" },
      redirect: "manual",
    });
    expect([page.status, page.headers.get("location")]).toEqual([
      303,
      "/login?return_to=%2Fruns%2Fx%3Fy%3D1",
    ]);
    const to = async (path: string) =>
      (await formLogin(service, { name: "vera", password: PASSWORD, return_to: path })).headers.get(
        "location",
      );
    expect(await to("/runs/x?y=1")).toBe("/runs/x?y=1");
    expect(await to("https://evil.example/")).toBe("/");
    expect(await to("//evil.example/")).toBe("/");
  });

  test("a link on another site is followed once more from a page of ours, which sends the cookie", async () => {
    const { app } = await startAccess();
    const answer = await fetch(`${app.url}/runs/x"><script>`, {
      headers: { accept: "text/html", "sec-fetch-site": "cross-site" },
      redirect: "manual",
    });
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toContain('<meta http-equiv="refresh" content="0; url=/runs/x');
    expect(text).not.toContain("<script");
  });

  test("says the same of a wrong name and a wrong password, and closes after ten", async () => {
    const service = await startAccess();
    const post = (name: string, password: string) =>
      ask(service, "POST", "/session", { body: { name, password } });
    const unknown = await post("nobody-at-all", "wrong");
    const wrong = await post("vera", "wrong");
    expect([unknown.status, unknown.json["detail"]]).toEqual([wrong.status, wrong.json["detail"]]);
    for (let time = 1; time < 10; time += 1) expect((await post("vera", "wrong")).status).toBe(401);
    const closed = await post("vera", PASSWORD);
    expect(closed.status).toBe(429);
    expect(Number(closed.headers.get("retry-after"))).toBeGreaterThan(60);
    expect((await post("rosa", PASSWORD)).status).toBe(200);
  });

  test("is in the audit log, and so are failures and the logout", async () => {
    const service = await startAccess();
    const cookie = await cookieOf(service, "ada");
    await ask(service, "POST", "/session", { body: { name: "vera", password: "hunter2hunter2" } });
    await ask(service, "DELETE", "/session", { headers: { cookie, origin: service.app.url } });
    const rows = await service.app.store.reader.selectFrom("audit").selectAll().orderBy("id").execute();
    const logins = rows.filter(({ action }) => action.startsWith("log"));
    expect(logins.map(({ action, principal, subject_id }) => [action, principal, subject_id])).toEqual([
      ["login", "user:ada", "ada"],
      ["login.failed", "anonymous", "vera"],
      ["logout", "user:ada", "ada"],
    ]);
    expect(JSON.stringify(rows)).not.toContain("hunter2");
  });

  test("its pages run no script and cannot be framed", async () => {
    const { app } = await startAccess();
    for (const path of ["/login", "/logged-out", "/setup/x"]) {
      const response = await fetch(`${app.url}${path}`, { headers: { accept: "text/html" } });
      const policy = response.headers.get("content-security-policy") ?? "";
      expect([path, response.status]).toEqual([path, 200]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src|unsafe/);
      expect(await response.text()).not.toMatch(/<script|\son[a-z]+=/i);
    }
  });
});
