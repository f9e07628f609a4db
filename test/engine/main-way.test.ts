// The way of one alert through the whole service: received, matched, run, verified, sealed.
import { afterEach, expect, test } from "vitest";
import { type App } from "../../src/app.ts";
import { isOver, listRuns, postAlerts, readRun } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { app?: App; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.app?.stop();
  open.at?.remove();
});

async function start(files: Record<string, string>): Promise<App> {
  open.at = createServiceFolder(files);
  open.app = await startService(open.at);
  return open.app;
}

const RULE = `
rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'service != ""']
    runbook: restart
    with: {name: "\${{ alert.labels.service }}"}
    verify: {resolved_within: 5s, stable_for: 1s}
`;

const RUNBOOK = `
name: restart
inputs: {name: {type: string}}
target: local
steps:
  - {id: look, effect: read, command: [echo, "looking at \${{ inputs.name }}"], outputs: {words: 'stdout.trim()'}}
  - {id: change, command: [sh, -c, 'echo done >> "$FILE"'], env: {FILE: "/dev/null"}}
  - {id: never, if: 'steps.look.outputs.words == "something else"', command: ["false"]}
finally:
  - {id: tidy, command: ["true"]}
summary: 'It said: \${{ steps.look.outputs.?words.orValue("nothing") }}'
`;

test("starts the rule's runbook for a firing alert and seals a bundle", async () => {
  const app = await start({ "rules/slow.yml": RULE, "runbooks/restart.yml": RUNBOOK });
  const response = await postAlerts(app.url, [{ labels: { alertname: "Slow", service: "web; rm -rf /" } }]);
  expect(response.status).toBe(202);
  const run = await waitFor("a sealed run", async () =>
    (await listRuns(app.url)).find((each) => isOver(each) && each.bundle !== null),
  );
  const details = await readRun(app.url, run.id);
  expect(details.steps.map((step) => `${step.id}:${step.status}`)).toEqual([
    "look:succeeded",
    "change:succeeded",
    "never:skipped",
    "tidy:succeeded",
  ]);
  expect(details).toMatchObject({
    status: "succeeded",
    summary: "It said: looking at web; rm -rf /",
    failed_step: null,
  });
  expect(details.steps[0]?.outputs).toEqual({ words: "looking at web; rm -rf /" });
});

test("says fixed when the alert recovers after the change and stays so", async () => {
  const app = await start({ "rules/slow.yml": RULE, "runbooks/restart.yml": RUNBOOK });
  const labels = { alertname: "Slow", service: "web" };
  await postAlerts(app.url, [{ labels, startsAt: "2026-01-01T00:00:00Z" }]);
  const run = await waitFor("the end of the run", async () => (await listRuns(app.url)).find(isOver));
  await postAlerts(app.url, [{ labels, startsAt: "2026-01-01T00:00:00Z", status: "resolved" }]);
  const judged = await waitFor("the outcome", async () => {
    const details = await readRun(app.url, run.id);
    return details.outcome === null ? null : details;
  });
  expect(judged).toMatchObject({ outcome: "fixed" });
  await waitFor(
    "the bundle that tells it",
    async () => (await readRun(app.url, run.id)).bundle?.revision === 2,
  );
});

test("says unknown, not fixed, when nothing more is heard and the source cannot be asked", async () => {
  const app = await start({ "rules/slow.yml": RULE.replace("5s", "1s"), "runbooks/restart.yml": RUNBOOK });
  await postAlerts(app.url, [{ labels: { alertname: "Slow", service: "web" } }]);
  const run = await waitFor("the outcome", async () =>
    (await listRuns(app.url)).find((each) => each.outcome !== null),
  );
  expect(run.outcome).toBe("unknown");
});

test("says no_effect when the alert is sent as firing again after the change", async () => {
  const app = await start({ "rules/slow.yml": RULE.replace("5s", "1s"), "runbooks/restart.yml": RUNBOOK });
  const alert = { labels: { alertname: "Slow", service: "web" }, startsAt: "2026-01-01T00:00:00Z" };
  await postAlerts(app.url, [alert]);
  await waitFor("the end of the run", async () => (await listRuns(app.url)).find(isOver));
  await postAlerts(app.url, [alert]);
  const run = await waitFor("the outcome", async () =>
    (await listRuns(app.url)).find((each) => each.outcome !== null),
  );
  expect(run.outcome).toBe("no_effect");
  expect(await listRuns(app.url)).toHaveLength(1);
});
