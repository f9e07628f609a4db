import { judgeAutomation } from "../guards/automation.ts";
import { judgeCooldown } from "../guards/cooldown.ts";
import { combineVerdicts, type Judgement, type Verdict } from "../guards/verdict.ts";
import { newId } from "../platform/ids.ts";
import { bindWith } from "../rules/bind.ts";
import type { Rule } from "../rules/rule.ts";
import { type AlertFacts, alertVariables, groupValues } from "../rules/scope.ts";
import { changedHosts, makePlan, type Plan } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { DecisionKind, Reason } from "../runs/reasons.ts";
import type { Cause, StoredVerification } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { findOpenGroup, insertGroups, insertMembers, setGroupRun } from "../store/groups.ts";
import { readCooldownFacts, readRun } from "../store/runs.ts";
import type { Batch } from "./batch.ts";
import type { RunQueue } from "./run-queue.ts";

/** What one rule came to for one alert, before it is stored as a decision. */
export interface RuleDecision {
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: Reason | null;
  readonly runId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A start that nothing speaks against yet: the rule, its runbook, and the plan for this alert. */
export interface Start {
  readonly rule: Rule;
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly groupKey: string;
  /** Why it runs, for people. */
  readonly cause: Cause;
}

/** Binds and plans what the rule asks for, or says what keeps it from running. */
export function planStart(batch: Batch, rule: Rule, facts: AlertFacts): Start | RuleDecision {
  const refuse = (reason: Reason, detail: Record<string, unknown>): RuleDecision => ({
    kind: rule.mode === "observe" ? "observed" : "refused",
    rule: rule.name,
    reason,
    runId: null,
    detail,
  });
  const runbook = batch.catalog.runbooks.get(rule.runbook ?? "");
  if (runbook === undefined)
    return refuse("plan_failed", { text: `there is no runbook ${String(rule.runbook)}` });
  const bound = bindWith(rule, alertVariables(rule, facts));
  if (!bound.ok) {
    return refuse(bound.reason === "missing_label" ? "missing_label" : "plan_failed", {
      text: bound.message,
      input: bound.input,
    });
  }
  const planning = makePlan(runbook, bound.inputs, batch.catalog.inventory);
  if (!planning.ok)
    return refuse("plan_failed", {
      text: planning.errors.map((error) => error.message).join("; "),
      errors: planning.errors,
    });
  const groupKey = JSON.stringify(groupValues(rule, facts.source, facts.alert));
  return {
    rule,
    runbook,
    plan: planning.plan,
    planDigest: planning.digest,
    groupKey,
    cause: causeOf(batch, facts),
  };
}

/** One run for a group: a member that comes while the group's run goes on joins it. */
export async function startOrJoin(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  queue: RunQueue,
): Promise<RuleDecision> {
  const { tx, dependencies } = batch;
  const isGrouped = start.rule.groupBy !== null;
  const group = isGrouped
    ? await findOpenGroup(tx, dependencies.store.dialect, start.rule.name, start.groupKey)
    : null;
  if (group !== null && group.runId !== null) {
    const running = batch.runs.find((run) => run.id === group.runId) ?? (await readRun(tx, group.runId));
    if (running !== null && !isFinal(running.state)) {
      await insertMembers(tx, dependencies.store.dialect, [
        { groupId: group.id, episodeId: episode.id, isJudged: running.planDigest === start.planDigest },
      ]);
      return { kind: "joined", rule: start.rule.name, reason: null, runId: group.runId, detail: {} };
    }
  }
  const judged = await judgeGuards(batch, start, queue);
  const { verdict } = judged;
  if (verdict.kind !== "passes") {
    const detail = {
      text: verdict.text,
      against: judged.against,
      ...(verdict.kind === "delays" ? { retry_at: new Date(verdict.retryAtMs).toISOString() } : {}),
    };
    if (verdict.kind === "delays") {
      batch.setTimer({
        kind: "judge",
        subject: episode.id,
        dueAtMs: verdict.retryAtMs,
        data: { decidedAtMs: batch.nowMs },
      });
    }
    return {
      kind: verdict.kind === "delays" ? "delayed" : "refused",
      rule: start.rule.name,
      reason: verdict.reason,
      runId: null,
      detail,
    };
  }
  const runId = newId();
  const groupId = isGrouped ? (group?.id ?? newId()) : null;
  if (groupId !== null) {
    const members = [{ groupId, episodeId: episode.id, isJudged: true }];
    if (group === null)
      await insertGroups(tx, dependencies.store.dialect, [
        { id: groupId, rule: start.rule.name, key: start.groupKey, runId, openedAtMs: batch.nowMs },
      ]);
    else await setGroupRun(tx, groupId, runId);
    await insertMembers(tx, dependencies.store.dialect, members);
  }
  batch.runs.push({
    id: runId,
    runbook: start.runbook.name,
    runbookDigest: start.runbook.digest,
    plan: start.plan,
    planDigest: start.planDigest,
    state: "queued",
    trigger: {
      kind: "alert",
      rule: start.rule.name,
      episodeId: episode.id,
      principal: `rule:${start.rule.name}`,
    },
    groupId,
    // Only guards that count by group look it up; its index costs a page of the log for each run.
    groupKey: start.rule.guards.cooldownMs === null ? null : start.groupKey,
    rung: 0,
    onResolve: { kind: "cancel_pending" },
    cause: start.cause,
    verification: storedVerification(start.rule),
    createdAtMs: batch.nowMs,
    catalogDigest: batch.catalog.digest,
  });
  return {
    kind: "started",
    rule: start.rule.name,
    reason: null,
    runId,
    detail: { plan_digest: start.planDigest },
  };
}

/** Every guard says its word on the facts it needs; none of them decides alone. */
async function judgeGuards(batch: Batch, start: Start, queue: RunQueue): Promise<Judgement> {
  const { tx, nowMs, dependencies } = batch;
  const { inventory } = batch.catalog;
  const changed = changedHosts(start.runbook, start.plan).map(({ name }) => inventory.resolve(name));
  const verdicts: Verdict[] = [judgeAutomation(changed)];
  const { cooldownMs } = start.rule.guards;
  if (cooldownMs !== null) {
    const isJustStarted = batch.runs.some(
      (run) => run.trigger.rule === start.rule.name && run.groupKey === start.groupKey,
    );
    const last = isJustStarted
      ? { finishedAtMs: null }
      : await readCooldownFacts(tx, start.rule.name, start.groupKey);
    // A run of the group that has not ended holds the cooldown as one that ends now.
    const lastRunEndedAtMs = last === null ? null : (last.finishedAtMs ?? nowMs);
    verdicts.push(judgeCooldown({ cooldownMs, lastRunEndedAtMs, nowMs }));
  }
  if ((await queue.length()) + batch.runs.length >= dependencies.limits.queueMax) {
    const text = `${dependencies.limits.queueMax} runs wait for a slot`;
    verdicts.push({ kind: "delays", reason: "queue_full", retryAtMs: nowMs + QUEUE_FULL_RETRY_MS, text });
  }
  return combineVerdicts(verdicts);
}

const QUEUE_FULL_RETRY_MS = 30_000;

function causeOf(batch: Batch, facts: AlertFacts): Cause {
  const { alert } = facts;
  const name = alert.labels.get("alertname") ?? alert.fingerprint;
  const summary = alert.annotations.get("summary");
  const title = summary === undefined ? name : `${name}: ${summary}`;
  return {
    title,
    url: `${batch.dependencies.externalUrl}/a/${alert.fingerprint}`,
    startedAtMs: alert.startsAtMs,
  };
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
