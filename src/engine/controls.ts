import type { Actor } from "../audit/entry.ts";
import { judgeBreaker } from "../guards/breaker.ts";
import { newId } from "../platform/ids.ts";
import type { BreakerState, HostHold, Pause } from "../runs/guard-records.ts";
import type { Reason } from "../runs/reasons.ts";
import { readBreaker, readBreakers, resetBreaker as resetStoredBreaker } from "../store/breakers.ts";
import { lockGuards } from "../store/guard-facts.ts";
import { putHostHold, releaseHostHold } from "../store/host-holds.ts";
import { insertPause, removePause as removeStoredPause } from "../store/pauses.ts";
import type { Tx } from "../store/store.ts";
import { hastenTimers } from "../store/timers.ts";
import { releaseHeldRuns } from "../store/waiting-runs.ts";
import { addAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { pauseScopeProblem } from "./pause-scope.ts";

// What people tell a running service to stop, and to go on with. What waited for such a stop is looked at again at once.

export interface NewPause {
  readonly name: string;
  readonly scope: string;
  readonly reason: string;
  readonly by: Actor;
  /** Later than now. */
  readonly untilMs: number;
}

export type AddedPause =
  | { readonly kind: "added"; readonly pause: Pause }
  | { readonly kind: "name_taken" }
  /** It is no scope, or nothing is in it: such a pause would stop nothing, and look as if it did. */
  | { readonly kind: "bad_scope"; readonly message: string };

export async function addPause(
  dependencies: EngineDependencies,
  { by, ...wanted }: NewPause,
): Promise<AddedPause> {
  const { store, log } = dependencies;
  const message = pauseScopeProblem(dependencies.catalog.current(), wanted.scope);
  if (message !== null) return { kind: "bad_scope", message };
  const pause = await store.transaction(async (tx) => {
    // What is judged at this moment starts before the pause, or sees it.
    await lockGuards(tx, store.dialect);
    const made: Pause = {
      id: newId(),
      ...wanted,
      principal: by.principal,
      createdAtMs: await store.nowMs(tx),
      removedAtMs: null,
      removedBy: null,
    };
    if (!(await insertPause(tx, made))) return null;
    const subject = { kind: "pause", id: made.name } as const;
    const detail = { scope: made.scope, reason: made.reason, until: rfc3339(made.untilMs) };
    await addAudit(tx, dependencies, { atMs: made.createdAtMs, by, action: "pause.add", subject, detail });
    return made;
  });
  if (pause === null) return { kind: "name_taken" };
  const { name, scope, principal } = pause;
  log.info({ pause: name, scope, principal, until: rfc3339(pause.untilMs) }, "pause added");
  return { kind: "added", pause };
}

export type RemovedPause = { readonly kind: "removed"; readonly pause: Pause } | { readonly kind: "unknown" };

export async function removePause(
  dependencies: EngineDependencies,
  nameOrId: string,
  by: Actor,
): Promise<RemovedPause> {
  const { store, log } = dependencies;
  const { principal } = by;
  const pause = await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const removed = await removeStoredPause(tx, nameOrId, principal, atMs);
    if (removed === null) return null;
    await lookAgain(tx, ["paused"], atMs);
    const subject = { kind: "pause", id: removed.name } as const;
    const detail = { scope: removed.scope, reason: removed.reason };
    await addAudit(tx, dependencies, { atMs, by, action: "pause.remove", subject, detail });
    return removed;
  });
  if (pause === null) return { kind: "unknown" };
  log.info({ pause: pause.name, scope: pause.scope, principal }, "pause removed");
  ring(dependencies);
  return { kind: "removed", pause };
}

export interface NewHostHold {
  /** The host's name in the inventory. */
  readonly host: string;
  readonly reason: string;
  readonly by: Actor;
  /** Later than now. */
  readonly untilMs: number;
}

/** Replaces the hold that the host may have. A shorter one lets what waits be looked at by its new end. */
export async function holdHost(
  dependencies: EngineDependencies,
  { by, ...wanted }: NewHostHold,
): Promise<{ readonly kind: "held"; readonly hold: HostHold }> {
  const { store, log } = dependencies;
  const hold = await store.transaction(async (tx) => {
    const createdAtMs = await store.nowMs(tx);
    const held = await putHostHold(tx, {
      id: newId(),
      ...wanted,
      principal: by.principal,
      createdAtMs,
      releasedAtMs: null,
      releasedBy: null,
    });
    await lookAgain(tx, ["automation_off"], createdAtMs);
    const subject = { kind: "host", id: held.host } as const;
    const detail = { reason: held.reason, until: rfc3339(held.untilMs) };
    await addAudit(tx, dependencies, { atMs: createdAtMs, by, action: "host.hold", subject, detail });
    return held;
  });
  const { host, principal } = hold;
  log.info({ host, principal, until: rfc3339(hold.untilMs) }, "host held");
  ring(dependencies);
  return { kind: "held", hold };
}

export type ReleasedHost =
  | { readonly kind: "released"; readonly hold: HostHold }
  | { readonly kind: "not_held" };

export async function releaseHost(
  dependencies: EngineDependencies,
  host: string,
  by: Actor,
): Promise<ReleasedHost> {
  const { store, log } = dependencies;
  const { principal } = by;
  const hold = await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const released = await releaseHostHold(tx, host, principal, atMs);
    if (released === null) return null;
    await lookAgain(tx, ["automation_off"], atMs);
    const subject = { kind: "host", id: host } as const;
    const detail = { reason: released.reason };
    await addAudit(tx, dependencies, { atMs, by, action: "host.release", subject, detail });
    return released;
  });
  if (hold === null) return { kind: "not_held" };
  log.info({ host, principal }, "host released");
  ring(dependencies);
  return { kind: "released", hold };
}

export type BreakerReset =
  | { readonly kind: "reset"; readonly rule: string; readonly wasOpen: boolean; readonly atMs: number }
  | { readonly kind: "unknown_rule" };

/** Failures before now no longer count, also where the breaker was not open yet. */
export async function resetBreaker(
  dependencies: EngineDependencies,
  rule: string,
  by: Actor,
): Promise<BreakerReset> {
  const { store, catalog, log } = dependencies;
  const { principal } = by;
  const isKnown = catalog.current().rules.some((candidate) => candidate.name === rule);
  const reset = await store.transaction(async (tx): Promise<BreakerReset> => {
    const state = await readBreaker(tx, rule);
    if (state === null && !isKnown) return { kind: "unknown_rule" };
    const atMs = await store.nowMs(tx);
    await resetStoredBreaker(tx, rule, atMs);
    await lookAgain(tx, ["breaker"], atMs);
    const wasOpen = state !== null && isOpen(dependencies, state, atMs);
    const subject = { kind: "rule", id: rule } as const;
    const detail = { was_open: wasOpen };
    await addAudit(tx, dependencies, { atMs, by, action: "breaker.reset", subject, detail });
    return { kind: "reset", rule, wasOpen, atMs };
  });
  if (reset.kind === "unknown_rule") return reset;
  log.info({ rule, wasOpen: reset.wasOpen, principal }, "breaker reset");
  ring(dependencies);
  return reset;
}

/** How many breakers of rules that there are now are open. */
export async function countOpenBreakers(dependencies: EngineDependencies, nowMs: number): Promise<number> {
  const states = await readBreakers(dependencies.store.reader);
  return states.filter((state) => isOpen(dependencies, state, nowMs)).length;
}

function isOpen({ catalog }: EngineDependencies, state: BreakerState, nowMs: number): boolean {
  const rule = catalog.current().rules.find((candidate) => candidate.name === state.rule);
  const breaker = rule?.guards.breaker ?? null;
  return judgeBreaker({ rule: state.rule, state, breaker, nowMs }).kind !== "passes";
}

async function lookAgain(tx: Tx, reasons: readonly Reason[], nowMs: number): Promise<void> {
  for (const reason of reasons)
    for (const kind of ["judge", "follow_up", "schedule"] as const)
      await hastenTimers(tx, kind, reason, nowMs);
  await releaseHeldRuns(tx, reasons);
}

function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function ring({ bells }: EngineDependencies): void {
  bells.timers.ring();
  bells.runs.ring();
}
