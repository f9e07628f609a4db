// Who is told: those whom the rule names instead of those in the settings, also of alerts that are about no run.
import { expect, test } from "vitest";
import { startServer } from "../outbound/http-server.ts";
import { waitFor } from "../support/wait.ts";
import { decisionsOf, post, runEnded, type Scenario, startScenario } from "./engine-fixture.ts";

const alert = (alertname: string) => ({ labels: { alertname }, startsAt: "2026-01-01T00:00:00Z" });

interface Told {
  readonly to: string;
  readonly type: string;
  readonly run: string | null;
  readonly text: string;
}

async function scenario(): Promise<{ at: Scenario; told: () => Told[] }> {
  const { url, seen } = await startServer((response) => response.end());
  const at = await startScenario({
    "nightshift.yml": `
sources: [{name: alertmanager, kind: alertmanager, episode_ttl: 200ms}]
notifiers: [{name: all, webhook: {url: "${url}/all"}}, {name: web, webhook: {url: "${url}/web"}}]
notify: [{to: all, events: [failed, stale]}]
`,
    "rules/all.yml": `
rules:
  - {name: own, mode: auto, matchers: ['alertname = "Own"'], runbook: fail, notify: [{to: web, events: [failed, stale]}]}
  - {name: part, mode: auto, matchers: ['alertname = "Part"'], runbook: fail, notify: [{to: web, events: [failed]}]}
  - {name: plain, mode: auto, matchers: ['alertname = "Plain"'], runbook: fail}
`,
    "runbooks/fail.yml": "{name: fail, target: local, steps: [{id: fail, run: exit 3}]}\n",
  });
  const told = () =>
    seen.map(({ url: path, body }) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { run: string | null; text: string } };
      return { to: path.slice(1), type, run: data.run, text: data.text };
    });
  return { at, told };
}

async function outboxDone({ app }: Scenario): Promise<void> {
  await waitFor("the outbox", async () => {
    const open = await app.store.reader
      .selectFrom("outbox")
      .select("id")
      .where("done_at", "is", null)
      .execute();
    return open.length === 0;
  });
}

test.each([
  ["Own", ["web"]],
  ["Part", ["web"]],
  ["Plain", ["all"]],
])("of a failed run for %s: %j", async (alertname, expected) => {
  const { at, told } = await scenario();
  await post(at, alert(alertname));
  const run = await runEnded(at);
  await outboxDone(at);
  expect(told().map(({ to, type, run: id }) => [to, type, id])).toEqual(
    expected.map((to) => [to, "nightshift.failed", run.id]),
  );
});

test.each([
  ["Own", ["web"]],
  ["Part", []],
  ["Plain", ["all"]],
  ["Unknown", ["all"]],
])("of the alert %s when nothing is heard of it any more: %j", async (alertname, expected) => {
  const { at, told } = await scenario();
  await post(at, alert(alertname));
  if (alertname !== "Unknown") await runEnded(at);
  const heardAtMs = Date.now();
  await waitFor("episode_ttl", () => Date.now() > heardAtMs + 250);
  await at.app.store.transaction((tx) =>
    tx.updateTable("timer").set({ due_at: 1 }).where("kind", "=", "reconcile").execute(),
  );
  await waitFor("its end", async () => (await decisionsOf(at)).includes("closed"));
  await outboxDone(at);
  const stale = told().filter(({ type }) => type === "nightshift.stale");
  expect(stale.map(({ to, run }) => [to, run])).toEqual(expected.map((to) => [to, null]));
  for (const { text } of stale)
    expect(text).toContain(`${alertname}: nothing is heard of the alert any more`);
});
