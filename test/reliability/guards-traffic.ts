import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_DELIVERY_LIMITS } from "../../src/alerts/limits.ts";
import { normaliseDelivery } from "../../src/alerts/normalise.ts";
import { addPause, removePause } from "../../src/engine/controls.ts";
import { leaveFollowUps } from "../../src/engine/end-run.ts";
import { cancelQueuedRuns, readRun, requestCancel } from "../../src/store/runs.ts";
import { type TestNode, TEST_SOURCE } from "../store/node.ts";
import { alertmanagerBody, type TestAlert } from "../support/alerts.ts";
import type { GuardedConfiguration } from "./guards-rules.ts";
import { createRandom, type Random } from "./random.ts";

export interface TrafficOptions {
  readonly nodes: readonly TestNode[];
  readonly configuration: GuardedConfiguration;
  readonly events: number;
  readonly seed: number;
}

/** Deliveries under way at once. */
const AT_ONCE = 24;
const ALERTS_MAX = 16;
const PAUSE_SHARE = 0.02;
const CANCEL_SHARE = 0.05;

/** Sends so many random events, many at a time; resolves when all are done. An event is an alert of a delivery, a pause added or removed, or a cancellation. */
export async function sendTraffic({ nodes, configuration, events, seed }: TrafficOptions): Promise<void> {
  const random = createRandom(seed);
  const alerts = identitiesOf(configuration);
  const underWay = new Set<Promise<unknown>>();
  let sent = 0;
  while (sent < events) {
    const node = random.pick(nodes);
    let work: Promise<unknown>;
    if (random.chance(PAUSE_SHARE)) {
      sent += 2;
      work = pauseAWhile(node, configuration, random, sent);
    } else if (random.chance(CANCEL_SHARE)) {
      sent += 1;
      work = cancelOne(node, random);
    } else {
      const count = Math.min(events - sent, 1 + random.below(ALERTS_MAX));
      sent += count;
      work = submit(
        node,
        Array.from({ length: count }, () => change(random.pick(alerts), random)),
      );
    }
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    await delay(random.below(10));
  }
  await Promise.all(underWay);
}

/** Five plain alerts of each kind, and one of each kind that is about a host for each of its hosts. */
function identitiesOf({ rules, runbooks, hosts }: GuardedConfiguration): Record<string, string>[] {
  return rules.flatMap((rule): Record<string, string>[] => {
    const runbook = runbooks.find(({ name }) => name === rule.runbook);
    if (rule.hasHost === true)
      return (hosts.get(runbook?.budget?.role ?? "") ?? []).map((host) => ({ kind: rule.kind, host }));
    // Weighed against the many hosts.
    return Array.from({ length: 12 }, (_, id) => ({
      kind: rule.kind,
      id: String(id % 6),
      team: String(id % 3),
    }));
  });
}

function change(labels: Record<string, string>, random: Random): TestAlert {
  const now = new Date().toISOString();
  return random.chance(0.6)
    ? { labels: { alertname: "Random", ...labels }, startsAt: now }
    : { labels: { alertname: "Random", ...labels }, startsAt: now, status: "resolved", endsAt: now };
}

export function submit(node: TestNode, alerts: readonly TestAlert[]): Promise<string> {
  const body = Buffer.from(alertmanagerBody(alerts));
  const receivedAtMs = Date.now();
  const raw = { bytes: body, contentType: "application/json" };
  const delivery = normaliseDelivery(TEST_SOURCE, raw, receivedAtMs, DEFAULT_DELIVERY_LIMITS);
  return node.engine.intake.submit({ source: TEST_SOURCE, delivery, body, receivedAtMs });
}

async function pauseAWhile(
  { dependencies }: TestNode,
  { rules, runbooks, hosts }: GuardedConfiguration,
  random: Random,
  number: number,
): Promise<void> {
  const scope = random.pick([
    "all",
    `rule:${random.pick(rules).name}`,
    `runbook:${random.pick(runbooks).name}`,
    `hosts:role="${random.pick([...hosts.keys()])}"`,
  ]);
  const name = `pause-${number}`;
  const lengthMs = 50 + random.below(250);
  const untilMs = Date.now() + lengthMs;
  const isRemoved = random.chance(0.5);
  const added = await addPause(dependencies, { name, scope, reason: "a test", by: TESTER, untilMs });
  if (added.kind !== "added") throw new Error(`the pause ${scope} was not added: ${added.kind}`);
  await delay(isRemoved ? lengthMs / 2 : lengthMs);
  if (isRemoved) await removePause(dependencies, name, TESTER);
}

const TESTER = { principal: "test", via: null, remoteAddress: null };

/** As the API does for a person. */
async function cancelOne({ store, dependencies, engine }: TestNode, random: Random): Promise<void> {
  const live = await store.reader
    .selectFrom("run")
    .select("id")
    .where("state", "in", ["queued", "running"])
    .execute();
  if (live.length === 0) return;
  const { id } = random.pick(live);
  await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const cancelled = await cancelQueuedRuns(tx, [id], atMs, "cancelled by the test");
    const run = cancelled.length > 0 ? await readRun(tx, id) : null;
    if (run === null) await requestCancel(tx, id, atMs);
    else await leaveFollowUps(tx, dependencies, run, atMs);
  });
  engine.dispatcher.cancel(id);
}
