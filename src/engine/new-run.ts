import type { AuditEntry } from "../audit/entry.ts";
import { LOOP_CHAIN_MS } from "../guards/loop.ts";
import { newId } from "../platform/ids.ts";
import type { Rule } from "../rules/rule.ts";
import { isFollowUp, type StoredOnResolve, type StoredVerification } from "../runs/records.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import type { NewRun } from "../store/new-runs.ts";
import { findLastChange } from "../store/run-hosts.ts";
import { LOCAL_HOST } from "../hosts/host.ts";
import type { Batch } from "./batch.ts";
import { lockNames } from "./candidate.ts";
import type { Start } from "./plan-start.ts";

/** By host: the run that changed it shortly before the alert opened. Only hosts where changes can meet are looked at. */
export async function findAfterRuns(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const host of start.changed) {
    if (!host.isExclusive) continue;
    const fromMs = episode.openedAtMs - LOOP_CHAIN_MS;
    const runId = await findLastChange(batch.tx, host.name, fromMs, episode.openedAtMs);
    if (runId !== null) found.set(host.name, runId);
  }
  return found;
}

export interface RunParts {
  readonly episode: JudgedEpisode;
  readonly start: Start;
  readonly state: "queued" | "waiting_person";
  readonly groupId: string | null;
  readonly afterRuns: ReadonlyMap<string, string>;
}

/** Makes a run for a start that its guards let pass, with the locks it needs and the hosts it may change. */
export function addRun(batch: Batch, { episode, start, state, groupId, afterRuns }: RunParts): NewRun {
  const { rule, runbook, plan, changed } = start;
  const isCounted = !isFollowUp(start);
  const id = newId();
  const run: NewRun = {
    id,
    runbook: runbook.name,
    runbookDigest: runbook.digest,
    plan,
    planDigest: start.planDigest,
    state,
    trigger: { kind: "alert", rule: rule.name, episodeId: episode.id, principal: `rule:${rule.name}` },
    groupId,
    // Only guards and ladders look it up; its indexes cost a page of the log for each run.
    groupKey: isCounted && countsByGroup(rule) ? start.groupKey : null,
    rung: start.rung,
    onResolve: isCounted ? storedOnResolve(rule) : { kind: "let_finish" },
    isDryRun: false,
    cause: start.cause,
    verification: isCounted ? storedVerification(rule) : null,
    createdAtMs: batch.nowMs,
    catalogDigest: batch.catalog.digest,
  };
  batch.addRun(run, {
    locks: lockNames(start).map((name) => ({ name, runId: id })),
    hosts: changed
      .filter((host) => host.isExclusive || host.name !== LOCAL_HOST)
      .map((host) => ({
        runId: id,
        host: host.name,
        rule: isCounted ? rule.name : null,
        atMs: batch.nowMs,
        afterRun: afterRuns.get(host.name) ?? null,
      })),
    audit: startEntry(run, rule, batch.nowMs),
  });
  return run;
}

/** That a rule has started a run, or has asked people for it. */
function startEntry(run: NewRun, rule: Rule, atMs: number): AuditEntry {
  return {
    atMs,
    by: { principal: run.trigger.principal, via: `alert:${run.trigger.episodeId}`, remoteAddress: null },
    action: "run.start",
    subject: { kind: "run", id: run.id },
    detail: {
      runbook: run.runbook,
      mode: rule.mode,
      plan_digest: run.planDigest,
      ...(run.rung === 0 ? {} : { rung: run.rung }),
    },
  };
}

function countsByGroup({ guards, ladder, onResolve }: Rule): boolean {
  return (
    guards.cooldownMs !== null ||
    guards.rateLimit !== null ||
    guards.breaker !== null ||
    ladder.length > 0 ||
    onResolve.kind === "run"
  );
}

function storedOnResolve({ onResolve }: Rule): StoredOnResolve {
  return onResolve.kind === "run" ? { kind: "run", runbook: onResolve.runbook } : onResolve;
}

function storedVerification(rule: Rule): StoredVerification {
  const { resolvedWithinMs, stableForMs, check } = rule.verify;
  return {
    resolvedWithinMs,
    stableForMs,
    check:
      check === null
        ? null
        : { query: check.query, expect: check.expect.source, worse: check.worse?.source ?? null },
  };
}
