import type { App } from "../../app.ts";
import { fingerprintOf } from "../../alerts/fingerprint.ts";
import type { CommandOutput } from "../output.ts";
import type { Monitor } from "./monitor.ts";
import type { Shop } from "./shop.ts";

/** All that runs during the demo, each part real. */
export interface DemoStage {
  readonly folder: string;
  readonly shop: Shop;
  readonly monitor: Monitor;
  readonly app: App;
}

/** What the demo has to show at its end. */
export interface Story {
  readonly outcome: string | null;
  readonly runUrl: string;
  readonly alertUrl: string;
  readonly bundle: Uint8Array;
  readonly bundleFileName: string;
}

interface RunJson {
  readonly id: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly outcome_because: string | null;
  readonly summary: string | null;
  readonly url: string;
  readonly steps: readonly {
    readonly id: string;
    readonly verb: string;
    readonly effect: string;
    readonly status: string;
    readonly message: string | null;
  }[];
  readonly bundle: { readonly revision: number } | null;
}

const LABELS = { alertname: "ShopSlow", service: "shop", severity: "critical" };
/** Above it the shop counts as slow. */
const SLOW_S = 0.3;
const POLL_MS = 100;

/** Breaks the shop, sends what Alertmanager would send, and tells what Nightshift does about it as it happens. */
export async function tellStory(
  stage: DemoStage,
  output: CommandOutput,
  signal: AbortSignal,
): Promise<Story> {
  const { shop, monitor, app } = stage;
  const tell = narrator(output);
  const latency = () => `${Math.round((monitor.latencyS ?? 0) * 1000)} ms`;
  tell(`Nightshift runs at ${app.url}; its settings, rule and runbook are in ${stage.folder}`);
  await monitor.until((latencyS) => latencyS < SLOW_S, 15, signal);
  tell(`a small web shop runs at ${shop.url} (pid ${shop.pid}); it answers in ${latency()}`);
  await shop.breakIt();
  const startsAt = new Date();
  await monitor.until((latencyS) => latencyS > SLOW_S, 3, signal);
  tell(`the shop has become slow: ${latency()}`);
  await postAlert(app.url, startsAt, null, signal);
  tell("Alertmanager's webhook says so: ShopSlow is firing");

  const alertUrl = `${app.url}/a/${fingerprintOf(new Map(Object.entries(LABELS)))}`;
  const runId = await showDecision(alertUrl, tell, signal);
  const ended = await followRun(app.url, runId, tell, signal);
  tell(`the run ${ended.status}. ${ended.summary?.trim() ?? ""}`);
  await monitor.until((latencyS) => latencyS < SLOW_S, 3, signal);
  await postAlert(app.url, startsAt, new Date(), signal);
  tell(`the shop (pid ${shop.pid}) answers in ${latency()}; Alertmanager's webhook says resolved`);

  const judged = await poll(
    () => readRun(app.url, runId, signal),
    (run) => run.outcome !== null && (run.bundle?.revision ?? 0) > 1,
    signal,
  );
  tell(`verified: ${judged.outcome}. ${judged.outcome_because ?? ""}`);
  const response = await fetch(`${app.url}/api/v1/runs/${runId}/bundle.zip`, { signal });
  const bundle = new Uint8Array(await response.arrayBuffer());
  const disposition = response.headers.get("content-disposition") ?? "";
  const bundleFileName = decodeURIComponent(/filename\*=UTF-8''(.+)$/.exec(disposition)?.[1] ?? "bundle.zip");
  tell(`one bundle holds all of it: ${bundle.byteLength} bytes, with the SHA-256 of every file`);
  return { outcome: judged.outcome, runUrl: judged.url, alertUrl, bundle, bundleFileName };
}

function narrator(output: CommandOutput): (text: string) => void {
  const startedAt = performance.now();
  return (text) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    output.stdout.write(`${seconds.padStart(5)}s  ${text}\n`);
  };
}

/** What Alertmanager 0.31 sends, key for key. */
async function postAlert(
  url: string,
  startsAt: Date,
  endsAt: Date | null,
  signal: AbortSignal,
): Promise<void> {
  const status = endsAt === null ? "firing" : "resolved";
  const annotations = { summary: "The shop answers slowly" };
  const alert = {
    status,
    labels: LABELS,
    annotations,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.example.net/graph",
    fingerprint: fingerprintOf(new Map(Object.entries(LABELS))),
  };
  const body = {
    receiver: "nightshift",
    status,
    alerts: [alert],
    groupLabels: { alertname: LABELS.alertname },
    commonLabels: LABELS,
    commonAnnotations: annotations,
    externalURL: "http://alertmanager.example.net",
    version: "4",
    groupKey: '{}:{alertname="ShopSlow"}',
    truncatedAlerts: 0,
  };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/webhooks/alertmanager`, {
    method: "POST",
    headers,
    body: `${JSON.stringify(body)}\n`,
    signal,
  });
  if (response.status !== 202)
    throw new Error(`the webhook was answered with ${response.status}: ${await response.text()}`);
}

async function showDecision(
  alertUrl: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(alertUrl, { headers: { accept: "application/json" }, signal });
  const alert = (await response.json()) as {
    decisions: { kind: string; rule: string | null; reason: string | null; run: string | null }[];
  };
  const decision = alert.decisions[0];
  if (decision === undefined || decision.run === null)
    throw new Error(`no run was started: ${JSON.stringify(alert.decisions)}`);
  tell(`decision: ${decision.kind} by rule ${decision.rule}`);
  return decision.run;
}

/** Tells each step as it ends. */
async function followRun(
  url: string,
  runId: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<RunJson> {
  const told = new Set<string>();
  return poll(
    () => readRun(url, runId, signal),
    (run) => {
      for (const step of run.steps) {
        if (told.has(step.id) || step.status === "pending" || step.status === "running") continue;
        told.add(step.id);
        tell(
          `  step ${step.id} (${step.verb}, ${step.effect}): ${step.status}${step.message === null ? "" : `, ${step.message}`}`,
        );
      }
      return run.status !== "queued" && run.status !== "running";
    },
    signal,
  );
}

async function readRun(url: string, runId: string, signal: AbortSignal): Promise<RunJson> {
  return (await (await fetch(`${url}/api/v1/runs/${runId}`, { signal })).json()) as RunJson;
}

async function poll<Value>(
  ask: () => Promise<Value>,
  isDone: (value: Value) => boolean,
  signal: AbortSignal,
): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (isDone(value)) return value;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
