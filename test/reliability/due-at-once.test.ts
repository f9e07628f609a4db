// Very many timers that are due at one moment, as after a storm or an outage: the service answers while it works on them.
import { expect, test } from "vitest";
import { startScenario } from "../engine/engine-fixture.ts";
import { postAlerts } from "../support/alerts.ts";

const ALERTS = 1_500;
const OF_ONE_DELIVERY = 100;
const AFTER_MS = 6_000;

const FILES = {
  "rules/act.yml": `rules: [{name: act, mode: observe, matchers: ['alertname = "Slow"'], runbook: act, after: ${AFTER_MS / 1_000}s}]\n`,
  "runbooks/act.yml": `name: act\ntarget: local\nsteps: [{id: act, command: ["true"]}]\n`,
};

test("who asks while 1,500 timers are due is answered before the last of them is done", async () => {
  const { app } = await startScenario(FILES);
  const startsAt = new Date().toISOString();
  for (let first = 0; first < ALERTS; first += OF_ONE_DELIVERY) {
    const alerts = Array.from({ length: OF_ONE_DELIVERY }, (_, number) => ({
      labels: { alertname: "Slow", instance: `web-${first + number}` },
      startsAt,
    }));
    expect((await postAlerts(app.url, alerts)).status).toBe(202);
  }
  const seen = new Set<number>();
  let done = 0;
  for (const deadlineMs = performance.now() + 120_000; done < ALERTS && performance.now() < deadlineMs; ) {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    done = Number(/^nightshift_decisions_total\{kind="observed",reason=""\} (\d+)$/m.exec(text)?.[1] ?? 0);
    if (done > 0 && done < ALERTS) seen.add(done);
  }
  console.log(`due at once: timers=${ALERTS} answers meanwhile=${seen.size}`);
  expect(done).toBe(ALERTS);
  // Without turns in between there is none.
  expect(seen.size).toBeGreaterThanOrEqual(10);
}, 150_000);
