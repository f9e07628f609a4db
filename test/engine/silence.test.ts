// While a run of a rule with `silence` is under way its alert is silenced at its source, and no longer.
import { describe, expect, onTestFinished, test } from "vitest";
import { silenceMatchers } from "../../src/engine/silences.ts";
import { parseMatchers } from "../../src/expressions/matchers.ts";
import { isInstalled, startProgram } from "../outbound/program.ts";
import { startService } from "../support/service.ts";
import { type SilenceSource, startSilenceSource } from "../support/silence-source.ts";
import { waitFor } from "../support/wait.ts";
import {
  notesOf,
  openGate,
  post,
  runEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";

const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };

interface Parts {
  readonly rule?: string;
  readonly step?: string;
  readonly more?: string;
}

function scenario(url: string, { rule = "mode: auto", step, more = "" }: Parts = {}): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": settings(
      `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${url}"]}}]\n${more}`,
    ),
    "rules/all.yml": `
rules:
  - {name: act, matchers: ['alertname = "Slow"'], runbook: act, silence: {for: 15m}, ${rule}}
`,
    "runbooks/act.yml": `
name: act
target: local
steps: [{id: act, ${step ?? `run: 'echo act >> FOLDER/notes; ${waitAt("gate")}'`}}]
`,
  });
}

async function silenced(at: Scenario, source: SilenceSource): Promise<void> {
  await post(at, SLOW);
  await waitFor("the silence", () => source.active().length === 1);
  await waitFor("the step", () => notesOf(at).includes("act"));
}

/** Everything that runs left to be done is done. */
async function outboxDone({ app }: Scenario): Promise<void> {
  await waitFor(
    "the outbox",
    async () => {
      const open = await app.store.reader
        .selectFrom("outbox")
        .select("id")
        .where("done_at", "is", null)
        .execute();
      return open.length === 0;
    },
    30_000,
  );
}

const lifted = (source: SilenceSource) =>
  waitFor("the silence to be lifted", () => source.silences.length > 0 && source.active().length === 0);

test("it is made for exactly the alert's labels, bounded, marked as ours, and lifted at the end", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source.url);
  const beforeMs = Date.now();
  await silenced(at, source);
  const [run] = await runsOf(at);
  const [silence] = source.silences;
  expect(silence).toMatchObject({
    createdBy: "nightshift",
    matchers: [
      { name: "alertname", value: "Slow", isRegex: false, isEqual: true },
      { name: "instance", value: "web-1", isRegex: false, isEqual: true },
    ],
  });
  expect(silence?.comment).toContain(`/runs/${run?.id ?? ""}`);
  const endsAtMs = Date.parse(silence?.endsAt ?? "");
  expect(endsAtMs).toBeGreaterThanOrEqual(beforeMs + 900_000);
  expect(endsAtMs).toBeLessThanOrEqual(Date.now() + 900_000);
  openGate(at, "gate");
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("a run that is cancelled lifts it", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source.url);
  await silenced(at, source);
  const [run] = await runsOf(at);
  await fetch(`${at.app.url}/api/v1/runs/${run?.id ?? ""}/cancel`, { method: "POST" });
  expect(await runEnded(at)).toMatchObject({ status: "cancelled" });
  await lifted(source);
});

test("one that could not be lifted before the service ended is lifted after the next start", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source.url, { more: "limits: {shutdown_grace: 100ms}" });
  await silenced(at, source);
  source.state.isAway = true;
  await at.app.stop();
  expect(source.active()).toHaveLength(1);
  source.state.isAway = false;
  at.app = await startService(at.at);
  expect(await runEnded(at)).toMatchObject({ status: "interrupted" });
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("a run that waits for a person silences nothing", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source.url, { rule: "mode: approve" });
  await post(at, SLOW);
  expect(await runsOf(at)).toMatchObject([{ status: "waiting_person" }]);
  await post(at, { ...SLOW, status: "resolved" });
  expect(await runEnded(at)).toMatchObject({ status: "cancelled" });
  await outboxDone(at);
  expect(source.silences).toEqual([]);
});

test("none is made when the source comes back only after the end of the run", async () => {
  const source = await startSilenceSource();
  source.state.isAway = true;
  const at = await scenario(source.url, { step: "run: 'true'" });
  await post(at, SLOW);
  await runEnded(at);
  await waitFor("a try", () => source.seen.length > 0);
  source.state.isAway = false;
  await outboxDone(at);
  expect(source.silences).toEqual([]);
}, 45_000);

test("one whose making was not heard of is not made twice, and is lifted", async () => {
  const source = await startSilenceSource();
  source.state.isReplyLost = true;
  const at = await scenario(source.url);
  await silenced(at, source);
  source.state.isReplyLost = false;
  await waitFor("its id", async () => {
    const rows = await at.app.store.reader.selectFrom("silence").select("silence_id").execute();
    return rows[0]?.silence_id === "s-1";
  });
  openGate(at, "gate");
  await runEnded(at);
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("one whose making is never heard of is lifted all the same", async () => {
  const source = await startSilenceSource();
  source.state.isReplyLost = true;
  const at = await scenario(source.url);
  await silenced(at, source);
  openGate(at, "gate");
  await runEnded(at);
  source.state.isReplyLost = false;
  await outboxDone(at);
  expect(source.active()).toEqual([]);
}, 45_000);

test("without a silence in the rule the source is not asked for one", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source.url, { step: "run: 'true'" });
  at.at.write({
    "rules/all.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]`,
  });
  expect(await at.app.reload()).toEqual([]);
  await post(at, SLOW);
  await runEnded(at);
  await outboxDone(at);
  expect(source.seen.filter(({ url }) => url.includes("silence"))).toEqual([]);
});

describe("the labels of a silence", () => {
  const labels = new Map([
    ["alertname", "Slow"],
    ["env", "prod"],
    ["service", "web"],
  ]);
  const matchers = parseMatchers('alertname = "Slow", env =~ "prod|test", service != "db"');
  const of = (groupBy: readonly string[] | null) =>
    silenceMatchers({ groupBy, matchers }, { labels }).map(({ name, value }) => `${name}=${value}`);

  test("are those of the alert", () => {
    expect(of(null)).toEqual(["alertname=Slow", "env=prod", "service=web"]);
  });

  test("are those of the group with what the rule asks for by =, the empty one where the group has none", () => {
    expect(of(["service", "instance"])).toEqual(["service=web", "instance=", "alertname=Slow"]);
    expect(of(["alertname"])).toEqual(["alertname=Slow"]);
  });
});

describe.skipIf(!isInstalled("prometheus-alertmanager"))("with a real Alertmanager", () => {
  test("people are not told of the alert while the run is under way, and are told again after it", async () => {
    const alertmanager = await startProgram({
      program: "prometheus-alertmanager",
      config: "route: {receiver: none, group_wait: 0s}\nreceivers: [{name: none}]\n",
      args: (folder, port) => [
        `--config.file=${folder}/config.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
    });
    onTestFinished(() => alertmanager.stop());
    const there = async <Answer>(path: string, init?: RequestInit) =>
      (await (await fetch(`${alertmanager.url}/api/v2/${path}`, init)).json()) as Answer;
    const stateThere = async () =>
      (await there<{ status: { state: string } }[]>("alerts"))[0]?.status.state ?? "none";
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ labels: SLOW.labels, startsAt: SLOW.startsAt, endsAt }]),
    });
    await waitFor("the alert", async () => (await stateThere()) === "active");
    const at = await scenario(alertmanager.url);
    await post(at, SLOW);
    await waitFor("the silence", async () => (await stateThere()) === "suppressed");
    openGate(at, "gate");
    expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
    await waitFor("the silence to be lifted", async () => (await stateThere()) === "active");
    const [run] = await runsOf(at);
    const silences = await there<{ comment: string; status: { state: string } }[]>("silences");
    expect(silences).toMatchObject([{ status: { state: "expired" } }]);
    expect(silences[0]?.comment).toContain(run?.id);
  });
});
