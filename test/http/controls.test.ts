// Pauses, host holds and breakers over the API, and what they do to what waits.
import { describe, expect, test } from "vitest";
import { openBreaker } from "../../src/store/breakers.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, itemsOf, metricOf, placesOf, startControls } from "./controls-fixture.ts";

const PAUSE = { name: "deploy", scope: "all", reason: "we deploy", for: "2h" };
const HOUR_MS = 3_600_000;

describe("pauses", () => {
  test("are made, listed, counted and removed; what was is in the history", async () => {
    const service = await startControls();
    const before = Date.now();
    const made = await call(service, "POST", "/pauses", PAUSE);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe("/api/v1/pauses/deploy");
    expect(made.json).toMatchObject({
      name: "deploy",
      scope: "all",
      reason: "we deploy",
      principal: "user:local",
      active: true,
      removed_at: null,
      removed_by: null,
    });
    const untilMs = Date.parse(String(made.json["until"]));
    expect(untilMs).toBeGreaterThanOrEqual(before + 2 * HOUR_MS);
    expect(untilMs).toBeLessThanOrEqual(Date.now() + 2 * HOUR_MS + 1_000);
    expect(await itemsOf(service, "/pauses")).toEqual([made.json]);
    expect(await metricOf(service, "pauses_active")).toBe(1);
    const removed = await call(service, "DELETE", "/pauses/deploy");
    expect(removed.status).toBe(200);
    expect(removed.json).toMatchObject({ name: "deploy", active: false, removed_by: "user:local" });
    expect(removed.json["removed_at"]).not.toBe(null);
    expect(await itemsOf(service, "/pauses")).toEqual([]);
    expect(await itemsOf(service, "/pauses?history=true")).toEqual([removed.json]);
    expect(await metricOf(service, "pauses_active")).toBe(0);
    expect((await call(service, "DELETE", "/pauses/deploy")).status).toBe(404);
  });

  test("share no name while they are in force", async () => {
    const service = await startControls();
    await call(service, "POST", "/pauses", PAUSE);
    const second = await call(service, "POST", "/pauses", { ...PAUSE, scope: "rule:act" });
    expect([second.status, placesOf(second)]).toEqual([409, ["/name taken"]]);
    expect(await itemsOf(service, "/pauses")).toHaveLength(1);
  });

  test.each([["rule:act"], ["runbook:act"], ['hosts:role="web"'], ['hosts:{name="web-1"}']])(
    "may be of scope %s, which is there",
    async (scope) => {
      const service = await startControls();
      expect((await call(service, "POST", "/pauses", { ...PAUSE, scope })).status).toBe(201);
    },
  );

  const later = new Date(Date.now() + HOUR_MS).toISOString();
  test.each([
    ["nothing at all", undefined, ["/name missing", "/scope missing", "/reason missing"]],
    ["a list", [], [" invalid_type"]],
    ["a key too many", { ...PAUSE, "a/b": 1 }, ["/a~1b unknown_key"]],
    [
      "__proto__",
      JSON.parse(`{"__proto__": {}, "name": "x", "scope": "all", "reason": "x", "for": "1h"}`),
      ["/__proto__ unknown_key"],
    ],
    ["a name with a slash", { ...PAUSE, name: "a/b" }, ["/name invalid_format"]],
    ["a name like an id", { ...PAUSE, name: "019abcde-0000-7000-8000-000000000000" }, ["/name custom"]],
    ["no words for a reason", { ...PAUSE, reason: "  " }, ["/reason custom"]],
    ["NUL in the reason", { ...PAUSE, reason: "a\0b" }, ["/reason custom"]],
    ["a very long reason", { ...PAUSE, reason: "x".repeat(2_001) }, ["/reason too_big"]],
    ["no end", { ...PAUSE, for: undefined }, ["/until missing"]],
    ["two ends", { ...PAUSE, until: later }, ["/for invalid"]],
    ["an end that is over", { ...PAUSE, for: null, until: "2020-01-01T00:00:00Z" }, ["/until not_in_future"]],
    [
      "an end without a time zone",
      { ...PAUSE, for: null, until: "2999-01-01T00:00:00" },
      ["/until invalid_format"],
    ],
    ["a duration of nothing", { ...PAUSE, for: "0s" }, ["/for not_in_future"]],
    ["a duration that is none", { ...PAUSE, for: "two hours" }, ["/for custom"]],
    ["a duration beyond the calendar", { ...PAUSE, for: "9000y" }, ["/for invalid"]],
    ["no scope of a pause", { ...PAUSE, scope: "everything" }, ["/scope bad_scope"]],
    ["an empty selector", { ...PAUSE, scope: "hosts:" }, ["/scope bad_scope"]],
    ["a rule that is not there", { ...PAUSE, scope: "rule:acts" }, ["/scope bad_scope"]],
    ["a runbook that is not there", { ...PAUSE, scope: "runbook:acts" }, ["/scope bad_scope"]],
    ["hosts that are not there", { ...PAUSE, scope: 'hosts:role="db"' }, ["/scope bad_scope"]],
  ])("are refused with %s", async (_, body, places) => {
    const service = await startControls();
    const answer = await call(service, "POST", "/pauses", body);
    expect([answer.status, placesOf(answer)]).toEqual([422, places]);
    expect(await itemsOf(service, "/pauses?history=true")).toEqual([]);
  });

  test("keep what people write as it is, but for what no database can store", async () => {
    const service = await startControls();
    const made = await call(service, "POST", "/pauses", {
      ...PAUSE,
      reason: " <b>half \ud83d a pair\u202e ",
    });
    expect(made.json["reason"]).toBe("<b>half \ufffd a pair\u202e");
  });

  test("hold back a start, which happens soon after the pause is removed", async () => {
    const service = await startControls();
    await call(service, "POST", "/pauses", PAUSE);
    await postAlerts(service.app.url, [{ labels: { alertname: "Slow" } }]);
    expect(await listRuns(service.app.url)).toEqual([]);
    const [alert] = await itemsOf(service, "/alerts");
    const shown = (await call(service, "GET", `/alerts/${String(alert?.["id"])}`)).json;
    expect(shown["decisions"]).toMatchObject([{ kind: "delayed", reason: "paused", rule: "act" }]);
    await call(service, "DELETE", "/pauses/deploy");
    await waitFor("the run", async () => (await listRuns(service.app.url)).find(isOver), 20_000);
  });

  test("are listed page by page", async () => {
    const service = await startControls();
    for (const name of ["a", "b", "c"]) await call(service, "POST", "/pauses", { ...PAUSE, name });
    const first = (await call(service, "GET", "/pauses?limit=2")).json;
    const second = (await call(service, "GET", `/pauses?limit=2&after=${String(first["next"])}`)).json;
    const names = [first, second].flatMap((page) =>
      (page["items"] as readonly { name: string }[]).map(({ name }) => name),
    );
    expect([names, second["next"]]).toEqual([["c", "b", "a"], null]);
    expect((await call(service, "GET", "/pauses?history=maybe")).status).toBe(400);
    expect((await call(service, "GET", "/pauses?after=nothing")).status).toBe(400);
  });
});

describe("hosts", () => {
  test("are listed by name with what is known of them, page by page", async () => {
    const service = await startControls();
    expect(await itemsOf(service, "/hosts")).toEqual([
      { name: "local", address: null, labels: {}, automation: "on", hold: null },
      {
        name: "web-1",
        address: "192.0.2.1",
        labels: { role: "web", env: "prod" },
        automation: "on",
        hold: null,
      },
      { name: "web-2", address: "192.0.2.2", labels: { role: "web" }, automation: "off", hold: null },
    ]);
    const page = (await call(service, "GET", "/hosts?limit=1&after=local")).json;
    expect([(page["items"] as { name: string }[])[0]?.name, page["next"]]).toEqual(["web-1", "web-1"]);
  });

  test("are found by words of their name, address and labels, and by matchers over their labels", async () => {
    const service = await startControls();
    const names = async (query: Record<string, string>) =>
      (await itemsOf(service, `/hosts?${new URLSearchParams(query).toString()}`)).map((host) => host["name"]);
    expect(await names({ q: "WEB" })).toEqual(["web-1", "web-2"]);
    expect(await names({ q: "env=prod 192.0" })).toEqual(["web-1"]);
    expect(await names({ q: "web nothing" })).toEqual([]);
    expect(await names({ filter: 'env="prod"' })).toEqual(["web-1"]);
    expect(await names({ filter: 'role!="web"' })).toEqual(["local"]);
    expect(await names({ filter: 'role=~"we.",other=""', q: "1" })).toEqual(["web-1", "web-2"]);
    const wrong = await call(service, "GET", "/hosts?filter=role%3D%3D1");
    expect([wrong.status, wrong.json["errors"]]).toMatchObject([400, [{ pointer: "/filter" }]]);
  });

  test("are held by name or alias, longer or shorter again, and released once", async () => {
    const service = await startControls();
    const held = await call(service, "POST", "/hosts/web-1.example.net/hold", {
      reason: "new disk",
      for: "1h",
    });
    expect(held.status).toBe(200);
    expect(held.json).toMatchObject({ name: "web-1", hold: { reason: "new disk", principal: "user:local" } });
    const until = new Date(Date.now() + 5 * HOUR_MS).toISOString();
    await call(service, "POST", "/hosts/web-1/hold", { reason: "takes longer", until });
    const [, web] = await itemsOf(service, "/hosts");
    expect(web).toMatchObject({ name: "web-1", hold: { reason: "takes longer", until } });
    const released = await call(service, "DELETE", "/hosts/web-1/hold");
    expect([released.status, released.json["hold"]]).toEqual([200, null]);
    expect((await call(service, "DELETE", "/hosts/web-1/hold")).status).toBe(404);
  });

  test("are not held without a reason, an end, or when they are not there", async () => {
    const service = await startControls();
    const hold = (name: string, body: unknown) => call(service, "POST", `/hosts/${name}/hold`, body);
    expect(placesOf(await hold("web-1", {}))).toEqual(["/reason missing"]);
    expect(placesOf(await hold("web-1", { reason: "x" }))).toEqual(["/until missing"]);
    const unknown = await hold("web-3", { reason: "x", for: "1h" });
    expect(unknown.status).toBe(404);
    expect(unknown.json["detail"]).toMatch(/did you mean "web-[12]"/);
    expect((await hold("%00", { reason: "x", for: "1h" })).status).toBe(404);
    expect((await call(service, "DELETE", "/hosts/%00/hold")).status).toBe(404);
  });

  test("can be released after they have left the inventory", async () => {
    const service = await startControls();
    await call(service, "POST", "/hosts/web-1/hold", { reason: "x", for: "1h" });
    service.at.write({ "hosts.yml": "hosts: []\n" });
    expect(await service.app.reload()).toEqual([]);
    const released = { name: "web-1", address: null, labels: {}, automation: null, hold: null };
    expect((await call(service, "DELETE", "/hosts/web-1/hold")).json).toEqual(released);
    expect((await call(service, "DELETE", "/hosts/web-1/hold")).status).toBe(404);
  });
});

const WITH_BREAKER = `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, guards: {breaker: {failures: 2, within: 1h, reset_after: 1h}}}
  - {name: plain, mode: observe, matchers: []}
`;

test("the breaker of a rule is reset, and only that of a rule there is", async () => {
  const service = await startControls({ "rules/all.yml": WITH_BREAKER });
  const { store } = service.app;
  const opening = { runId: "run", because: "2 runs failed", resetAfterMs: HOUR_MS, atMs: Date.now() };
  await store.transaction((tx) => openBreaker(tx, { ...opening, rule: "act" }));
  await store.transaction((tx) => openBreaker(tx, { ...opening, rule: "gone" }));
  expect(await metricOf(service, "breakers_open")).toBe(1);
  const reset = await call(service, "POST", "/rules/act/breaker/reset");
  expect([reset.status, reset.json]).toEqual([
    200,
    { rule: "act", was_open: true, counted_from: expect.any(String) },
  ]);
  expect(await metricOf(service, "breakers_open")).toBe(0);
  const again = await call(service, "POST", "/rules/plain/breaker/reset", {});
  expect(again.json["was_open"]).toBe(false);
  expect((await call(service, "POST", "/rules/nobody/breaker/reset")).status).toBe(404);
  expect((await call(service, "POST", "/rules/a%00/breaker/reset")).status).toBe(404);
  expect(placesOf(await call(service, "POST", "/rules/act/breaker/reset", { force: true }))).toEqual([
    "/force unknown_key",
  ]);
});
