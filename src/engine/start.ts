import { combineVerdicts, type Judgement } from "../guards/verdict.ts";
import { newId } from "../platform/ids.ts";
import type { ApprovalTerms } from "../runbooks/check-approval.ts";
import type { Reason } from "../runs/reasons.ts";
import { isFinal } from "../runs/states.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import {
  type AlertGroup,
  findOpenGroup,
  insertGroups,
  insertMembers,
  readMembers,
  setGroupRun,
} from "../store/groups.ts";
import type { NewRun } from "../store/new-runs.ts";
import { addShadowStart, hasShadowStart } from "../store/guard-facts.ts";
import { readRun } from "../store/runs.ts";
import { requestApproval } from "./ask-people.ts";
import type { Batch } from "./batch.ts";
import { type Candidate, isCounted } from "./candidate.ts";
import { judgeCounters } from "./guard-counters.ts";
import { type GuardResult, judgeStanding } from "./guards.ts";
import { neededApproval } from "./needed-approval.ts";
import { addRun, findAfterRuns } from "./new-run.ts";
import type { RuleDecision, Start } from "./plan-start.ts";
import type { RunQueue } from "./run-queue.ts";

/** How a start came about, where that matters. */
export interface StartOptions {
  /** The group has waited out its `batch.wait`, or is full. */
  readonly isBatchOver: boolean;
}

/** One run for a group: a member that comes while the group's run goes on joins it. */
export async function startOrJoin(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  queue: RunQueue,
  options: StartOptions,
): Promise<RuleDecision> {
  if (start.rule.groupBy === null) return startRun(batch, episode, start, queue, null);
  const { tx, dependencies } = batch;
  const { dialect } = dependencies.store;
  // First this, then the group's row: two that take both in different orders would wait for each other.
  await batch.reads.lock();
  const group = await findOpenGroup(tx, dialect, start.rule.name, start.groupKey);
  const joined = await joinLiveRun(batch, episode, start, group);
  if (joined !== null) return joined;
  if (start.rule.batch.waitMs > 0 && !options.isBatchOver) return collect(batch, episode, start, group);
  return startRun(batch, episode, start, queue, group);
}

/** Null when the group has no run that goes on. */
async function joinLiveRun(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  group: AlertGroup | null,
): Promise<RuleDecision | null> {
  if (group === null || group.runId === null) return null;
  const { tx, dependencies } = batch;
  const running = batch.runs.find((run) => run.id === group.runId) ?? (await readRun(tx, group.runId));
  if (running === null || isFinal(running.state)) return null;
  const isJudged = running.planDigest === start.planDigest;
  await insertMembers(tx, dependencies.store.dialect, [
    { groupId: group.id, episodeId: episode.id, isJudged },
  ]);
  return { kind: "joined", rule: start.rule.name, reason: null, runId: group.runId, detail: {} };
}

/** Collects members before the run starts; the timer of the group ends it, or the number of members. */
async function collect(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  group: AlertGroup | null,
): Promise<RuleDecision> {
  const { tx, nowMs, dependencies } = batch;
  const { dialect } = dependencies.store;
  const { waitMs, max } = start.rule.batch;
  const groupId = group?.id ?? newId();
  if (group === null)
    await insertGroups(tx, dialect, [
      { id: groupId, rule: start.rule.name, key: start.groupKey, runId: null, openedAtMs: nowMs },
    ]);
  await insertMembers(tx, dialect, [{ groupId, episodeId: episode.id, isJudged: false }]);
  const waiting = (await readMembers(tx, groupId)).filter((member) => !member.isJudged).length;
  const isFull = waiting >= max;
  const dueAtMs = isFull ? nowMs : nowMs + waitMs;
  // An earlier time stands: the first member sets it, and only a full batch moves it.
  batch.setTimer({ kind: "batch", subject: groupId, dueAtMs, data: {} });
  const text = isFull
    ? `${max} alerts of the group are together; its run starts now`
    : `alerts of the group are collected before its run starts`;
  const detail = {
    text,
    waiting,
    ...(waiting === 1 || isFull ? { retry_at: new Date(dueAtMs).toISOString() } : {}),
  };
  return { kind: "delayed", rule: start.rule.name, reason: "batch", runId: null, detail };
}

/** Makes the run, unless a guard speaks against it. */
async function startRun(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  queue: RunQueue,
  group: AlertGroup | null,
): Promise<RuleDecision> {
  const afterRuns = await findAfterRuns(batch, episode, start);
  const judged = await judgeStart(batch, { ...candidateOf(start), afterRuns }, queue, false);
  const { verdict } = judged;
  if (verdict.kind === "delays" || verdict.kind === "refuses")
    return notStarted(batch, episode, start, judged);
  const groupId = await groupFor(batch, start, group);
  const terms = termsOf(start);
  const state = terms !== null ? "waiting_person" : "queued";
  const run = addRun(batch, { episode, start, state, groupId, afterRuns });
  if (groupId !== null) {
    await setGroupRun(batch.tx, groupId, run.id);
    await insertMembers(batch.tx, batch.dependencies.store.dialect, [
      { groupId, episodeId: episode.id, isJudged: true },
    ]);
  }
  const about = { rule: start.rule.name, runId: run.id };
  const detail: Record<string, unknown> = { plan_digest: start.planDigest };
  if (start.rung > 0) detail["rung"] = start.rung;
  if (terms !== null) {
    await batch.writeRuns();
    await askPerson(batch, start, run, terms);
    return { ...about, kind: "waiting_person", reason: null, detail };
  }
  if (verdict.kind === "passes") return { ...about, kind: "started", reason: null, detail };
  const inLine = { ...detail, text: verdict.text, against: judged.against };
  return { ...about, kind: "queued", reason: verdict.reason, detail: inLine };
}

/** What people are asked before a start of a rule; null when nobody is. */
export function termsOf({ rule, mode, runbook, plan }: Start): ApprovalTerms | null {
  const trigger = { kind: "alert", principal: `rule:${rule.name}` } as const;
  return neededApproval(runbook, plan, trigger, mode === "approve");
}

export async function askPerson(
  batch: Batch,
  start: Start,
  run: NewRun,
  terms: ApprovalTerms,
): Promise<void> {
  const hosts = start.plan.hosts.map((host) => host.name).join(", ");
  const where = hosts === "" ? "" : ` on ${hosts}`;
  const message = `${start.cause.title}: rule ${start.rule.name} asks to run ${start.runbook.name}${where}`;
  const { access } = start.runbook;
  await requestApproval(batch.tx, batch.dependencies, run, { message, atMs: batch.nowMs, terms, access });
  batch.noteFollowUps();
}

async function groupFor(batch: Batch, start: Start, group: AlertGroup | null): Promise<string | null> {
  if (start.rule.groupBy === null) return null;
  if (group !== null) return group.id;
  const id = newId();
  const opened = { id, rule: start.rule.name, key: start.groupKey, runId: null, openedAtMs: batch.nowMs };
  await insertGroups(batch.tx, batch.dependencies.store.dialect, [opened]);
  return id;
}

/** A start as its guards see it before a run is made. */
export function candidateOf(start: Start): Candidate {
  return {
    runId: null,
    rule: start.rule,
    ruleName: start.rule.name,
    runbook: start.runbook,
    called: start.called,
    plan: start.plan,
    changed: start.changed,
    groupKey: start.groupKey,
    rung: start.rung,
    principal: `rule:${start.rule.name}`,
    isDryRun: false,
    afterRuns: new Map(),
  };
}

const QUEUE_FULL_RETRY_MS = 30_000;

/** Every guard says its word on the facts it needs; none of them decides alone. */
export async function judgeStart(
  batch: Batch,
  candidate: Candidate,
  queue: RunQueue,
  isShadow: boolean,
): Promise<Judgement> {
  const { dependencies } = batch;
  // Before this transaction's own runs are written: they are counted apart.
  const inQueue = await batch.lengthOf(queue);
  if (isCounted(candidate)) {
    await batch.writeRuns();
    await batch.reads.lock();
  }
  const results: GuardResult[] = [
    ...(await judgeStanding(batch.reads, candidate)),
    ...(await judgeCounters(batch.reads, candidate, isShadow)),
  ];
  const { queueMax } = dependencies.limits;
  if (!isShadow && inQueue + batch.runs.length >= queueMax) results.push(queueFull(queueMax, batch.nowMs));
  if (candidate.rule !== null) batch.guardResults.set(candidate.rule.name, results);
  return combineVerdicts(results.map((result) => result.verdict));
}

function queueFull(queueMax: number, nowMs: number): GuardResult {
  const text = `${queueMax} runs wait for a slot`;
  const retryAtMs = nowMs + QUEUE_FULL_RETRY_MS;
  return {
    guard: "queue_full",
    verdict: { kind: "delays", reason: "queue_full", retryAtMs, text },
    saw: text,
  };
}

function notStarted(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  { verdict, against }: Judgement,
): RuleDecision {
  if (verdict.kind === "passes") throw new Error("nothing speaks against this start");
  const about = { rule: start.rule.name, reason: verdict.reason, runId: null };
  const detail = { text: verdict.text, against };
  if (verdict.kind !== "delays") return { ...about, kind: "refused", detail };
  delay(batch, episode, verdict.retryAtMs, verdict.reason);
  return {
    ...about,
    kind: "delayed",
    detail: { ...detail, retry_at: new Date(verdict.retryAtMs).toISOString() },
  };
}

/** The alert is judged again at that time. */
export function delay(batch: Batch, episode: JudgedEpisode, retryAtMs: number, reason: Reason): void {
  const data = { decidedAtMs: batch.nowMs, reason };
  batch.setTimer({ kind: "judge", subject: episode.id, dueAtMs: retryAtMs, data });
}

/** What a rule in `observe` would have done, with counts of its own; nothing is started, held or locked. */
export async function observeStart(
  batch: Batch,
  episode: JudgedEpisode,
  start: Start,
  queue: RunQueue,
): Promise<RuleDecision> {
  const { rule } = start;
  const detail = { would_run: start.runbook.name, inputs: start.plan.inputs, plan_digest: start.planDigest };
  const isCountedAlone =
    start.rung === 0 && (rule.guards.cooldownMs !== null || rule.guards.rateLimit !== null);
  const shadow = { episodeId: episode.id, rule: rule.name };
  // It would have its run by now: a repeat starts no second one.
  if (isCountedAlone && (await hasShadowStart(batch.tx, shadow)))
    return { kind: "observed", rule: rule.name, reason: null, runId: null, detail };
  const afterRuns = await findAfterRuns(batch, episode, start);
  const { verdict, against } = await judgeStart(batch, { ...candidateOf(start), afterRuns }, queue, true);
  if (verdict.kind === "delays" || verdict.kind === "refuses")
    return {
      kind: "observed",
      rule: rule.name,
      reason: verdict.reason,
      runId: null,
      detail: { ...detail, text: verdict.text, against },
    };
  if (isCountedAlone)
    await addShadowStart(batch.tx, { ...shadow, groupKey: start.groupKey, atMs: batch.nowMs });
  return { kind: "observed", rule: rule.name, reason: null, runId: null, detail };
}
