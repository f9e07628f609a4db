// Bodies that are made to hurt: too deep, too large, with text that cannot be stored, from nobody.
import { expect, test } from "vitest";
import { type AccessService, ask, startAccess, tokensOf } from "./login-fixture.ts";

async function post({ app }: AccessService, path: string, body: string, token: string | null) {
  const headers = {
    "content-type": "application/json",
    "idempotency-key": "k",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(`${app.url}/api/v1${path}`, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

test("a body that is nested too deeply is 400, wherever it goes", async () => {
  const service = await startAccess();
  const { ada, rike } = await tokensOf(service);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const calls = [
    ["/rules/explain", `{"payload":{"alerts":${deep}}}`, ada],
    ["/runbooks/fix/runs", `{"inputs":{"x":${deep}}}`, rike],
    ["/runbooks/fix/plan", deep, rike],
    ["/session", `{"name":${deep}}`, null],
  ] as const;
  for (const [path, body, token] of calls) {
    const { status, text } = await post(service, path, body, token);
    expect([path, status, text]).toEqual([path, 400, expect.stringContaining("nested more than")]);
  }
});

test("nothing of what nobody sends is read: it is 401 whether it is JSON or not", async () => {
  const service = await startAccess();
  for (const body of ["{}", "{", `{"inputs":{"x":"${"x".repeat(2_000_000)}"}}`])
    expect((await post(service, "/runbooks/fix/runs", body, null)).status).toBe(401);
});

test("names of tokens and groups have no control characters", async () => {
  const service = await startAccess();
  const { ada: token } = await tokensOf(service);
  for (const odd of ["a\0b", "a\nb", "\u001b[31m", "\ud800"]) {
    const named = await ask(service, "POST", "/tokens", { token, body: { name: odd, scopes: ["read"] } });
    expect([odd, named.status]).toEqual([odd, 422]);
    const person = { name: "emil", password: "a long enough one", groups: [odd] };
    expect([odd, (await ask(service, "POST", "/users", { token, body: person })).status]).toEqual([odd, 422]);
  }
  const body = { name: "für die Nacht 🌙", scopes: ["read"] };
  expect((await ask(service, "POST", "/tokens", { token, body })).status).toBe(201);
});
