// What runs leave to be done: nothing that is slow keeps the rest waiting.
import { expect, test } from "vitest";
import { startServer } from "../outbound/http-server.ts";
import { waitFor } from "../support/wait.ts";
import { post, startScenario } from "./engine-fixture.ts";

test("a receiver that hangs keeps neither the bundles of other runs waiting nor what others are told", async () => {
  let hanging = 0;
  let told = 0;
  const held = await startServer(() => {
    hanging += 1;
  });
  const quick = await startServer((response) => {
    told += 1;
    response.end();
  });
  const runs = 8;
  const scenario = await startScenario({
    "nightshift.yml": `
notifiers:
  - {name: hangs, webhook: {url: "${held.url}/", timeout: 25s}}
  - {name: quick, webhook: {url: "${quick.url}/"}}
notify: [{to: hangs, events: [failed]}, {to: quick, events: [failed]}]
`,
    "rules/act.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], group_by: [instance], runbook: act}]\n`,
    "runbooks/act.yml": "{name: act, target: local, steps: [{id: fail, run: exit 3}]}\n",
  });
  const alerts = Array.from({ length: runs }, (_, index) => ({
    labels: { alertname: "Slow", instance: `web-${index}` },
    startsAt: "2026-01-01T00:00:00Z",
  }));
  await post(scenario, ...alerts);
  const { reader } = scenario.app.store;
  await waitFor(
    "all bundles and all of the quick receiver's notices",
    async () =>
      (await reader.selectFrom("bundle").select("run_id").execute()).length === runs && told === runs,
    20_000,
  );
  expect(hanging).toBe(4);
  const open = await reader.selectFrom("outbox").select("notifier").where("done_at", "is", null).execute();
  expect(open.map(({ notifier }) => notifier)).toEqual(Array.from({ length: runs }, () => "hangs"));
});
