// Starts by people over the API: what is made, what is refused and why, and that a repeated call starts nothing more.
import { describe, expect, test } from "vitest";
import { listRuns, postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, placesOf, type Service } from "./controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "./starts-fixture.ts";

const HOST = { inputs: { host: "web-1" } };

describe("a start by a person", () => {
  test("is answered with the run and where it is, and the run knows who and why", async () => {
    const service = await startStarts();
    const answer = await startRun(service, "greet", { ...HOST, reason: "to see it\nwork" });
    expect([answer.status, answer.headers.get("location")]).toEqual([202, `/api/v1/runs/${idOf(answer)}`]);
    expect(answer.json).toMatchObject({
      status: "queued",
      trigger: { kind: "person", rule: null, alert: null, principal: "user:local" },
      cause: { title: "to see it\nwork" },
      inputs: { host: "web-1", count: 1, grace: 300_000 },
      reason: null,
      dry_run: false,
    });
    const run = await runOver(service, idOf(answer));
    expect(run.status).toBe("succeeded");
    expect(run.steps[0]?.outputs).toEqual({ who: "person user:local" });
  });

  test("has inputs and a plan byte for byte like those of an alert", async () => {
    const rules = `rules: [{name: say, mode: auto, matchers: ['alertname = "Say"', 'instance != ""'], runbook: greet, with: {host: "\${{ alert.labels.instance }}"}}]\n`;
    const service = await startStarts({ "rules/all.yml": rules });
    const made = await startRun(service, "greet", { inputs: { host: "web-1.example.net", count: "1" } });
    await postAlerts(service.app.url, [{ labels: { alertname: "Say", instance: "web-1:9100" } }]);
    await waitFor("the run of the alert", async () =>
      (await listRuns(service.app.url)).length === 2 ? true : null,
    );
    const rows = await service.app.store.reader
      .selectFrom("run")
      .select(["trigger_kind", "plan", "plan_digest"])
      .orderBy("trigger_kind")
      .execute();
    expect(rows.map((row) => row.trigger_kind)).toEqual(["alert", "person"]);
    expect(rows[0]?.plan).toBe(rows[1]?.plan);
    expect([rows[0]?.plan_digest, rows[1]?.plan_digest]).toEqual(Array(2).fill(made.json["plan_digest"]));
  });

  test("is refused with a pointer at everything that is wrong", async () => {
    const service = await startStarts();
    const answer = await startRun(service, "greet", { inputs: { host: "db-9", count: 9, hots: "web-1" } });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      422,
      "application/problem+json; charset=utf-8",
    ]);
    expect(placesOf(answer)).toEqual([
      "/inputs/hots unknown-input",
      "/inputs/host unknown-host",
      "/inputs/count out-of-range",
    ]);
    expect(placesOf(await startRun(service, "greet", { ...HOST, reson: "x", dry_run: "yes" }))).toEqual([
      "/dry_run invalid_type",
      "/reson unknown_key",
    ]);
    expect((await startRun(service, "gret", HOST)).status).toBe(404);
    expect(await listRuns(service.app.url)).toEqual([]);
  });

  test("says no when the plan is another one than was seen, and names both", async () => {
    const service = await startStarts();
    const planned = await call(service, "POST", "/runbooks/greet/plan", HOST);
    const given = String(planned.json["digest"]);
    const other = await startRun(service, "greet", { inputs: { host: "web-2" }, plan_digest: given });
    expect(other.status).toBe(409);
    expect(other.json).toMatchObject({ given_plan_digest: given, title: "Other plan" });
    expect(other.json["plan_digest"]).toMatch(/^[0-9a-f]{64}$/);
    expect(other.json["plan_digest"]).not.toBe(given);
    expect(placesOf(other)).toEqual(["/plan_digest other_plan"]);
    expect((await startRun(service, "greet", { ...HOST, plan_digest: given })).status).toBe(202);
  });

  test("needs the value that the runbook wants typed", async () => {
    const runbook = `
name: wipe
target: local
inputs: {host: {type: host}}
confirm: {type_value_of: host}
steps: [{id: look, effect: read, command: ["true"]}]
`;
    const service = await startStarts({ "runbooks/wipe.yml": runbook });
    const planned = await call(service, "POST", "/runbooks/wipe/plan", HOST);
    expect(planned.json["confirm"]).toEqual({ input: "host", value: "web-1" });
    expect(placesOf(await startRun(service, "wipe", HOST))).toEqual(["/confirm missing"]);
    const wrong = await startRun(service, "wipe", { ...HOST, confirm: "web-2" });
    expect([wrong.status, ...placesOf(wrong)]).toEqual([422, "/confirm not_confirmed"]);
    // As the plan has it, not as it was written.
    const right = { inputs: { host: "web-1.example.net" }, confirm: "web-1" };
    expect((await startRun(service, "wipe", right)).status).toBe(202);
  });

  test("waits for another person where the runbook asks for approval", async () => {
    const runbook = `
name: wipe
target: local
approval: {timeout: 10m}
steps: [{id: look, effect: read, command: ["true"]}]
`;
    const service = await startStarts({ "runbooks/wipe.yml": runbook });
    const made = await startRun(service, "wipe", { reason: "the disk is full" });
    expect(made.json["status"]).toBe("waiting_person");
    const approvals = await call(service, "GET", "/approvals?status=pending");
    expect(approvals.json["items"]).toMatchObject([
      {
        run: idOf(made),
        requested_by: "user:local",
        message: "user:local asks to run wipe on local: the disk is full",
      },
    ]);
  });
});

describe("guards", () => {
  const paused = (service: Service) =>
    call(service, "POST", "/pauses", { name: "deploy", scope: "all", reason: "we deploy", for: "2h" });

  test("hold a start back with the reason and when to try again", async () => {
    const service = await startStarts();
    await paused(service);
    const answer = await startRun(service, "greet", HOST);
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({ reason: "paused", against: [{ reason: "paused" }] });
    expect(Date.parse(String(answer.json["retry_at"]))).toBeGreaterThan(Date.now() + 3_600_000);
    expect(await listRuns(service.app.url)).toEqual([]);
  });

  test("count the starts of one person", async () => {
    const runbook = `
name: often
target: local
guards: {per_user: {max: 2, per: 1d}}
steps: [{id: look, effect: read, command: ["true"]}]
`;
    const service = await startStarts({ "runbooks/often.yml": runbook });
    const answers = [];
    for (let count = 0; count < 3; count += 1) answers.push(await startRun(service, "often", {}));
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 409]);
    expect(answers[2]?.json["reason"]).toBe("per_user");
    expect(answers[2]?.json["detail"]).toMatch(/your next one may start at/);
  });

  test("let a start wait in line, and the run says for what", async () => {
    const runbook = `
name: alone
target: local
guards: {concurrency: 1}
steps: [{id: wait, wait: 10m}]
`;
    const service = await startStarts({ "runbooks/alone.yml": runbook });
    const first = await startRun(service, "alone", {});
    await waitFor("the first run", async () => {
      const run = await call(service, "GET", `/runs/${idOf(first)}`);
      return run.json["status"] === "running" ? true : null;
    });
    const second = await startRun(service, "alone", {});
    expect([second.status, second.json["reason"]]).toEqual([202, "concurrency"]);
    await waitFor("the reason in the run", async () => {
      const run = await call(service, "GET", `/runs/${idOf(second)}`);
      return run.json["status"] === "queued" && run.json["reason"] === "concurrency" ? true : null;
    });
    await call(service, "POST", `/runs/${idOf(second)}/cancel`, {});
    await call(service, "POST", `/runs/${idOf(first)}/cancel`, {});
  });
});

describe("an Idempotency-Key", () => {
  const KEY = { "idempotency-key": "order 66" };

  test("lets the same call start one run, also when it is made many times at once", async () => {
    const service = await startStarts();
    const answers = await Promise.all(Array.from({ length: 8 }, () => startRun(service, "greet", HOST, KEY)));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await listRuns(service.app.url)).toHaveLength(1);
    const again = await startRun(service, "greet", { inputs: { host: "web-1" } }, KEY);
    expect([idOf(again), again.headers.get("location")]).toEqual([
      idOf(answers[0] ?? again),
      answers[0]?.headers.get("location"),
    ]);
  });

  test("is answered with its run also where the same call would be refused by now", async () => {
    const service = await startStarts();
    const planned = await call(service, "POST", "/runbooks/greet/plan", HOST);
    const body = { ...HOST, plan_digest: String(planned.json["digest"]) };
    const first = idOf(await startRun(service, "greet", body, KEY));
    service.at.write({
      "hosts.yml":
        "defaults: {user: nobody, known_hosts: /dev/null, key: {file: /dev/null}}\nhosts:\n  - {name: web-1, address: 192.0.2.77, labels: {role: web}}\n",
      "rules/all.yml": "rules: []\n",
    });
    expect(await service.app.reload()).toEqual([]);
    expect((await startRun(service, "greet", body)).status).toBe(409);
    expect(idOf(await startRun(service, "greet", body, KEY))).toBe(first);
  });

  test("cannot be used for another call", async () => {
    const service = await startStarts();
    await startRun(service, "greet", HOST, KEY);
    const other = await startRun(service, "greet", { inputs: { host: "web-2" } }, KEY);
    expect([other.status, other.json["title"]]).toEqual([422, "Key used before"]);
    expect((await startRun(service, "greet", HOST, { "idempotency-key": "a".repeat(256) })).status).toBe(400);
    expect(await listRuns(service.app.url)).toHaveLength(1);
  });

  test("is free again after a start that was refused, and after a day", async () => {
    const service = await startStarts();
    await call(service, "POST", "/pauses", { name: "deploy", scope: "all", reason: "x", for: "2h" });
    expect((await startRun(service, "greet", HOST, KEY)).status).toBe(409);
    await call(service, "DELETE", "/pauses/deploy");
    const first = idOf(await startRun(service, "greet", HOST, KEY));
    await service.app.store.transaction(async (tx) => {
      const [row] = await tx.selectFrom("start_key").selectAll().execute();
      expect(row?.digest).toMatch(/^hmac-sha256:/);
      await tx
        .updateTable("start_key")
        .set((it) => ({ created_at: it("created_at", "-", 24 * 3_600_000) }))
        .execute();
    });
    expect(idOf(await startRun(service, "greet", HOST, KEY))).not.toBe(first);
  });
});
