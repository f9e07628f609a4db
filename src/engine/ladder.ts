import type { Rule, Rung } from "../rules/rule.ts";
import { type AlertFacts, tellVariables } from "../rules/scope.ts";
import type { LadderState } from "../runs/guard-records.ts";
import type { Run } from "../runs/records.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { hasBegunItself } from "../store/decisions.ts";
import { findOpenGroup, wasEverJudged } from "../store/groups.ts";
import { noteOnce, putLadder, readLadder } from "../store/ladders.ts";
import { readRun } from "../store/runs.ts";
import { ExpressionError } from "../expressions/cel.ts";
import type { Template } from "../expressions/templates.ts";
import type { Batch } from "./batch.ts";
import { runUrl } from "./dependencies.ts";
import { addNotice, addNotices } from "./notices.ts";
import { planStart, type RuleDecision, type Start } from "./plan-start.ts";
import type { RunQueue } from "./run-queue.ts";
import { observeStart, startOrJoin } from "./start.ts";

// A ladder: what is done while an alert still fires after the rule's own runbook. Rung 0 is that runbook, the last rung
// tells a person. How far a group has come is remembered, so that a relapse goes on where the last episode stopped.

/** Where a start of the rule begins for a group, and what is remembered of it; null for the rule's own runbook. */
export interface Climb {
  readonly rung: number;
  readonly state: LadderState;
}

/** Above the rule's own runbook only for a group that relapsed within `ladder_memory`. */
export async function findRelapse(
  batch: Batch,
  episode: JudgedEpisode,
  rule: Rule,
  groupKey: string,
): Promise<Climb | null> {
  if (rule.ladder.length === 0) return null;
  const state = await readLadder(batch.tx, rule.name, groupKey);
  if (state === null || batch.nowMs - state.atMs >= rule.ladderMemoryMs) return null;
  if (await isNewToGroup(batch, episode, rule, groupKey, state)) return null;
  return { rung: state.rung + 1, state };
}

/** A member that a group gets while it fires has not come back: nothing was tried for it yet. */
async function isNewToGroup(
  batch: Batch,
  episode: JudgedEpisode,
  rule: Rule,
  groupKey: string,
  state: LadderState,
): Promise<boolean> {
  const { tx } = batch;
  const groupId = await openGroupOf(batch, rule, groupKey);
  if (groupId === null || (await readRun(tx, state.runId))?.groupId !== groupId) return false;
  return !(
    (await wasEverJudged(tx, groupId, episode.identity)) || (await hasBegunItself(tx, episode.id, rule.name))
  );
}

/** Null for a rule that does not group, and where no member fires. */
async function openGroupOf(batch: Batch, rule: Rule, groupKey: string): Promise<string | null> {
  if (rule.groupBy === null) return null;
  // First this, then the group's row: two that take both in different orders would wait for each other.
  await batch.reads.lock();
  const group = await findOpenGroup(batch.tx, batch.dependencies.store.dialect, rule.name, groupKey);
  return group?.id ?? null;
}

export interface RungParts {
  readonly episode: JudgedEpisode;
  readonly facts: AlertFacts;
  readonly rule: Rule;
  readonly groupKey: string;
  readonly climb: Climb;
  readonly queue: RunQueue;
}

/** Starts what stands on the rung, or tells the person it names. Rungs skip the rule's cooldown and rate limit. */
export async function beginRung(batch: Batch, parts: RungParts): Promise<RuleDecision> {
  const { facts, rule, climb } = parts;
  const rung = rungAt(rule, climb.rung);
  if (rung === null)
    return {
      kind: "refused",
      rule: rule.name,
      reason: "ladder_ended",
      runId: null,
      detail: { text: "no rung of the ladder is left to be tried, and the last one tells nobody" },
    };
  if (rung.spec.kind === "tell") return tell(batch, parts, rung.number, rung.spec);
  const mode = rung.spec.mode ?? rule.mode;
  const wanted = { runbook: rung.spec.runbook, with: rung.spec.with, mode, rung: rung.number };
  const start = planStart(batch, rule, facts, wanted);
  if (!("plan" in start)) return start;
  return startRung(batch, parts, start);
}

async function startRung(
  batch: Batch,
  { episode, climb, queue }: RungParts,
  start: Start,
): Promise<RuleDecision> {
  if (start.mode === "observe") return observeStart(batch, episode, start, queue);
  const decision = await startOrJoin(batch, episode, start, queue, { isBatchOver: true });
  if (decision.runId !== null && decision.kind !== "joined")
    await noteOnce(
      batch.tx,
      await rungKey(batch, episode, start.rule, start.groupKey, {
        rung: start.rung,
        runId: climb.state.runId,
      }),
      batch.nowMs,
    );
  return decision;
}

/** A rung above the last is the last once more, if that tells a person: nothing else would be done. */
function rungAt(rule: Rule, rung: number): { readonly number: number; readonly spec: Rung } | null {
  const number = Math.min(rung, rule.ladder.length);
  const spec = rule.ladder[number - 1];
  if (spec === undefined || (rung > number && spec.kind !== "tell")) return null;
  return { number, spec };
}

/** One start for each (alert, rule, rung); in a group, which may be open for days, for each run that did not help. */
export async function rungKey(
  batch: Batch,
  episode: JudgedEpisode,
  rule: Rule,
  groupKey: string,
  from: { readonly rung: number; readonly runId: string },
): Promise<string> {
  const groupId = await openGroupOf(batch, rule, groupKey);
  const key = `rung:${groupId ?? episode.id}:${rule.name}:${from.rung}`;
  return groupId === null ? key : `${key}:${from.runId}`;
}

/** Where only a person is to be told: the last rung, or behind it where that is a runbook. */
export function tellingRung({ ladder }: Rule): number {
  return ladder.at(-1)?.kind === "tell" ? ladder.length : ladder.length + 1;
}

async function tell(
  batch: Batch,
  parts: RungParts,
  number: number,
  rung: Extract<Rung, { kind: "tell" }>,
): Promise<RuleDecision> {
  const { tx, nowMs, dependencies } = batch;
  const { episode, facts, rule, groupKey, climb } = parts;
  const { runId } = climb.state;
  const about = { rule: rule.name, reason: null, runId };
  const key = await rungKey(batch, episode, rule, groupKey, { rung: number, runId });
  const isFirst = await noteOnce(tx, key, nowMs);
  if (isFirst) {
    const run = { id: runId, url: runUrl(dependencies, runId) };
    const variables = tellVariables(rule, facts, run);
    const title = rung.title === null ? `${rule.name}: a person is needed` : textOf(rung.title, variables);
    const thread = await threadOf(batch, episode, rule, groupKey);
    await addNotice(tx, {
      runId,
      target: `ladder-${episode.id}-${number}`,
      lane: { notifier: rung.to, thread },
      data: { event: "ladder", title, text: textOf(rung.text, variables), url: run.url, rule: rule.name },
      atMs: nowMs,
    });
    await putLadder(tx, { ...climb.state, rung: number, atMs: nowMs });
    batch.noteFollowUps();
  }
  return { ...about, kind: "started", detail: { rung: number, told: rung.to } };
}

/** What is told of an alert that fires now, whichever of its runs it is about: its own thread, or that of its group. */
async function threadOf(batch: Batch, episode: JudgedEpisode, rule: Rule, groupKey: string): Promise<string> {
  return (await openGroupOf(batch, rule, groupKey)) ?? episode.id;
}

/** A person must be told even if a label that the text names is missing. */
function textOf(text: Template | string, variables: Readonly<Record<string, unknown>>): string {
  if (typeof text === "string") return text;
  try {
    const rendered = text.render(variables);
    return typeof rendered === "string"
      ? rendered
      : rendered === null
        ? text.source
        : JSON.stringify(rendered);
  } catch (error) {
    if (error instanceof ExpressionError) return `${text.source} (${error.message})`;
    throw error;
  }
}

/**
 * Tells those who want to hear of it that a group relapsed and goes on above the rule's own runbook; not where the alert has
 * been there all along.
 */
export async function tellRelapse(batch: Batch, episode: JudgedEpisode, climb: Climb): Promise<void> {
  const run: Run | null = await readRun(batch.tx, climb.state.runId);
  if (run === null || run.trigger.episodeId === episode.id) return;
  const message = `the alert came back; the ladder goes on at rung ${climb.rung}`;
  const rule = batch.catalog.rulesByName.get(climb.state.rule);
  const thread = rule === undefined ? episode.id : await threadOf(batch, episode, rule, climb.state.groupKey);
  await addNotices(batch.tx, batch.dependencies, { ...run, message }, "relapse", batch.nowMs, thread);
  batch.noteFollowUps();
}
