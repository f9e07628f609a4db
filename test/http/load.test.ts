// Many senders, slow ones, ones that leave: the others are not disturbed, and nothing is stored by halves.
import { describe, expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  alert,
  episodes,
  head,
  json,
  largeBody,
  occupy,
  post,
  problemOf,
  roundTrips,
  start,
} from "./one-service.ts";
import { openRaw, sendRaw } from "./raw.ts";

describe("large bodies", () => {
  test("are read in workers, two at once and more in turn, while small ones go on", async () => {
    const app = await start();
    const answers = Array.from({ length: 5 }, (_, index) =>
      post(app, largeBody(`Large-${index}`, 4 * 1024 * 1024), json),
    );
    const small = await post(app, alert("Small"), json);
    expect(small.status).toBe(202);
    expect((await Promise.all(answers)).map((response) => response.status)).toEqual([
      202, 202, 202, 202, 202,
    ]);
    expect(await episodes(app)).toHaveLength(6);
  });

  test("that are wrong are refused with the same words as small ones", async () => {
    const app = await start();
    const padded = (text: string) => `${text}${" ".repeat(2 * 1024 * 1024)}`;
    const wrong = '{"version":"4","status":"firing","alerts":{}}';
    const small = await problemOf(await post(app, wrong, json));
    const large = await problemOf(await post(app, padded(wrong), json));
    expect(large).toEqual(small);
    expect((await post(app, padded("{"), json)).status).toBe(400);
    expect((await post(app, padded(alert("After")), json)).status).toBe(202);
  });

  test("10,000 alerts in one delivery are taken, 10,001 are not", async () => {
    const app = await start();
    const storm = (count: number) =>
      alertmanagerBody(
        Array.from({ length: count }, (_, index) => ({ labels: { alertname: "Storm", n: String(index) } })),
      );
    const started = performance.now();
    const response = await post(app, storm(10_000), json);
    expect([response.status, await response.json()]).toMatchObject([202, { alerts: 10_000 }]);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await episodes(app)).toHaveLength(10_000);
    expect((await post(app, storm(10_001), json)).status).toBe(413);
  });
});

describe("overload", () => {
  test("503 with Retry-After beyond the deliveries that may wait; those that waited are stored", async () => {
    const app = await start("pending_deliveries: 3");
    const release = occupy(app);
    const refused: Response[] = [];
    const accepted: Response[] = [];
    const posts: Promise<unknown>[] = [];
    await waitFor("five refusals", () => {
      const body = alert(`Waiting-${posts.length}`);
      posts.push(
        post(app, body, json).then((response) =>
          (response.status === 202 ? accepted : refused).push(response),
        ),
      );
      return refused.length >= 5;
    });
    // What is being stored when the database stops is taken, and three more.
    expect(accepted).toEqual([]);
    await release();
    await Promise.all(posts);
    for (const response of refused) {
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(response.headers.get("content-type")).toContain("application/problem+json");
    }
    expect(accepted.length).toBeGreaterThanOrEqual(4);
    expect(await episodes(app)).toHaveLength(accepted.length);
    expect((await post(app, alert("After"), json)).status).toBe(202);
  });

  test("health and pages answer while the database is busy", async () => {
    const app = await start();
    const release = occupy(app);
    const waiting = post(app, alert("Waiting"), json);
    for (const path of ["/-/healthy", "/-/ready", "/", "/api/v1/alerts", "/metrics"])
      expect([path, (await fetch(`${app.url}${path}`)).status]).toEqual([path, 200]);
    await release();
    expect((await waiting).status).toBe(202);
  });

  test("a body that the machine has no memory for is 503, not the end of the service", async () => {
    const app = await start("body: 16MiB");
    const connections = await Promise.all(Array.from({ length: 40 }, () => openRaw(app.url)));
    const part = Buffer.alloc(15 * 1024 * 1024, 32);
    const before = process.memoryUsage.rss();
    for (const connection of connections)
      connection.send(head("POST", "/webhooks/am", `Content-Length: ${16 * 1024 * 1024}`), part);
    const refused = await Promise.race(connections.map((connection) => connection.answer(10_000)));
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "5"]);
    // This process holds what it sends, too; without a bound the service would hold another 600 MiB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(500 * 1024 * 1024);
    for (const connection of connections) connection.socket.destroy();
    await waitFor(
      "room for others",
      async () => (await post(app, largeBody("After", 2 ** 20), json)).status === 202,
    );
  });
});

describe("connections", () => {
  test("100-continue is answered before the body is sent", async () => {
    const app = await start();
    const connection = await openRaw(app.url);
    const body = alert("Expected");
    connection.send(
      head("POST", "/webhooks/am", `Content-Length: ${Buffer.byteLength(body)}`, "Expect: 100-continue"),
    );
    await waitFor("the interim answer", () => connection.socket.bytesRead > 0);
    connection.send(body);
    expect((await connection.answer()).status).toBe(202);
    connection.socket.destroy();
  });

  test("a body that comes in drops is taken when it is whole in time", async () => {
    const app = await start();
    const body = alert("Dripping");
    const connection = await openRaw(app.url);
    connection.send(head("POST", "/webhooks/am", "Transfer-Encoding: chunked"));
    for (const letter of body) connection.send(`1\r\n${letter}\r\n`);
    connection.send("0\r\n\r\n");
    expect((await connection.answer()).status).toBe(202);
    connection.socket.destroy();
  });

  test("a connection that ends in the middle of a body stores nothing, and hurts nobody", async () => {
    const app = await start();
    const body = alert("Half");
    for (const end of ["reset", "destroy", "end"] as const) {
      const connection = await openRaw(app.url);
      connection.send(head("POST", "/webhooks/am", `Content-Length: ${body.length}`), body.slice(0, -10));
      await roundTrips(app);
      if (end === "reset") connection.reset();
      else connection.socket[end]();
    }
    expect((await post(app, alert("Whole"), json)).status).toBe(202);
    expect((await episodes(app)).map(({ labels }) => labels)).toEqual(['[["alertname","Whole"]]']);
  });

  test("a sender that leaves before its answer is stored once, whole", async () => {
    const app = await start();
    const release = occupy(app);
    const connection = await openRaw(app.url);
    const body = alert("Impatient");
    connection.send(head("POST", "/webhooks/am", `Content-Length: ${Buffer.byteLength(body)}`), body);
    await roundTrips(app);
    connection.reset();
    await release();
    await waitFor("the episode", async () => (await episodes(app)).length === 1);
    expect((await post(app, body, json)).status).toBe(202);
    expect(await episodes(app)).toHaveLength(1);
  });

  test("several requests in one packet are answered in their order", async () => {
    const app = await start();
    const connection = await openRaw(app.url);
    const request = (name: string) =>
      head("POST", "/webhooks/am", `Content-Length: ${alert(name).length}`) + alert(name);
    connection.send(request("One"), head("GET", "/webhooks/am"), request("Two"));
    const statuses = [await connection.answer(), await connection.answer(), await connection.answer()];
    expect(statuses.map(({ status }) => status)).toEqual([202, 405, 202]);
    connection.socket.destroy();
  });

  test.each([
    ["17 KiB in one header", [`X-Long: ${"x".repeat(17 * 1024)}`]],
    ["2,000 headers", Array.from({ length: 2_000 }, (_, index) => `X-${index}: 1`)],
    ["65 short headers", Array.from({ length: 64 }, (_, index) => `X-${index}: 1`)],
  ])("431 for %s", async (_name, headers) => {
    const app = await start();
    const answer = await sendRaw(app.url, head("POST", "/webhooks/am", ...headers, "Content-Length: 0"));
    expect(answer.status).toBe(431);
    expect((await fetch(`${app.url}/-/healthy`)).status).toBe(200);
  });
});
