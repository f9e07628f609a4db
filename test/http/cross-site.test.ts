// A page that somebody has open in a browser must not be able to act here.
import { expect, test } from "vitest";
import { call, itemsOf, startControls } from "./controls-fixture.ts";

const PAUSE = { name: "deploy", scope: "all", reason: "x", for: "1h" };

test("what a page of another site sends is refused, and what programs and our own pages send is not", async () => {
  const service = await startControls({
    "nightshift.yml": `web: {external_url: "https://nightshift.example.net"}\nnotifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed]}]\n`,
  });
  const { port, host } = new URL(service.app.url);
  const from = async (headers: Record<string, string>) => {
    const { status } = await call(service, "POST", "/pauses", PAUSE, headers);
    if (status === 201) await call(service, "DELETE", "/pauses/deploy");
    return status;
  };
  const refused: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://127.0.0.1:${Number(port) + 1}` },
    { origin: "not a url" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", origin: `http://${host}` },
  ];
  for (const headers of refused) expect([headers, await from(headers)]).toEqual([headers, 403]);
  expect(await itemsOf(service, "/pauses?history=true")).toEqual([]);
  const taken: Record<string, string>[] = [
    {},
    { origin: `http://${host}` },
    { origin: "https://nightshift.example.net", "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
  ];
  for (const headers of taken) expect([headers, await from(headers)]).toEqual([headers, 201]);
});

test("a foreign name that is pointed here (DNS rebinding) is refused, although its page and its call agree", async () => {
  const { app } = await startControls();
  const { port } = new URL(app.url);
  const { request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    const headers = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` };
    const call = request(
      { host: "127.0.0.1", port, path: "/-/reload", method: "POST", headers },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on("error", reject).end();
  });
  expect(status).toBe(403);
});

test("reading is open to every page that can, and deletion and reload are not", async () => {
  const service = await startControls();
  const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  expect((await call(service, "GET", "/pauses", undefined, foreign)).status).toBe(200);
  expect((await call(service, "DELETE", "/pauses/deploy", undefined, foreign)).status).toBe(403);
  const reload = await fetch(`${service.app.url}/-/reload`, { method: "POST", headers: foreign });
  expect(reload.status).toBe(403);
});

test.each([
  ["a form", "application/x-www-form-urlencoded", "name=x", 415],
  ["plain text", "text/plain", JSON.stringify(PAUSE), 415],
  ["a lookalike", "application/jsonp", JSON.stringify(PAUSE), 415],
  ["nothing said", "", JSON.stringify(PAUSE), 415],
  ["half of JSON", "application/json", `{"name": `, 400],
  ["null", "application/json", "null", 400],
  ["two documents", "application/json", `{} {}`, 400],
  ["bytes that are no text", "application/json; charset=latin1", JSON.stringify(PAUSE), 415],
  ["too much", "application/json", `{"name": "${"x".repeat(1_100_000)}"}`, 413],
])("a body that is %s (%s) changes nothing", async (_, type, body, status) => {
  const service = await startControls();
  const response = await fetch(`${service.app.url}/api/v1/pauses`, {
    method: "POST",
    headers: type === "" ? {} : { "content-type": type },
    body: new Blob([body]),
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    status,
    "application/problem+json; charset=utf-8",
  ]);
  expect(await itemsOf(service, "/pauses?history=true")).toEqual([]);
});

test("a call without a body may leave out what it is, and may not be declared as something else", async () => {
  const service = await startControls();
  const reset = (headers: Record<string, string>) =>
    call(service, "POST", "/rules/act/breaker/reset", undefined, headers);
  expect((await reset({})).status).toBe(200);
  expect((await reset({ "content-type": "text/plain" })).status).toBe(415);
  expect((await call(service, "GET", "/pauses", undefined, { "content-type": "text/plain" })).status).toBe(
    200,
  );
});
