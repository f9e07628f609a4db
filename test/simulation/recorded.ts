import { rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { replayCommand, type ReplayCommandOptions } from "../../src/cli/replay.ts";
import { fingerprintOf } from "../../src/alerts/fingerprint.ts";
import { newId } from "../../src/platform/ids.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { alertmanagerBody, type TestAlert } from "../support/alerts.ts";
import {
  type ConfigurationFiles,
  createServiceFolder,
  PROGRAM_FOLDER,
  type ServiceFolder,
} from "../support/service.ts";

/** A folder of a service; removed when the test ends. */
export function serviceFolder(files: ConfigurationFiles): ServiceFolder {
  const at = createServiceFolder(files);
  onTestFinished(() => rmSync(at.folder, { recursive: true, force: true }));
  return at;
}

/** The database of a service that is not running, for a test to fill; closed by the caller. */
export function openRecorded(at: ServiceFolder): Promise<Store> {
  const clock = { nowMs: () => Date.now(), monotonicMs: () => 0, sleep: async () => {} };
  return openStore({ folder: at.storagePath, databaseUrl: null, clock });
}

/** An id as it would have been made at this time. */
function idAt(atMs: number): string {
  const time = Math.floor(atMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}${newId().slice(13)}`;
}

/** As the service would have stored a delivery at this time. Null: a body that was not kept. */
export async function recordDelivery(
  store: Store,
  receivedAtMs: number,
  alerts: readonly TestAlert[] | null,
  source = "alertmanager",
): Promise<void> {
  const stored = {
    id: idAt(receivedAtMs),
    source,
    dialect: "alertmanager",
    receivedAtMs,
    body: alerts === null ? null : Buffer.from(alertmanagerBody(alerts)),
    alerts: alerts?.length ?? 1,
    truncatedAlerts: 0,
    receiver: null,
    externalUrl: null,
  };
  await store.transaction((tx) => insertDeliveries(tx, store.dialect, [stored]));
}

export interface Replayed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `nightshift replay` for the service of this folder. */
export async function runReplay(
  at: ServiceFolder,
  options: Partial<ReplayCommandOptions> = {},
): Promise<Replayed> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const all: ReplayCommandOptions = {
    since: "1d",
    rules: [],
    examples: 10,
    configFile: at.configFile,
    storagePath: at.storagePath,
    format: "json",
    ...options,
  };
  const exitCode = await replayCommand(all, PROGRAM_FOLDER, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  });
  return { exitCode, ...written };
}

/** `rule decision` with the counts before and after. */
export function talliesOf({ stdout }: Replayed): Record<string, [number, number]> {
  const { decisions } = JSON.parse(stdout) as {
    decisions: { rule: string | null; decision: string; before: number; after: number }[];
  };
  return Object.fromEntries(
    decisions.map(({ rule, decision, before, after }) => [`${rule ?? "-"} ${decision}`, [before, after]]),
  );
}

export function pathIn(at: ServiceFolder, name: string): string {
  return join(at.folder, name);
}

/** The alert of the source `grafana` ended at this time, which the service found out by itself. */
export async function recordUnseenEnd(store: Store, { labels }: TestAlert, atMs: number): Promise<void> {
  const fingerprint = fingerprintOf(new Map(Object.entries(labels)));
  const episode = {
    id: newId(),
    identity: `${fingerprint}/grafana/`,
    source: "grafana",
    fingerprint,
    state: "resolved",
    nature: "plain",
    labels: "[]",
    annotations: "[]",
    context: "{}",
    starts_at: atMs,
    starts_at_text: "",
    generator_url: null,
    opened_at: atMs,
    ends_at: atMs,
    closed_at: atMs,
    delivery_id: "",
    last_decision: null,
    outcome: null,
  };
  const decision = { id: idAt(atMs), delivery_id: null, episode_id: episode.id, at: atMs, kind: "closed" };
  await store.transaction(async (tx) => {
    await tx.insertInto("episode").values(episode).execute();
    await tx
      .insertInto("decision")
      .values({ ...decision, rule: null, reason: null, run_id: null, detail: "{}", catalog_digest: "" })
      .execute();
  });
}

/** A run of the runbook `act` that succeeded. */
export async function recordRun(store: Store, startMs: number, durationMs: number): Promise<void> {
  await store.transaction(async (tx) => {
    await tx
      .insertInto("runbook_text")
      .values({ digest: "d", name: "act", file: "act.yml", text: "" })
      .onConflict((conflict) => conflict.column("digest").doNothing())
      .execute();
    await tx
      .insertInto("run")
      .values({
        id: newId(),
        runbook: "act",
        runbook_digest: "d",
        plan: "{}",
        plan_digest: "p",
        state: "succeeded",
        trigger_kind: "person",
        principal: "user:dana",
        cause: "{}",
        fence: 1,
        created_at: startMs,
        started_at: startMs,
        finished_at: startMs + durationMs,
        catalog_digest: "c",
        rung: 0,
        queued_at: null,
        outcome: null,
        outcome_because: null,
        rule: null,
        episode_id: null,
        group_id: null,
        group_key: null,
        verification: null,
        owner: null,
        lease_until: null,
        parked_until: null,
        change_started_at: null,
        change_ended_at: null,
        failed_step: null,
        message: null,
        summary: null,
        cancel_requested_at: null,
        on_resolve: null,
        held_until: null,
        held_reason: null,
      })
      .execute();
  });
}
