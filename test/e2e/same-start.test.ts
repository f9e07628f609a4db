// One run, started in every way there is: by an alert, over the API, on the command line and by a schedule. What is stored is the same.
import { expect, test } from "vitest";
import { nightshift } from "../cli/nightshift.ts";
import { call } from "../http/controls-fixture.ts";
import { idOf, startRun, startStarts } from "../http/starts-fixture.ts";
import { listRuns, postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";

const RULES = `
rules:
  - {name: say, mode: auto, matchers: [alertname = "Say", instance != ""], runbook: greet, with: {host: "\${{ alert.labels.instance }}", count: 2, grace: 90m}}
`;
const SCHEDULES = `
schedules:
  - {name: yearly, runbook: greet, with: {host: web-1.example.net, count: 2, grace: 1h30m}, cron: "0 12 1 1 *"}
`;

test("an alert, the API, the command line and a schedule store byte-equal inputs and the same plan digest", async () => {
  const service = await startStarts({ "rules/all.yml": RULES, "schedules.yml": SCHEDULES });
  const { app } = service;
  const planned = await call(service, "POST", "/runbooks/greet/plan", {
    inputs: { host: "web-1", count: "2", grace: "90m" },
  });
  await postAlerts(app.url, [{ labels: { alertname: "Say", instance: "web-1:9100" } }]);
  const byApi = idOf(
    await startRun(service, "greet", { inputs: { host: "192.0.2.1", count: 2, grace: "90m" } }),
  );
  const words = ["--input", "host=web-1", "--input", "count=2", "--input", "grace=1h30m", "--yes"];
  const byHand = await nightshift(["run", "start", "greet", ...words, "--server", app.url, "-o", "json"]);
  expect([byHand.stderr, byHand.code]).toEqual([expect.any(String), 0]);
  const onCommandLine = (JSON.parse(byHand.stdout) as { id: string }).id;
  await app.store.transaction(async (tx) => {
    await tx
      .updateTable("timer")
      .set({ due_at: Date.now() - 1 })
      .where("kind", "=", "schedule")
      .execute();
  });
  await waitFor("all four runs", async () => (await listRuns(app.url)).length === 4);
  const rows = await app.store.reader
    .selectFrom("run")
    .select(["id", "trigger_kind", "plan", "plan_digest"])
    .execute();
  expect(rows.map((row) => row.trigger_kind).toSorted()).toEqual(["alert", "person", "person", "schedule"]);
  expect(rows.map((row) => row.id)).toEqual(expect.arrayContaining([byApi, onCommandLine]));
  const plans = new Set(rows.map((row) => row.plan));
  const digests = new Set(rows.map((row) => row.plan_digest));
  expect([...digests]).toEqual([planned.json["digest"]]);
  expect(plans.size).toBe(1);
  const [plan = ""] = plans;
  expect((JSON.parse(plan) as { inputs: unknown }).inputs).toEqual({
    host: "web-1",
    count: 2,
    grace: 5_400_000,
  });
  console.log(`same start: ways=4 stored plans=${plans.size} (${plan.length} bytes) digests=${digests.size}`);
});
