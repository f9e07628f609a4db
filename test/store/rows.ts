import { newId } from "../../src/platform/ids.ts";
import type { Decision, Run } from "../../src/runs/records.ts";
import type { StoredDelivery } from "../../src/store/deliveries.ts";
import type { JudgedEpisode } from "../../src/store/episode-row.ts";
import { insertRuns, type NewRun } from "../../src/store/new-runs.ts";
import { type Claim, claimRuns, findWaitingRuns } from "../../src/store/run-ownership.ts";
import type { Store, Tx } from "../../src/store/store.ts";

// What the suites store, with the parts that matter named by each test.

export function newDelivery(parts: Partial<StoredDelivery> = {}): StoredDelivery {
  return {
    id: newId(),
    source: "alertmanager",
    dialect: "alertmanager",
    receivedAtMs: 1_000,
    body: Buffer.from("{}"),
    alerts: 1,
    truncatedAlerts: 0,
    receiver: null,
    externalUrl: null,
    ...parts,
  };
}

export function newEpisode(parts: Partial<JudgedEpisode> = {}): JudgedEpisode {
  const fingerprint = parts.fingerprint ?? "68fbaf1952a6109f";
  return {
    id: newId(),
    identity: `${fingerprint}/alertmanager/`,
    source: "alertmanager",
    fingerprint,
    state: "firing",
    nature: "plain",
    labels: new Map([["alertname", "Slow"]]),
    annotations: new Map(),
    context: { values: null, receiver: null, truncatedAlerts: 0 },
    startsAtMs: 1_000,
    startsAt: "1970-01-01T00:00:01Z",
    generatorUrl: null,
    openedAtMs: 2_000,
    endsAtMs: null,
    closedAtMs: null,
    lastFiringAtMs: 2_000,
    repeats: 0,
    deliveryId: newId(),
    lastDecision: null,
    outcome: null,
    ...parts,
  };
}

export function newDecision(parts: Partial<Decision> = {}): Decision {
  return {
    id: newId(),
    deliveryId: newId(),
    episodeId: newId(),
    atMs: 1_000,
    kind: "observed",
    rule: null,
    reason: null,
    runId: null,
    detail: {},
    catalogDigest: "digest",
    ...parts,
  };
}

export function newRun(parts: Partial<NewRun> = {}): NewRun {
  return {
    id: newId(),
    runbook: "restart",
    runbookDigest: "sha256:1",
    plan: {
      schema: 2,
      runbook: { name: "restart", digest: "sha256:1" },
      inputs: {},
      hostInputs: [],
      hosts: [],
      targets: {},
      changes: [],
      items: {},
      calls: {},
    },
    planDigest: "sha256:2",
    state: "queued",
    trigger: { kind: "alert", rule: "slow", episodeId: null, principal: "rule:slow" },
    groupId: null,
    groupKey: "[]",
    rung: 0,
    onResolve: { kind: "cancel_pending" },
    isDryRun: false,
    cause: { title: "Slow", url: "http://nightshift.example.net/a/1", startedAtMs: 1_000 },
    verification: null,
    createdAtMs: 1_000,
    catalogDigest: "digest",
    ...parts,
  };
}

/** Stores runs and returns their ids. */
export async function addRuns(store: Store, ...runs: readonly NewRun[]): Promise<string[]> {
  await store.transaction((tx) => insertRuns(tx, store.dialect, runs));
  return runs.map((run) => run.id);
}

/** Takes the oldest runs that wait, as a node does that judges no guards. */
export async function claimWaiting(
  tx: Tx,
  dialect: Store["dialect"],
  { limit, ...claim }: Claim & { readonly limit: number },
): Promise<Run[]> {
  const waiting = await findWaitingRuns(tx, dialect, claim.nowMs, limit);
  return claimRuns(
    tx,
    waiting.map((run) => run.id),
    claim,
  );
}
