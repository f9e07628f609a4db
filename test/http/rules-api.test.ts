// What the API says of rules, of what they did, and of the service itself.
import { describe, expect, onTestFinished, test } from "vitest";
import type { App } from "../../src/app.ts";
import { newId } from "../../src/platform/ids.ts";
import { openBreaker } from "../../src/store/breakers.ts";
import { insertPause } from "../../src/store/pauses.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULES = `# Rules of the shop.
rules:
  - name: restart      # what usually helps
    mode: auto
    matchers: ['alertname = "Slow"']
    runbook: touch
    guards:
      breaker: {failures: 2, within: 1h, reset_after: 2h}

  - {name: watch, mode: observe, matchers: ['alertname =~ "Full|Slow"'], runbook: touch, with: {}}
  - name: catch-all
    mode: observe
    matchers: []
`;
const RUNBOOK = `
name: touch
target: local
steps: [{id: touch, command: ["true"]}]
`;

const SAY = `
name: say
target: local
inputs: {word: {type: string, pattern: "[a-z]+"}, times: {type: integer, default: 1}}
steps: [{id: say, effect: read, command: [echo, "\${{ inputs.word }}"]}]
`;

async function open(rules = RULES, more: Readonly<Record<string, string>> = {}): Promise<App> {
  const at = createServiceFolder({
    "rules/shop.yml": rules,
    "runbooks/touch.yml": RUNBOOK,
    ...more,
  });
  const app = await startService(at);
  onTestFinished(async () => {
    await app.stop();
    at.remove();
  });
  return app;
}

type Json = Readonly<Record<string, unknown>>;

async function get(app: App, path: string): Promise<Json> {
  const response = await fetch(`${app.url}/api/v1${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Json;
}

async function problem(app: App, path: string): Promise<Json> {
  const response = await fetch(`${app.url}/api/v1${path}`);
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  return (await response.json()) as Json;
}

const NOTHING = {
  episodes: 0,
  decisions: [],
  runs: { succeeded: 0, failed: 0, cancelled: 0, timed_out: 0, interrupted: 0, rejected: 0 },
  outcomes: { fixed: 0, no_effect: 0, worse: 0, unknown: 0 },
  success_rate: null,
  self_resolved: 0,
  median_seconds_to_fix: null,
};

/** One alert that is restarted for, one that is only watched and recovers by itself. */
async function exercise(app: App): Promise<void> {
  await postAlerts(app.url, [{ labels: { alertname: "Slow" } }, { labels: { alertname: "Full" } }]);
  await waitFor("the run", async () => (await listRuns(app.url)).find(isOver));
  await postAlerts(app.url, [{ labels: { alertname: "Full" }, status: "resolved" }]);
}

describe("GET /rules", () => {
  test("has the rules in their order, with what they did", async () => {
    const app = await open();
    await exercise(app);
    const { items, next } = await get(app, "/rules");
    expect(next).toBe(null);
    const [restart, watch, catchAll] = items as readonly Json[];
    expect(restart).toMatchObject({
      name: "restart",
      mode: "auto",
      position: 1,
      line: 3,
      runbook: "touch",
      breaker: { state: "closed", opened_at: null, because: null, run: null },
    });
    const did = {
      ...NOTHING,
      episodes: 1,
      decisions: [{ kind: "started", reason: null, count: 1 }],
      runs: { ...NOTHING.runs, succeeded: 1 },
    };
    expect(restart?.["statistics"]).toEqual({ complete: true, days_1: did, days_7: did, days_30: did });
    const observed = [{ kind: "observed", reason: null, count: 1 }];
    expect(watch).toMatchObject({ name: "watch", position: 2, breaker: null });
    expect(watch?.["statistics"]).toMatchObject({
      days_7: { ...NOTHING, episodes: 1, decisions: observed, self_resolved: 1 },
    });
    expect(catchAll).toMatchObject({
      name: "catch-all",
      position: 3,
      runbook: null,
      statistics: { days_1: { episodes: 1, self_resolved: 0 } },
    });
  });

  test("is read page by page", async () => {
    const app = await open();
    const first = await get(app, "/rules?limit=2");
    expect((first["items"] as Json[]).map((rule) => rule["name"])).toEqual(["restart", "watch"]);
    const second = await get(app, `/rules?limit=2&after=${String(first["next"])}`);
    expect((second["items"] as Json[]).map((rule) => rule["name"])).toEqual(["catch-all"]);
    expect(second["next"]).toBe(null);
    expect(await get(app, "/rules?after=999")).toEqual({ items: [], next: null });
    for (const query of ["limit=0", "limit=201", "after=0", "after=restart", "after=1&after=2"])
      expect(await problem(app, `/rules?${query}`)).toMatchObject({ status: 400 });
  });

  test("shows an open breaker, why it opened, and that it closes by itself", async () => {
    const app = await open();
    const opening = { rule: "restart", runId: newId(), because: "2 runs failed", resetAfterMs: 7_200_000 };
    const openAt = (atMs: number) => app.store.transaction((tx) => openBreaker(tx, { ...opening, atMs }));
    const breaker = async () => (await get(app, "/rules/restart"))["breaker"];
    await openAt(Date.now() - 3 * 3_600_000);
    expect(await breaker()).toEqual({ state: "closed", opened_at: null, because: null, run: null });
    const atMs = Date.now() - 60_000;
    await openAt(atMs);
    expect(await breaker()).toEqual({
      state: "open",
      opened_at: new Date(atMs).toISOString(),
      because: "2 runs failed",
      run: opening.runId,
    });
  });
});

describe("GET /rules/NAME", () => {
  test("has the text of the rule as it was loaded", async () => {
    const app = await open();
    expect((await get(app, "/rules/restart"))["source"]).toBe(
      `name: restart      # what usually helps
mode: auto
matchers: ['alertname = "Slow"']
runbook: touch
guards:
  breaker: {failures: 2, within: 1h, reset_after: 2h}
`,
    );
    expect((await get(app, "/rules/watch"))["source"]).toBe(
      `{name: watch, mode: observe, matchers: ['alertname =~ "Full|Slow"'], runbook: touch, with: {}}\n`,
    );
  });

  test("says what it asks for, its guards and what follows in words, and where its text begins", async () => {
    const app = await open(
      `rules:
  - name: restart
    mode: auto
    source: alertmanager
    matchers: ['alertname = "Slow"', 'service =~ "web|api"']
    if: alert.labels.service != "batch"
    after: 2m
    group_by: [service]
    continue: true
    runbook: say
    with: {word: "\${{ alert.labels.service }}", times: 2}
    guards: {cooldown: 30m, rate_limit: {max: 3, per: 1h}, locks: [shop], wait: 5m}
    ladder: [{runbook: touch, mode: approve}]
    on_resolve: let_finish
`,
      { "runbooks/say.yml": SAY },
    );
    expect(await get(app, "/rules/restart")).toMatchObject({
      matchers: ['alertname="Slow"', 'service=~"web|api"'],
      if: 'alert.labels.service != "batch"',
      with: { word: "${{ alert.labels.service }}", times: "2" },
      conditions: [
        "only alerts of source alertmanager",
        "once it fires for 2m",
        "one run for all alerts with the same service",
        "later rules are tried as well",
      ],
      guards: [
        "cooldown: 30m after a run for the same group",
        "rate limit: 3 starts in 1h",
        "locks: shop",
        "waits up to 5m for what is taken",
      ],
      following: [
        "fixed when the alert resolves within 10m and stays so for 10m",
        "1. if it still fires: touch runs (approve)",
        "when the alert ends, its run goes on",
      ],
      source_line: 2,
    });
  });

  test("is 404 for a rule that is not there", async () => {
    const app = await open();
    expect(await problem(app, "/rules/nothing")).toMatchObject({
      status: 404,
      detail: "there is no rule nothing",
    });
    expect(await problem(app, "/rules/__proto__")).toMatchObject({ status: 404 });
  });
});

describe("GET /stats", () => {
  test("counts an alert once in the totals, and for each rule that decided on it", async () => {
    const app = await open();
    await exercise(app);
    for (const days of [1, 7, 30]) {
      const stats = await get(app, `/stats?days=${days}`);
      expect(stats).toMatchObject({ days, complete: true });
      const lengthMs = Date.parse(String(stats["to"])) - Date.parse(String(stats["from"]));
      expect(lengthMs).toBeGreaterThanOrEqual(days * 86_400_000);
      expect(lengthMs).toBeLessThan(days * 86_400_000 + 3_600_000);
      expect(stats["totals"]).toMatchObject({
        episodes: 2,
        self_resolved: 1,
        runs: { succeeded: 1 },
        success_rate: null,
      });
      expect(stats["rules"]).toMatchObject({
        items: [
          { name: "restart", episodes: 1 },
          { name: "watch", episodes: 1 },
          { name: "catch-all", episodes: 1 },
        ],
        more: 0,
      });
      expect(stats["runbooks"]).toMatchObject({
        items: [{ name: "touch", episodes: 2, runs: { succeeded: 1 }, self_resolved: 1 }],
        more: 0,
      });
    }
    expect(await get(app, "/stats")).toMatchObject({ days: 7 });
    for (const days of ["2", "0", "", "1&days=7", "07"])
      expect(await problem(app, `/stats?days=${days}`)).toMatchObject({ status: 400 });
  });

  test("goes on with rules that are gone, and says the outcome of runs", async () => {
    const app = await open();
    await exercise(app);
    const run = (await listRuns(app.url))[0];
    await app.store.transaction((tx) =>
      tx
        .updateTable("run")
        .set({ outcome: "unknown", rule: "gone" })
        .where("id", "=", run?.id ?? "")
        .execute(),
    );
    const { rules, totals } = await get(app, "/stats?days=1");
    expect((rules as { items: Json[] }).items.at(-1)).toMatchObject({
      name: "gone",
      outcomes: { unknown: 1 },
      success_rate: 0,
    });
    expect(totals).toMatchObject({ outcomes: { unknown: 1 }, success_rate: 0 });
  });
});

test("GET /status says what runs here and what stops it", async () => {
  const app = await open();
  const nowMs = Date.now();
  const pause = {
    id: newId(),
    name: "freeze",
    scope: "all",
    reason: "sale",
    principal: "local",
    removedAtMs: null,
    removedBy: null,
  };
  await app.store.transaction((tx) =>
    insertPause(tx, { ...pause, createdAtMs: nowMs, untilMs: nowMs + 3_600_000 }),
  );
  const status = await get(app, "/status");
  expect(status).toMatchObject({
    version: "0.0.0-test",
    database: "sqlite",
    configuration: { revision: 1, last_reload: null },
    rules: 3,
    runbooks: 1,
    hosts: 0,
    queue: { depth: 0, oldest_at: null },
    pauses_active: 1,
    notices: { pending: 0, dead: 0 },
  });
  expect(String(status["node"]).length).toBeGreaterThan(8);
  expect(Math.abs(Date.parse(String(status["started_at"])) - nowMs)).toBeLessThan(60_000);
  const { configuration } = status as { configuration: Json };
  expect(configuration["digest"]).toMatch(/^[0-9a-f]{64}$/);
  expect(configuration["loaded_at"]).toMatch(/^\d{4}-.*Z$/);
});
