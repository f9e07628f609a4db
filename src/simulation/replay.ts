import { DeliveryError } from "../alerts/alert.ts";
import type { DeliveryLimits } from "../alerts/limits.ts";
import { normaliseDelivery } from "../alerts/normalise.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { deliveryLimits } from "../settings/limits.ts";
import type { Settings } from "../settings/load.ts";
import { countDeliveriesAfter, readRunDurations, type RecordedDelivery } from "../store/recorded.ts";
import type { Reader } from "../store/store.ts";
import type { SharedParts } from "./dependencies.ts";
import { firstIdAt, recordedEvents } from "./recorded-feed.ts";
import { type Comparison, compareFates } from "./replay-comparison.ts";
import { openSimulation, type Simulation } from "./world.ts";

export interface ReplayOptions {
  readonly shared: SharedParts;
  readonly settings: Settings;
  /** The rules in use now. */
  readonly catalog: Catalog;
  /** The rules to compare them with; null to compare them with what was recorded. */
  readonly other: Catalog | null;
  readonly recorded: Reader;
  readonly sinceMs: number;
  /** How far the clock goes after the last delivery, so that what was delayed comes to its end. */
  readonly untilMs: number;
  /** Alerts with another fate that are named. */
  readonly examplesMax: number;
  readonly onProgress: (progress: ReplayProgress) => void;
}

export interface ReplayProgress {
  readonly replayed: number;
  readonly total: number;
  readonly atMs: number;
}

export interface ReplayResult {
  readonly deliveries: number;
  readonly alerts: number;
  /** Deliveries that only repeated what was stored: their bodies were not kept. */
  readonly unchangedRepeats: number;
  /** Deliveries whose source is not configured any more, or that this version cannot read. */
  readonly unreadable: number;
  /** Received by the service at these times; null when there was nothing. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  readonly comparison: Comparison;
}

/** Runs whose durations make the medians. */
const DURATIONS_MAX = 10_000;

/**
 * Puts recorded deliveries through the engine again, each at the time of its reception, and compares what comes of its
 * alerts. Nothing is executed and nothing is written to the recorded database.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { recorded, catalog, other } = options;
  const medians = medianDurations(await readRunDurations(recorded, DURATIONS_MAX));
  const open = (rules: Catalog) =>
    openSimulation({
      shared: options.shared,
      settings: options.settings,
      catalog: withoutQueries(rules),
      startMs: options.sinceMs,
      prometheus: null,
      endOf: (run) => ({ durationMs: medians.get(run.runbook) ?? 0, end: "succeeded" }),
    });
  const current = await open(catalog);
  const changed = other === null ? null : await open(other);
  try {
    const simulations = changed === null ? [current] : [current, changed];
    const fed = await feed(options, simulations);
    for (const simulation of simulations) await simulation.goTo(options.untilMs);
    const comparison = await compareFates({
      before: changed === null ? recorded : current.store.reader,
      after: (changed ?? current).store.reader,
      sinceMs: options.sinceMs,
      examplesMax: options.examplesMax,
    });
    return { ...fed, comparison };
  } finally {
    await changed?.close();
    await current.close();
  }
}

async function feed(
  options: ReplayOptions,
  simulations: readonly Simulation[],
): Promise<Omit<ReplayResult, "comparison">> {
  const { recorded, sinceMs } = options;
  const limits = deliveryLimits(options.settings);
  const total = await countDeliveriesAfter(recorded, firstIdAt(sinceMs));
  const counts = { deliveries: 0, alerts: 0, unchangedRepeats: 0, unreadable: 0 };
  let firstAtMs: number | null = null;
  let lastAtMs: number | null = null;
  for await (const event of recordedEvents(recorded, sinceMs)) {
    for (const simulation of simulations) await simulation.goTo(event.atMs);
    if (event.kind === "end") {
      // Only these two can come about without a delivery.
      const state = event.end.state === "stale" ? "stale" : "resolved";
      for (const simulation of simulations) await simulation.endUnseen(event.end.identity, state);
      continue;
    }
    firstAtMs ??= event.atMs;
    lastAtMs = event.atMs;
    counts.deliveries += 1;
    const alerts = await deliver(simulations, event.delivery, limits);
    if (event.delivery.body === null) counts.unchangedRepeats += 1;
    else if (alerts === null) counts.unreadable += 1;
    else counts.alerts += alerts;
    options.onProgress({ replayed: counts.deliveries, total, atMs: event.atMs });
  }
  return { ...counts, firstAtMs, lastAtMs };
}

/** The number of alerts in it; null when it could not be replayed. */
async function deliver(
  simulations: readonly Simulation[],
  { id, source: name, body, receivedAtMs }: RecordedDelivery,
  limits: DeliveryLimits,
): Promise<number | null> {
  let alerts: number | null = null;
  for (const simulation of body === null ? [] : simulations) {
    const source = simulation.source(name);
    if (source === undefined || body === null) return null;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    try {
      const delivery = normaliseDelivery(source, { bytes, contentType: undefined }, receivedAtMs, limits);
      alerts = delivery.alerts.length;
      await simulation.deliver(source, delivery, id);
    } catch (error) {
      if (error instanceof DeliveryError) return null;
      throw error;
    }
  }
  return alerts;
}

/** What a query said in the past is not known: an assert that asks one is taken as true. */
function withoutQueries(catalog: Catalog): Catalog {
  const runbooks = [...catalog.runbooks].map(([name, runbook]) => {
    const asserts = runbook.asserts.filter(({ prometheus }) => prometheus === null);
    return [name, { ...runbook, asserts }] as const;
  });
  return { ...catalog, runbooks: new Map(runbooks) };
}

function medianDurations(
  durations: readonly { readonly runbook: string; readonly durationMs: number }[],
): ReadonlyMap<string, number> {
  const byRunbook = Map.groupBy(durations, ({ runbook }) => runbook);
  return new Map(
    [...byRunbook].map(([runbook, runs]) => {
      const sorted = runs.map(({ durationMs }) => durationMs).toSorted((left, right) => left - right);
      return [runbook, sorted[Math.floor(sorted.length / 2)] ?? 0];
    }),
  );
}
