// Tokens of the API: shown once, kept as a hash, narrowed by scope, over at their end.
import { expect, test } from "vitest";
import { waitFor } from "../../support/wait.ts";
import { type AccessService, ask, cookieOf, startAccess, tokenOf, tokensOf } from "./login-fixture.ts";

async function made(service: AccessService, name: string, scopes: readonly string[], more = {}) {
  return tokenOf(service, await cookieOf(service, "ada"), name, scopes, more);
}

test("a token is shown once, and the database does not know it", async () => {
  const service = await startAccess();
  const token = await made(service, "vera", ["read"]);
  expect(token).toMatch(/^nst_[A-Za-z0-9_-]{43}$/);
  const list = await ask(service, "GET", "/tokens", { token });
  expect(list.json["items"]).toMatchObject([
    { user: "vera", name: "test", scopes: ["read"], created_by: "user:ada", revoked_at: null },
  ]);
  const rows = await service.app.store.reader.selectFrom("api_token").selectAll().execute();
  const audit = await service.app.store.reader.selectFrom("audit").selectAll().execute();
  expect(JSON.stringify([list.json, rows, audit])).not.toContain(token.slice(4));
  await waitFor("its use to be noted", async () => {
    const again = await ask(service, "GET", "/tokens", { token });
    return (again.json["items"] as { last_used_at: string | null }[])[0]?.last_used_at ?? null;
  });
});

test("what is wrong with a token is said, and it is refused", async () => {
  const service = await startAccess();
  const { status, json } = await ask(service, "GET", "/me", { token: "nst_x" });
  expect([status, json["detail"]]).toEqual([401, "the token is not known here"]);
  const basic = await ask(service, "GET", "/me", { headers: { authorization: "Basic dmVyYTp4" } });
  expect([basic.status, basic.json["detail"]]).toEqual([401, "write it as: Authorization: Bearer TOKEN"]);
  expect(basic.headers.get("www-authenticate")).toContain("invalid_token");
  const token = await made(service, "vera", ["all"], {
    expires_at: new Date(Date.now() + 1_500).toISOString(),
  });
  const expired = await waitFor("the token to expire", async () => {
    const answer = await ask(service, "GET", "/me", { token });
    return answer.status === 401 ? answer : null;
  });
  expect(expired.json["detail"]).toContain("expired");
});

test("a revoked token is over at once, and only its person or an admin can revoke it", async () => {
  const service = await startAccess();
  const tokens = await tokensOf(service);
  const items = (await ask(service, "GET", "/tokens", { token: tokens.vera })).json["items"];
  const [{ id } = { id: "" }] = items as { id: string }[];
  expect((await ask(service, "DELETE", `/tokens/${id}`, { token: tokens.olaf })).status).toBe(404);
  const revoked = await ask(service, "DELETE", `/tokens/${id}`, { token: tokens.vera });
  expect(revoked.json).toMatchObject({ revoked_by: "user:vera" });
  expect((await ask(service, "GET", "/me", { token: tokens.vera })).json["detail"]).toBe(
    "the token was revoked",
  );
  expect((await ask(service, "GET", "/tokens", { token: tokens.ada })).json["items"]).toHaveLength(7);
  expect((await ask(service, "GET", "/tokens?user=ada", { token: tokens.olaf })).json["items"]).toHaveLength(
    1,
  );
});

test("a token of narrow scope neither does more nor makes one that does", async () => {
  const service = await startAccess();
  const read = await made(service, "ada", ["read"]);
  expect((await ask(service, "GET", "/users", { token: read })).status).toBe(200);
  expect(
    (await ask(service, "POST", "/tokens", { token: read, body: { name: "more", scopes: ["all"] } })).status,
  ).toBe(403);
  const pause = { name: "x", scope: "all", reason: "x", for: "1h" };
  const refused = await ask(service, "POST", "/pauses", { token: read, body: pause });
  expect([refused.status, refused.json["detail"]]).toEqual([403, "the token's scope is read; all is needed"]);
  const runs = await made(service, "rike", ["run:fix"]);
  const started = await ask(service, "POST", "/runbooks/fix/runs", { token: runs, body: {} });
  expect(started.status).toBe(202);
  expect((await ask(service, "GET", `/runs/${String(started.json["id"])}`, { token: runs })).status).toBe(
    200,
  );
  expect((await ask(service, "GET", "/alerts", { token: runs })).status).toBe(403);
  expect((await ask(service, "GET", "/tokens", { token: runs })).status).toBe(403);
  expect((await ask(service, "GET", "/runs", { token: runs })).json["items"]).toHaveLength(1);
});

test.each([
  [{ name: "x", scopes: [] }, "/scopes"],
  [{ name: "x", scopes: ["everything"] }, "/scopes/0"],
  [{ name: "", scopes: ["read"] }, "/name"],
  [{ name: "x", scopes: ["read"], expires_at: "2020-01-01T00:00:00Z" }, "/expires_at"],
  [{ name: "x", scopes: ["read"], user: "somebody-else" }, "/user"],
])("%j is refused at %s", async (body, pointer) => {
  const service = await startAccess();
  const headers = { cookie: await cookieOf(service, "ada"), origin: service.app.url };
  const { status, json } = await ask(service, "POST", "/tokens", { headers, body });
  expect([status, (json["errors"] as { pointer: string }[]).map((error) => error.pointer)]).toEqual([
    422,
    [pointer],
  ]);
});

test("who is not an admin gets tokens of their own alone", async () => {
  const service = await startAccess();
  const headers = { cookie: await cookieOf(service, "vera"), origin: service.app.url };
  expect(
    (await ask(service, "POST", "/tokens", { headers, body: { name: "x", scopes: ["read"], user: "ada" } }))
      .status,
  ).toBe(403);
  expect(
    (await ask(service, "POST", "/tokens", { headers, body: { name: "x", scopes: ["read"] } })).status,
  ).toBe(201);
});

test("a probe or a scrape with a token that is none is answered all the same", async () => {
  const { app } = await startAccess();
  for (const path of ["/-/healthy", "/-/ready", "/metrics"]) {
    const response = await fetch(`${app.url}${path}`, { headers: { authorization: "Bearer nonsense" } });
    expect([path, response.status]).toEqual([path, 200]);
  }
  const reload = await fetch(`${app.url}/-/reload`, {
    method: "POST",
    headers: { authorization: "Bearer nonsense" },
  });
  expect(reload.status).toBe(401);
});
