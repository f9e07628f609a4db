// The step `silence`: from the step to the end of the run, and never longer, whatever becomes of the process.
import { describe, expect, onTestFinished, test } from "vitest";
import { isInstalled, startProgram } from "../outbound/program.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, startService } from "../support/service.ts";
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
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };
const WAITING = `{id: act, run: 'echo act >> FOLDER/notes; ${waitAt("gate")}'}`;
const QUIET = `{id: quiet, silence: {source: alertmanager, for: 15m, comment: "Restarting \${{ inputs.host }}.", matchers: ['service =~ "web|api"', 'instance = "\${{ inputs.host }}:9100"']}}`;

interface Parts {
  readonly steps?: readonly string[];
  readonly rule?: string;
  readonly more?: string;
}

function files(
  url: string,
  { steps = [QUIET, WAITING], rule = "", more = "" }: Parts,
): Record<string, string> {
  return {
    "nightshift.yml": settings(
      `sources: [{name: alertmanager, kind: alertmanager, api: {urls: ["${url}"]}}]\n${more}`,
    ),
    "rules/all.yml": `
rules:
  - {name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act, with: {host: "\${{ alert.labels.?instance.orValue('') }}"}, ${rule}}
`,
    "runbooks/act.yml": `
name: act
inputs: {host: {type: string}}
target: local
steps:
${steps.map((step) => `  - ${step}`).join("\n")}
`,
  };
}

const scenario = (source: { readonly url: string }, parts: Parts = {}): Promise<Scenario> =>
  startScenario(files(source.url, parts));

async function acting(at: Scenario): Promise<void> {
  await post(at, SLOW);
  await waitFor("the step after it", () => notesOf(at).includes("act"));
}

const lifted = (source: SilenceSource) =>
  waitFor("the silence to be lifted", () => source.silences.length > 0 && source.active().length === 0);

test("it is there before the next step begins, bounded, marked as ours, and lifted when the run ends", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source);
  const beforeMs = Date.now();
  await acting(at);
  expect(source.active()).toEqual(["s-1"]);
  const [run] = await runsOf(at);
  const [silence] = source.silences;
  expect(silence).toMatchObject({
    createdBy: "nightshift",
    comment: `Restarting web-1. Nightshift works on it, and lifts this silence when it is done. Run ${run?.id}, step quiet: http://127.0.0.1:0/runs/${run?.id}`,
    matchers: [
      { name: "service", value: "web|api", isRegex: true, isEqual: true },
      { name: "instance", value: "web-1:9100", isRegex: false, isEqual: true },
    ],
  });
  const endsAtMs = Date.parse(silence?.endsAt ?? "");
  expect(endsAtMs).toBeGreaterThanOrEqual(beforeMs + 900_000);
  expect(endsAtMs).toBeLessThanOrEqual(Date.now() + 900_000);
  openGate(at, "gate");
  expect(stepsOf(await runEnded(at))).toEqual({ quiet: "succeeded", act: "succeeded" });
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("a value from outside is one literal value, whatever stands in it", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source, { steps: [QUIET] });
  const hostile = 'web-1", alertname=~".*';
  await post(at, { ...SLOW, labels: { ...SLOW.labels, instance: hostile } });
  await runEnded(at);
  expect(source.silences[0]?.matchers).toMatchObject([
    { name: "service" },
    { name: "instance", value: `${hostile}:9100`, isRegex: false, isEqual: true },
  ]);
});

test("an empty value silences nothing: it would fit every alert without the label", async () => {
  const source = await startSilenceSource();
  const look = "{id: look, effect: read, run: 'true', outputs: {team: stdout.trim()}}";
  const quiet = `{id: quiet, silence: {source: alertmanager, for: 15m, matchers: ['service = "web"', 'team = "\${{ steps.look.outputs.team }}"']}}`;
  const at = await scenario(source, { steps: [look, quiet] });
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run.steps[1]).toMatchObject({ status: "failed", attempts: 1 });
  expect(run.steps[1]?.message).toContain("the value for team is empty");
  expect(source.seen).toEqual([]);
});

test("beside the silence of the rule: both are made, and both are lifted", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source, { rule: "silence: {for: 10m}" });
  await acting(at);
  await waitFor("both", () => source.active().length === 2);
  openGate(at, "gate");
  await runEnded(at);
  await lifted(source);
  expect(source.silences).toHaveLength(2);
});

test("an answer that was lost is asked for again, and makes no second one", async () => {
  const source = await startSilenceSource();
  source.state.isReplyLost = true;
  const at = await scenario(source, {
    steps: [QUIET.replace("{id: quiet,", "{id: quiet, retries: 200, delay: 50ms,"), WAITING],
  });
  await post(at, SLOW);
  await waitFor("a second try", () => source.seen.filter(({ method }) => method === "GET").length > 1);
  source.state.isReplyLost = false;
  await waitFor("the step after it", () => notesOf(at).includes("act"));
  openGate(at, "gate");
  expect(stepsOf(await runEnded(at))).toEqual({ quiet: "succeeded", act: "succeeded" });
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("one that could not be made within its time is made for a new time", async () => {
  const source = await startSilenceSource();
  source.state.isAway = true;
  const at = await scenario(source, {
    steps: [
      QUIET.replace("{id: quiet,", "{id: quiet, retries: 500, delay: 50ms,").replace("for: 15m", "for: 2s"),
      WAITING,
    ],
  });
  await post(at, SLOW);
  await waitFor("a first try", () => source.seen.length > 0);
  const triedAtMs = Date.now();
  await waitFor("the end of its time", () => Date.now() > triedAtMs + 2_500);
  source.state.isAway = false;
  const cameBackAtMs = Date.now();
  await waitFor("the step after it", () => notesOf(at).includes("act"));
  expect(Date.parse(source.silences[0]?.endsAt ?? "")).toBeGreaterThan(cameBackAtMs);
  openGate(at, "gate");
  await runEnded(at);
});

test("a source that does not answer fails the step, and is asked to lift what it may have made", async () => {
  const source = await startSilenceSource();
  source.state.isReplyLost = true;
  const at = await scenario(source);
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run).toMatchObject({ status: "failed", failed_step: "quiet" });
  expect(run.message).toContain("could not be made");
  await lifted(source);
});

test("after a start one that an earlier process made is lifted, and the step is not cut off by it", {
  timeout: 40_000,
}, async () => {
  const source = await startSilenceSource();
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  at.write(files(source.url, { steps: [QUIET, "{id: act, run: 'true'}"] }));
  const port = await freePort();
  // Made at the source, and not yet heard of.
  const first = await startChild(at, { port, killPoint: "after-effect:1" });
  await postAlerts(first.url, [SLOW]);
  await first.exited;
  expect(source.active()).toEqual(["s-1"]);
  const app = await startService(at);
  onTestFinished(() => app.stop());
  const run = await waitFor("the end of the run", async () => (await listRuns(app.url)).find(isOver));
  expect(run).toMatchObject({ status: "succeeded" });
  await lifted(source);
  expect(source.silences).toHaveLength(1);
});

test("it is no change of the system: a run that only silences is not judged by the recovery, and asks no assert", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source, { steps: [QUIET], rule: "verify: {resolved_within: 1m}" });
  await post(at, SLOW);
  const run = await runEnded(at);
  expect(run).toMatchObject({ status: "succeeded", outcome: null });
  const { change_ended_at: changedAt } = await at.app.store.reader
    .selectFrom("run")
    .select("change_ended_at")
    .executeTakeFirstOrThrow();
  expect(changedAt).toBe(null);
  expect(run.steps).toMatchObject([{ effect: "change" }]);
});

test("a reload that takes the api away fails the step, with what to do", async () => {
  const source = await startSilenceSource();
  const at = await scenario(source, { steps: [WAITING, QUIET] });
  await acting(at);
  at.at.write({
    "nightshift.yml": settings("sources: [{name: alertmanager, kind: alertmanager}]"),
    "runbooks/act.yml": "name: act\ninputs: {host: {type: string}}\nsteps: [{wait: 1s}]\n",
  });
  expect(await at.app.reload()).toEqual([]);
  openGate(at, "gate");
  const run = await runEnded(at);
  expect(run.message).toBe(
    "source alertmanager has no api in the settings any more; add api: {urls: [...]} to it",
  );
  expect(source.silences).toEqual([]);
});

describe.skipIf(!isInstalled("prometheus-alertmanager"))("with a real Alertmanager", () => {
  test("other alerts of the host are silenced while the run is under way, and no longer", async () => {
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
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const labels = [
      { alertname: "Down", service: "web", instance: "web-1:9100" },
      { alertname: "Down", service: "db", instance: "web-1:9100" },
      { alertname: "Down", service: "web", instance: "web-2:9100" },
    ];
    await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(labels.map((each) => ({ labels: each, startsAt: SLOW.startsAt, endsAt }))),
    });
    const suppressed = async () => {
      const alerts =
        await there<{ status: { state: string }; labels: { service: string; instance: string } }[]>("alerts");
      return alerts
        .filter(({ status }) => status.state === "suppressed")
        .map(({ labels: { service, instance } }) => `${service} ${instance}`);
    };
    await waitFor("the alerts", async () => (await there<unknown[]>("alerts")).length === 3);
    const at = await scenario(alertmanager);
    await acting(at);
    await waitFor("the silence to hold", async () => (await suppressed()).length > 0);
    expect(await suppressed()).toEqual(["web web-1:9100"]);
    openGate(at, "gate");
    expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
    await waitFor("the silence to be lifted", async () => (await suppressed()).length === 0);
    const silences = await there<{ comment: string; status: { state: string } }[]>("silences");
    expect(silences).toMatchObject([{ createdBy: "nightshift", status: { state: "expired" } }]);
  });
});
