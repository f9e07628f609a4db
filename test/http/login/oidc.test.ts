// A login by OpenID Connect, against a provider in a process of its own: there, back, out, other groups, and everything that must not work.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { freePort, type OidcProcess, SmallBrowser, startOidcProvider } from "../../support/oidc-provider.ts";
import { waitFor } from "../../support/wait.ts";
import { type AccessService, ask, settingsOf, startAccess } from "./login-fixture.ts";

interface Stage {
  readonly service: AccessService;
  readonly provider: OidcProcess;
  readonly browser: SmallBrowser;
}

async function stage(more = ""): Promise<Stage> {
  const port = await freePort();
  const provider = await startOidcProvider(`http://127.0.0.1:${port}/login/oidc/callback`);
  const oidc = `  oidc: {issuer: "${provider.issuer}", client_id: nightshift, client_secret: {file: secret}, label: "Company login"}\n${more}`;
  const service = await startAccess(
    {
      "nightshift.yml": settingsOf(oidc, `web: {listen: "127.0.0.1:${port}"}`),
      secret: "a-secret-of-the-client",
    },
    { port },
  );
  return { service, provider, browser: new SmallBrowser() };
}

/** From our login page to the page that the provider sends the browser back to. */
async function logIn({ service, browser }: Stage, account: string, returnTo = "/runs/x") {
  const start = `${service.app.url}/login/oidc?return_to=${encodeURIComponent(returnTo)}`;
  const prompt = await browser.go(start);
  if (new URL(prompt.url).origin === service.app.url) return prompt;
  const afterLogin = prompt.text.includes('name="login"')
    ? await browser.submit(prompt, { login: account, password: "any" })
    : prompt;
  return new URL(afterLogin.url).origin === service.app.url ? afterLogin : browser.submit(afterLogin, {});
}

const me = ({ service, browser }: Stage) =>
  ask(service, "GET", "/me", { headers: { cookie: browser.cookies(service.app.url) } });

describe("a login by the provider", () => {
  test("leads there and back to where somebody wanted to go, with groups and role", async () => {
    const at = await stage();
    await at.provider.setAccount("4711", {
      preferred_username: "otto",
      groups: ["operators", "web"],
      email: "o@x",
    });
    const page = await at.browser.go(`${at.service.app.url}/login`);
    expect(page.text).toContain("Company login");
    const back = await logIn(at, "4711", "/runs/x?y=1");
    expect(new URL(back.url).pathname).toBe("/login/oidc/callback");
    expect(back.text).toContain('content="0; url=/runs/x?y=1"');
    expect((await me(at)).json).toMatchObject({
      id: "user:otto",
      role: "operator",
      groups: ["operators", "web"],
      via: "session",
    });
    const { reader } = at.service.app.store;
    expect(await reader.selectFrom("login_attempt").selectAll().execute()).toEqual([]);
    expect(await reader.selectFrom("person").selectAll().execute()).toMatchObject([
      { name: "otto", account: `${at.provider.issuer} 4711`, password_hash: null },
    ]);
  });

  test("takes the groups of the newest login, for tokens too; and the session ends here and there", async () => {
    const at = await stage();
    const groups = (...names: string[]) =>
      at.provider.setAccount("4711", { preferred_username: "otto", groups: names });
    await groups("admins");
    await logIn(at, "4711");
    const { url } = at.service.app;
    const headers = { cookie: at.browser.cookies(url), origin: url };
    const { json } = await ask(at.service, "POST", "/tokens", {
      headers,
      body: { name: "t", scopes: ["all"] },
    });
    const token = String(json["token"]);
    expect((await ask(at.service, "GET", "/me", { token })).json["role"]).toBe("admin");
    const out = await at.browser.go(`${url}/logout`, { method: "POST", headers: { origin: url } });
    expect(out.text).toContain(`${at.provider.issuer}/session/end?`);
    expect((await ask(at.service, "GET", "/me", { headers })).status).toBe(401);
    expect(at.browser.cookie(url, "nightshift")).toBeNull();
    await groups("viewers");
    await logIn(at, "4711");
    expect((await me(at)).json["role"]).toBe("viewer");
    expect((await ask(at.service, "GET", "/me", { token })).json["role"]).toBe("viewer");
  });

  test("ends with its session's time, and is asked for again", async () => {
    const at = await stage("  session: {idle: 1h, absolute: 2s}");
    await at.provider.setAccount("4711", { preferred_username: "otto", groups: ["viewers"] });
    await logIn(at, "4711");
    await waitFor("the session to end", async () => (await me(at)).status === 401, 20_000);
    const page = await at.browser.go(`${at.service.app.url}/runs/x`);
    expect(new URL(page.url).pathname).toBe("/login");
    await logIn(at, "4711");
    expect((await me(at)).status).toBe(200);
  });
});

test("an account that is called something else by now is the person it was, so that nobody is two", async () => {
  const at = await stage();
  const called = (name: string) =>
    at.provider.setAccount("4711", { preferred_username: name, groups: ["runners"] });
  await called("otto");
  await logIn(at, "4711");
  await called("otto-married");
  const renamed = { ...at, browser: new SmallBrowser() };
  expect((await logIn(renamed, "4711")).status).toBe(200);
  expect((await me(renamed)).json).toMatchObject({ id: "user:otto", groups: ["runners"] });
  const { reader } = at.service.app.store;
  expect(await reader.selectFrom("person").select("name").execute()).toEqual([{ name: "otto" }]);
});

test("who came in first, and other groups, are in the audit log; a login as before is a login alone", async () => {
  const at = await stage();
  for (const groups of [["web"], ["web"], ["web", "dba"]]) {
    await at.provider.setAccount("4711", { preferred_username: "otto", groups });
    await logIn({ ...at, browser: new SmallBrowser() }, "4711");
  }
  const rows = await at.service.app.store.reader.selectFrom("audit").selectAll().orderBy("id").execute();
  const said = rows.map(({ action, principal, detail }) => [action, principal, JSON.parse(detail)]);
  expect(said).toEqual([
    ["person.add", "user:otto", { groups: ["web"] }],
    ["login", "user:otto", { via: "oidc" }],
    ["login", "user:otto", { via: "oidc" }],
    ["person.change", "user:otto", { groups: ["web", "dba"], before: ["web"] }],
    ["login", "user:otto", { via: "oidc" }],
  ]);
});

test("a name that the settings take is no longer the account's, and its session is over", async () => {
  const at = await stage();
  await at.provider.setAccount("4711", { preferred_username: "otto", groups: [] });
  await logIn(at, "4711");
  expect((await me(at)).status).toBe(200);
  const file = readFileSync(`${at.service.at.folder}/nightshift.yml`, "utf8");
  at.service.at.write({ "nightshift.yml": file.replace("name: ada,", "name: otto,") });
  expect(await at.service.app.reload()).toEqual([]);
  expect((await me(at)).status).toBe(401);
});

test("what nobody came back for goes with the next login", async () => {
  const at = await stage("  session: {idle: 1h, absolute: 1s}");
  const { store } = at.service.app;
  await at.provider.setAccount("4711", { preferred_username: "otto", groups: [] });
  await at.browser.go(`${at.service.app.url}/login/oidc`);
  await store.transaction((tx) => tx.updateTable("login_attempt").set({ expires_at: 1 }).execute());
  await logIn({ ...at, browser: new SmallBrowser() }, "4711");
  await waitFor("the session to end", async () => {
    const sessions = await store.reader.selectFrom("session").select("expires_at").execute();
    return sessions.every((session) => session.expires_at < Date.now());
  });
  await logIn({ ...at, browser: new SmallBrowser() }, "4711");
  expect(await store.reader.selectFrom("login_attempt").selectAll().execute()).toEqual([]);
  expect(await store.reader.selectFrom("session").selectAll().execute()).toHaveLength(1);
});

describe("nobody comes in", () => {
  test("as a person of the settings, or by a name that another account had first", async () => {
    const at = await stage();
    await at.provider.setAccount("1", { preferred_username: "ada", groups: [] });
    const asAda = await logIn(at, "1");
    expect(asAda.status).toBe(403);
    expect(asAda.text).toContain("ada is a user of the settings");
    await at.provider.setAccount("2", { preferred_username: "otto", groups: [] });
    const first = { ...at, browser: new SmallBrowser() };
    expect((await logIn(first, "2")).status).toBe(200);
    await at.provider.setAccount("3", { preferred_username: "otto", groups: ["admins"] });
    const second = { ...at, browser: new SmallBrowser() };
    const answer = await logIn(second, "3");
    expect([answer.status, (await me(second)).status]).toEqual([403, 401]);
    expect(answer.text).toContain("belongs to another account");
    const { reader } = at.service.app.store;
    const failed = await reader
      .selectFrom("audit")
      .selectAll()
      .where("action", "=", "login.failed")
      .execute();
    expect(failed.map((row) => [row.principal, row.subject_id])).toEqual([
      ["anonymous", "ada"],
      ["anonymous", "otto"],
    ]);
  });

  test.each([
    ["no name", { groups: ["admins"] }, "preferred_username"],
    ["a name that is none", { preferred_username: "<img onerror=x>", groups: [] }, "cannot be used here"],
    ["a name that is a list", { preferred_username: ["otto"], groups: [] }, "preferred_username"],
  ])("with %s", async (_, claims, words) => {
    const at = await stage();
    await at.provider.setAccount("1", claims);
    const answer = await logIn(at, "1");
    expect(answer.status).toBe(403);
    expect(answer.text).toContain(words);
    expect(answer.text).not.toContain("<img onerror");
  });

  test("with a login that another browser began, that was used before, or with another state", async () => {
    const at = await stage();
    await at.provider.setAccount("1", { preferred_username: "otto", groups: [] });
    const back = await logIn(at, "1");
    const again = await at.browser.go(back.url);
    expect([again.status, again.text]).toEqual([403, expect.stringContaining("took too long")]);
    const other = await new SmallBrowser().go(back.url);
    expect(other.status).toBe(403);
    const begun = await at.browser.go(`${at.service.app.url}/login/oidc`);
    expect(new URL(begun.url).origin).toBe(at.service.app.url);
    const { url } = at.service.app;
    const fresh = new SmallBrowser();
    await fresh.go(`${url}/login/oidc`);
    const forged = await fresh.go(`${url}/login/oidc/callback?code=x&state=y`);
    expect(forged.status).toBe(403);
    const refused = new SmallBrowser();
    await refused.go(`${url}/login/oidc`);
    const denied = await refused.go(
      `${url}/login/oidc/callback?error=access_denied&error_description=%3Cb%3Eno`,
    );
    expect(denied.status).toBe(403);
    expect(denied.text).not.toContain("<b>");
  });

  test("while the provider is away; the page says so, and passwords still work", async () => {
    const at = await stage();
    await at.provider.stop();
    const answer = await at.browser.go(`${at.service.app.url}/login/oidc`);
    expect(answer.status).toBe(502);
    expect(answer.text).toContain("does not answer");
    expect(answer.text).toContain('name="password"');
  });
});
