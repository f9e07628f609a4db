// What senders are told: every status the interface names, and none it does not.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openRaw } from "./raw.ts";
import { alert, episodes, head, json, post, problemOf, start } from "./one-service.ts";

describe("methods and paths", () => {
  test("POST and PUT deliver, also under the path of Alertmanager's own API", async () => {
    const app = await start();
    for (const method of ["POST", "PUT"]) {
      for (const path of [
        "/webhooks/am",
        "/webhooks/am/",
        "/webhooks/am?x=1",
        "/webhooks/am/api/v2/alerts",
      ]) {
        const response = await post(app, alert("Slow"), { ...json, method }, path);
        expect([path, response.status]).toEqual([path, 202]);
        expect(await response.json()).toEqual({
          delivery: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
          alerts: 1,
        });
      }
    }
    expect(await episodes(app)).toHaveLength(1);
  });

  test("an address with the host in it, as a proxy is sent, and one in other letters deliver too", async () => {
    const app = await start();
    for (const path of ["http://nightshift.example.net/webhooks/am", "/WebHooks/am", "/webhooks/%61m"]) {
      const connection = await openRaw(app.url);
      connection.send(head("POST", path, `Content-Length: ${alert("Slow").length}`), alert("Slow"));
      expect([path, (await connection.answer()).status]).toEqual([path, 202]);
      connection.socket.destroy();
    }
  });

  test("what Prometheus pushes is taken too", async () => {
    const app = await start();
    const pushed = JSON.stringify([{ labels: { alertname: "Pushed" }, startsAt: new Date().toISOString() }]);
    expect((await post(app, pushed, json, "/webhooks/am/api/v2/alerts")).status).toBe(202);
    expect((await post(app, "[]", json, "/webhooks/am/api/v2/alerts")).status).toBe(200);
  });

  test.each(["GET", "HEAD", "DELETE", "PATCH", "OPTIONS"])(
    "%s is 405 and says what is allowed",
    async (method) => {
      const app = await start();
      const response = await fetch(`${app.url}/webhooks/am`, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, PUT"]);
    },
  );

  test("an unknown source is 404, and however many of them there are, one label", async () => {
    const app = await start();
    for (const source of [
      "a",
      "b",
      "__proto__",
      "constructor",
      "%00",
      "%",
      "x".repeat(5_000),
      "am%2Fother",
      "unknown",
    ]) {
      const response = await post(app, alert("Slow"), json, `/webhooks/${source}`);
      expect(response.status).toBe(404);
      await problemOf(response);
    }
    const values = (await app.metrics.deliveries.get()).values;
    expect(values.map(({ labels, value }) => [labels.source, labels.result, value])).toEqual([
      ["unknown", "unknown_source", 9],
    ]);
    expect(await episodes(app)).toEqual([]);
  });

  test.each([
    ["GET", "/-/healthy", 200],
    ["HEAD", "/-/healthy", 200],
    ["GET", "/-/ready", 200],
    ["HEAD", "/-/ready", 200],
    ["HEAD", "/metrics", 200],
    ["HEAD", "/", 200],
    ["POST", "/-/reload", 200],
    ["GET", "/nothing/here", 404],
    ["POST", "/-/healthy", 404],
    ["GET", "/api/v1/runs?limit=0", 400],
    ["GET", "/api/v1/runs?limit=abc", 400],
    ["GET", "/api/v1/runs?after=%00", 400],
    ["GET", "/api/v1/runs?status=unheard", 400],
    ["GET", "/api/v1/runs/%00", 404],
    ["GET", "/api/v1/alerts/..%2f..", 404],
  ])("%s %s is %i", async (method, path, status) => {
    const app = await start();
    const response = await fetch(`${app.url}${path}`, { method });
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(text === "").toBe(method === "HEAD");
    expect(text.includes(`"status":${status},`)).toBe(status >= 400);
  });
});

describe("bodies that are refused", () => {
  test("400 points at what is wrong, ten places at most, and repeats nothing of the body", async () => {
    const app = await start();
    const bad = Array.from({ length: 30 }, () => ({ status: "s3cr3t", labels: { a: 1 } }));
    const response = await post(app, JSON.stringify({ version: "4", status: "firing", alerts: bad }), json);
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 400, title: "Invalid delivery", instance: "/webhooks/am" });
    const errors = problem["errors"] as { pointer: string; code: string; message: string }[];
    expect(errors).toHaveLength(10);
    expect(errors[0]).toMatchObject({
      pointer: expect.stringMatching(/^\/alerts\/0\//) as unknown,
      code: "invalid",
    });
    const text = JSON.stringify(problem);
    expect(text).not.toContain("s3cr3t");
    expect(text.length).toBeLessThan(4_000);
    expect(await episodes(app)).toEqual([]);
  });

  test("bad alerts beside good ones are stored as decisions, and the answer is 202", async () => {
    const app = await start();
    const body = JSON.parse(alert("Good")) as { alerts: unknown[] };
    body.alerts.push({ status: "firing" }, 7, null);
    const response = await post(app, JSON.stringify(body), json);
    expect([response.status, await response.json()]).toMatchObject([202, { alerts: 1 }]);
    const rows = await app.store.reader
      .selectFrom("decision")
      .select(["kind", "reason"])
      .orderBy("id")
      .execute();
    expect(rows.map(({ kind, reason }) => `${kind}:${reason ?? ""}`)).toEqual([
      "ignored:invalid_alert",
      "ignored:invalid_alert",
      "ignored:invalid_alert",
      "observed:",
    ]);
  });

  test.each([
    ["text/plain", alert("Plain"), 202],
    ["application/json; charset=utf-16", alert("Utf16"), 415],
    ["multipart/form-data; boundary=x", "--x\r\n\r\nhello\r\n--x--", 415],
    ["application/x-www-form-urlencoded", "payload=%7B%7D", 415],
  ])("the type %s", async (type, body, status) => {
    const app = await start();
    expect((await post(app, body, { headers: { "content-type": type } })).status).toBe(status);
  });

  test.each(["gzip", "br", "deflate", "nonsense"])("415 for a body in %s", async (encoding) => {
    const app = await start();
    const response = await post(app, gzipSync(alert("Packed")), {
      headers: { ...json.headers, "content-encoding": encoding },
    });
    expect(response.status).toBe(415);
    await problemOf(response);
  });

  test("413 for a body over the limit, whether it says so beforehand or not, and then the next one", async () => {
    const app = await start("body: 64KiB");
    const body = "x".repeat(8 * 1024 * 1024);
    for (const declared of [`Content-Length: ${body.length}`, "Transfer-Encoding: chunked"]) {
      const connection = await openRaw(app.url);
      connection.send(head("POST", "/webhooks/am", declared));
      connection.send(
        declared.startsWith("T") ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body,
      );
      expect([declared, (await connection.answer()).status]).toEqual([declared, 413]);
      connection.send(head("POST", "/webhooks/am", `Content-Length: ${alert("Next").length}`), alert("Next"));
      expect([declared, (await connection.answer()).status]).toEqual([declared, 202]);
      connection.socket.destroy();
    }
    expect((await post(app, `${alert("Fits")}${" ".repeat(60_000)}`, json)).status).toBe(202);
  });

  test("a sender that writes without end is cut off after its answer", async () => {
    const app = await start("body: 64KiB");
    const connection = await openRaw(app.url);
    connection.send(head("POST", "/webhooks/am", "Transfer-Encoding: chunked"));
    const chunk = `${(2 ** 20).toString(16)}\r\n${" ".repeat(2 ** 20)}\r\n`;
    for (let mib = 0; mib < 80; mib += 1) connection.send(chunk);
    expect((await connection.answer()).status).toBe(413);
    await connection.closed();
  });

  test("401 comes before the body is whole, and without keeping more than a little of it", async () => {
    const app = await start();
    const connection = await openRaw(app.url);
    connection.send(head("POST", "/webhooks/closed", `Content-Length: ${10 * 1024 * 1024}`), "{");
    expect((await connection.answer()).status).toBe(401);
    connection.socket.destroy();
  });
});
