// Open alerts of which nothing is heard: what a delivery says meanwhile counts for more than a source that does not answer.
import { expect, test } from "vitest";
import { startServer } from "../outbound/http-server.ts";
import { waitFor } from "../support/wait.ts";
import { alertsOf, post, type Scenario, settings, startScenario } from "./engine-fixture.ts";

const alert = (instance: string) => ({
  labels: { alertname: "Silent", instance },
  startsAt: "2026-01-01T00:00:00Z",
});

/** Resolves when the next look is set. */
async function lookForSilent({ app }: Scenario): Promise<void> {
  await app.store.transaction((tx) =>
    tx.updateTable("timer").set({ due_at: 1 }).where("kind", "=", "reconcile").execute(),
  );
  await waitFor("the next look to be set", async () => {
    const timer = await app.store.reader
      .selectFrom("timer")
      .select("due_at")
      .where("kind", "=", "reconcile")
      .executeTakeFirst();
    return timer !== undefined && timer.due_at > Date.now();
  });
}

test("an alert that is delivered while others are asked after does not become stale", async () => {
  const running: { scenario: Scenario | null; isHeard: boolean } = { scenario: null, isHeard: false };
  const { url } = await startServer((response) => {
    void (async () => {
      // The source is asked after the older alert first, and answers for neither.
      if (running.scenario !== null && !running.isHeard) {
        running.isHeard = true;
        await post(running.scenario, alert("second"));
      }
      response.statusCode = 503;
      response.end();
    })();
  });
  const scenario = await startScenario({
    "nightshift.yml": settings(
      `sources: [{name: alertmanager, kind: alertmanager, episode_ttl: 200ms, api: {urls: ["${url}"]}}]`,
    ),
    "rules/all.yml": "rules: [{name: all, mode: observe, matchers: []}]\n",
  });
  running.scenario = scenario;
  await post(scenario, alert("first"));
  await post(scenario, alert("second"));
  const heardAtMs = Date.now();
  await waitFor("episode_ttl", () => Date.now() > heardAtMs + 250);
  await lookForSilent(scenario);
  const alerts = await alertsOf(scenario);
  expect(alerts.map(({ labels, status }) => [labels["instance"], status])).toEqual([
    ["first", "stale"],
    ["second", "firing"],
  ]);
});

test("a stale alert that is heard of again fires, and is not late", async () => {
  const scenario = await startScenario({
    "nightshift.yml": settings("sources: [{name: alertmanager, kind: alertmanager, episode_ttl: 200ms}]"),
    "rules/all.yml": "rules: [{name: all, mode: observe, matchers: []}]\n",
  });
  await post(scenario, alert("first"));
  const heardAtMs = Date.now();
  await waitFor("episode_ttl", () => Date.now() > heardAtMs + 250);
  await lookForSilent(scenario);
  await post(scenario, alert("first"));
  expect((await alertsOf(scenario)).map(({ status }) => status)).toEqual(["stale", "firing"]);
});
