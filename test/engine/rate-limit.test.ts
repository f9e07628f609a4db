// Forty hosts at once start three runs, however the alerts arrive, and whatever happens to the service meanwhile.
import { expect, onTestFinished, test } from "vitest";
import { postAlerts, type TestAlert } from "../support/alerts.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { type AlertJson, alertsOf, post, runsOf, startScenario } from "./engine-fixture.ts";

const RULE = `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance =~ ".+"']
    group_by: [instance]
    runbook: look
    guards: {rate_limit: {max: 3, per: 1h}}
`;
const RUNBOOK = `
name: look
target: local
steps: [{id: look, command: ["true"], effect: read}]
`;
const FILES = { "rules/slow.yml": RULE, "runbooks/look.yml": RUNBOOK };

const HOSTS: readonly TestAlert[] = Array.from({ length: 40 }, (_, index) => ({
  labels: { alertname: "Slow", instance: `web-${index + 1}:9100` },
  startsAt: "2026-01-01T00:00:00Z",
}));

function countOf(alerts: readonly AlertJson[], kind: string): number {
  return alerts.filter((alert) => alert.decisions.some((decision) => decision.kind === kind)).length;
}

/** Three have started, thirty-seven wait for the end of the hour with the reason. */
function expectThree(alerts: readonly AlertJson[]): void {
  expect(alerts).toHaveLength(40);
  expect(countOf(alerts, "started")).toBe(3);
  const delayed = alerts.flatMap((alert) =>
    alert.decisions.filter((decision) => decision.kind === "delayed"),
  );
  expect(delayed).toHaveLength(37);
  for (const decision of delayed) {
    expect(decision).toMatchObject({ rule: "slow", reason: "rate_limit", run: null });
    const retryAtMs = Date.parse(String(decision.detail["retry_at"]));
    expect(retryAtMs - Date.now()).toBeGreaterThan(50 * 60_000);
    expect(retryAtMs - Date.now()).toBeLessThanOrEqual(60 * 60_000);
  }
}

test("forty hosts in one delivery start exactly three runs", async () => {
  const scenario = await startScenario(FILES);
  await post(scenario, ...HOSTS);
  expectThree(await alertsOf(scenario));
  expect(await runsOf(scenario)).toHaveLength(3);
});

test("forty hosts in forty deliveries at once start exactly three runs", async () => {
  const scenario = await startScenario(FILES);
  await Promise.all(HOSTS.map((host) => post(scenario, host)));
  expectThree(await alertsOf(scenario));
  expect(await runsOf(scenario)).toHaveLength(3);
});

test.each(["before-intake-commit:7", "after-intake-commit:7"])(
  "killed at %s in the middle of forty deliveries, exactly three runs start",
  async (killPoint) => {
    const at = createServiceFolder(FILES);
    onTestFinished(() => at.remove());
    const port = await freePort();
    const first = await startChild(at, { port, killPoint });
    for (const host of HOSTS) {
      const answer = await postAlerts(first.url, [host]).catch(() => null);
      if (answer?.status !== 202) break;
    }
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });
    const second = await startChild(at, { port });
    onTestFinished(() => second.kill());
    // A sender repeats what was not acknowledged, and sooner or later everything.
    for (const host of HOSTS) expect((await postAlerts(second.url, [host])).status).toBe(202);
    const alerts = await waitFor("the alerts", () => listAlerts(second.url));
    expectThree(alerts);
    const runs = (await (await fetch(`${second.url}/api/v1/runs`)).json()) as { items: unknown[] };
    expect(runs.items).toHaveLength(3);
  },
);

async function listAlerts(url: string): Promise<AlertJson[]> {
  const list = (await (await fetch(`${url}/api/v1/alerts?limit=200`)).json()) as { items: { id: string }[] };
  return Promise.all(
    list.items.map(async ({ id }) => (await (await fetch(`${url}/api/v1/alerts/${id}`)).json()) as AlertJson),
  );
}
