import { newId } from "../../src/platform/ids.ts";
import type { ArtifactStore } from "../../src/archive/artifact-store.ts";
import type { BundleInput } from "../../src/archive/bundle-input.ts";
import type { Artifact, Episode, Run, StepRecord } from "../../src/runs/records.ts";

export const T0 = Date.parse("2026-11-23T03:12:45.678Z");

/** A run that restarted a web service and fixed it. */
export function exampleRun(changes: Partial<Run> = {}): Run {
  const host = { name: "web-1", address: "10.0.0.11", port: 22, user: "nightshift", labels: { role: "web" } };
  const digest = "ab".repeat(32);
  return {
    id: newId(),
    runbook: "restart-web",
    runbookDigest: digest,
    plan: {
      schema: 1,
      runbook: { name: "restart-web", digest },
      inputs: { host: "web-1", service: "web" },
      hosts: [host],
    } as unknown as Run["plan"],
    planDigest: "cd".repeat(32),
    state: "succeeded",
    outcome: "fixed",
    outcomeBecause: "the alert recovered after the change and stayed so",
    trigger: { kind: "alert", rule: "web-latency", episodeId: newId(), principal: "rule:web-latency" },
    groupId: null,
    groupKey: null,
    rung: 0,
    onResolve: { kind: "cancel_pending" },
    heldReason: null,
    heldUntilMs: null,
    queuedAtMs: 0,
    isDryRun: false,
    cause: { title: "HighRequestLatency", url: "http://prometheus:9090/graph", startedAtMs: T0 - 60_000 },
    verification: { resolvedWithinMs: 600_000, stableForMs: 600_000, check: null },
    owner: null,
    fence: 1,
    createdAtMs: T0,
    startedAtMs: T0 + 100,
    waitedMs: 0,
    finishedAtMs: T0 + 21_000,
    changeStartedAtMs: T0 + 4_000,
    changeEndedAtMs: T0 + 5_000,
    failedStep: null,
    message: null,
    result: null,
    summary: "p99 before 0.93 s, restarted: succeeded.",
    catalogDigest: "ef".repeat(32),
    cancelRequestedAtMs: null,
    cancelBecause: null,
    ...changes,
  };
}

export function exampleStep(runId: string, id: string, changes: Partial<StepRecord> = {}): StepRecord {
  return {
    runId,
    id,
    section: "steps",
    position: 0,
    verb: "command",
    effect: "read",
    host: "web-1",
    state: "succeeded",
    attempts: 1,
    exitCode: 0,
    startedAtMs: T0 + 1_000,
    finishedAtMs: T0 + 3_000,
    message: null,
    facts: null,
    waitUntilMs: null,
    ...changes,
  };
}

export function exampleEpisode(labels: readonly (readonly [string, string])[] = []): Episode {
  return {
    id: newId(),
    identity: "alertmanager//a1b2c3d4e5f60718",
    source: "alertmanager",
    fingerprint: "a1b2c3d4e5f60718",
    state: "firing",
    nature: "plain",
    labels: new Map([["alertname", "HighRequestLatency"], ["instance", "web-1:9100"], ...labels]),
    annotations: new Map([["summary", "p99 is over 0.8 s"]]),
    context: { values: null, receiver: null, truncatedAlerts: 0 },
    startsAtMs: T0 - 60_000,
    startsAt: "2026-11-23T03:11:45.678Z",
    generatorUrl: "http://prometheus:9090/graph",
    openedAtMs: T0 - 30_000,
    endsAtMs: null,
    closedAtMs: null,
    lastFiringAtMs: T0 - 30_000,
    repeats: 0,
    deliveryId: newId(),
    outcome: null,
  };
}

export function exampleInput(changes: Partial<BundleInput> = {}): BundleInput {
  const run = changes.run ?? exampleRun();
  const episode = exampleEpisode();
  return {
    run,
    url: `https://nightshift.example.net/runs/${run.id}`,
    episodes: [episode],
    decision: {
      id: newId(),
      deliveryId: episode.deliveryId,
      episodeId: episode.id,
      atMs: T0,
      kind: "started",
      rule: "web-latency",
      reason: null,
      runId: run.id,
      detail: {},
      catalogDigest: run.catalogDigest,
    },
    steps: [
      exampleStep(run.id, "graph", { verb: "prometheus", host: null, exitCode: null }),
      exampleStep(run.id, "logs", { position: 1, verb: "collect", exitCode: null }),
      exampleStep(run.id, "restart", {
        position: 2,
        effect: "change",
        startedAtMs: T0 + 4_000,
        finishedAtMs: T0 + 5_000,
      }),
    ],
    attempts: [],
    artifacts: [],
    hasSensitive: false,
    problems: [],
    events: [
      { atMs: T0, actor: "rule:web-latency", action: "run.created", detail: { run: run.id }, record: null },
    ],
    notes: [],
    notices: [],
    runbookText: "name: restart-web\nsteps: []\n",
    revision: 1,
    sealedAtMs: T0 + 21_000,
    isComplete: true,
    version: "0.1.0",
    ...changes,
  };
}

/** Stores a file of the run and gives the record that the database would hold of it. */
export async function storeArtifact(
  store: ArtifactStore,
  runId: string,
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  changes: Partial<Artifact> = {},
): Promise<Artifact> {
  const writer = await store.createFile(runId, path);
  if (typeof content === "string") await writer.write(Buffer.from(content));
  else if (content instanceof Uint8Array) await writer.write(content);
  else for await (const chunk of content) await writer.write(chunk);
  const { path: stored, bytes, sha256 } = await writer.commit();
  return {
    runId,
    path: stored,
    stepId: null,
    host: "web-1",
    bytes,
    sha256,
    contentType: "text/plain",
    isTruncated: false,
    isChanged: false,
    isSensitive: false,
    redactions: null,
    ...changes,
  };
}
