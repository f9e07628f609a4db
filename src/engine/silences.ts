import type { SilenceMatcher } from "../outbound/source-api.ts";
import type { Rule } from "../rules/rule.ts";
import type { SilenceKey } from "../runs/guard-records.ts";
import { isFollowUp, type OutboxItem, type Run } from "../runs/records.ts";
import { isFinal } from "../runs/states.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { addToOutbox, finishOutboxItem } from "../store/outbox.ts";
import { readRun } from "../store/runs.ts";
import {
  addSilence,
  noteSilenceLifted,
  noteSilenceMade,
  readSilence,
  readSilencesOf,
} from "../store/silences.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import { type EngineDependencies, runUrl } from "./dependencies.ts";
import { commitOwned, type RunSession, stopReason } from "./session.ts";

// `silence` of a rule and of a step: while a run is under way, people are not told of its alerts by the source. What the
// source is asked for a rule, and the lifting of all, goes through the outbox, so that it is tried again and survives a restart.

/** Before the first step of a run: leaves its silences to be made. A second time changes nothing. */
export async function beginSilences(session: RunSession): Promise<void> {
  const { dependencies, run } = session;
  const { store, sources, log, bells, clock } = dependencies;
  const rule = silencingRule(dependencies, run);
  if (rule === null || session.isDraining || stopReason(session) !== null) return;
  if ((await readSilencesOf(store.reader, run.id)).some(({ stepId }) => stepId === null)) return;
  const firing = (await readEpisodesOf(store.reader, run)).filter((episode) => episode.state === "firing");
  const leads = [...Map.groupBy(firing, (episode) => episode.source).values()].flatMap(
    ([lead]) => lead ?? [],
  );
  for (const lead of leads) {
    const matchers = silenceMatchers(rule, lead);
    const hasApi = (sources.get(lead.source)?.api ?? null) !== null;
    if (!hasApi || matchers.every(({ value }) => value === "")) {
      const why = hasApi ? "nothing tells its alerts apart" : "its source has no api in the settings";
      log.warn({ runId: run.id, source: lead.source, why }, "the run's alert could not be silenced");
      continue;
    }
    const atMs = clock.nowMs();
    const key = { runId: run.id, source: lead.source, stepId: null };
    const silence = { ...key, askedAtMs: atMs, endsAtMs: atMs + (rule.silenceForMs ?? 0) };
    await commitOwned(session, async (tx) => {
      await addSilence(tx, silence);
      const data = { matchers: matchers.map(({ name, value }) => [name, value]) };
      await addToOutbox(tx, { ...outboxKey("silence", key), data, dueAtMs: atMs });
    });
    bells.outbox.ring();
  }
}

function silencingRule(dependencies: EngineDependencies, run: Run): Rule | null {
  const { kind, rule } = run.trigger;
  if (run.isDryRun) return null;
  if (kind !== "alert" || rule === null || isFollowUp(run)) return null;
  const known = dependencies.catalog.current().rulesByName.get(rule) ?? null;
  return known?.silenceForMs === null ? null : known;
}

/**
 * The labels of the alert, or those of the group together with what the rule itself asks for by `=`: other alerts of the
 * same service are not silenced because one of them is worked on.
 */
export function silenceMatchers(
  rule: Pick<Rule, "groupBy" | "matchers">,
  { labels }: Pick<JudgedEpisode, "labels">,
): SilenceMatcher[] {
  if (rule.groupBy === null) return [...labels].map(([name, value]) => ({ name, operator: "=", value }));
  const ofRule = rule.matchers.filter(({ operator }) => operator === "=").map(({ name }) => name);
  const names = new Set([...rule.groupBy, ...ofRule]);
  // Alerts of the group that lack a label are those for which it is empty, at the source as here.
  return [...names].map((name) => ({ name, operator: "=", value: labels.get(name) ?? "" }));
}

/** The outbox's `silence`: makes it, unless the run is over by now. */
export async function makeSilence(
  dependencies: EngineDependencies,
  item: OutboxItem,
  signal: AbortSignal,
): Promise<void> {
  const { store, log } = dependencies;
  const key = silenceKeyOf(item);
  const { runId, source } = key;
  const [silence, run] = [await readSilence(store.reader, key), await readRun(store.reader, runId)];
  if (silence === null || silence.endsAtMs <= (await store.nowMs(store.reader)))
    return finish(dependencies, item);
  if (run === null || isFinal(run.state) || silence.liftedAtMs !== null) {
    // An earlier try may have made it without hearing of it.
    if (item.attempts > 1) await apiOf(dependencies, source).unsilence(key, signal);
    return finish(dependencies, item);
  }
  const { endsAtMs } = silence;
  const url = runUrl(dependencies, runId);
  const wish = { ...key, runUrl: url, comment: null, matchers: matchersIn(item), endsAtMs };
  const silenceId = await apiOf(dependencies, source).silence(wish, signal);
  const isWanted = await store.transaction((tx) => noteSilenceMade(tx, silence, silenceId));
  // The run has ended, and found nothing to lift: it was not there yet.
  if (!isWanted) await apiOf(dependencies, source).unsilence(key, signal);
  await finish(dependencies, item);
  if (isWanted) log.info({ runId, source, silenceId }, "alert silenced");
}

/** The outbox's `unsilence`: lifts what is there, whether or not its making was heard of. */
export async function liftSilence(
  dependencies: EngineDependencies,
  item: OutboxItem,
  signal: AbortSignal,
): Promise<void> {
  const { store, log } = dependencies;
  const key = silenceKeyOf(item);
  const { runId, source } = key;
  const silence = await readSilence(store.reader, key);
  if (silence === null || silence.liftedAtMs !== null) return finish(dependencies, item);
  const nowMs = await store.nowMs(store.reader);
  // By then it has ended by itself.
  if (nowMs < silence.endsAtMs) await apiOf(dependencies, source).unsilence(key, signal);
  await store.transaction(async (tx) => {
    if (!(await noteSilenceLifted(tx, silence, nowMs)))
      throw new Error(`the silence of run ${runId} was made while it was lifted`);
    await finishOutboxItem(tx, item.id, nowMs);
  });
  log.info({ runId, source, silenceId: silence.silenceId }, "silence lifted");
}

/** A piece of the outbox's work for this silence. Names of sources have no slash. */
export function outboxKey<Action extends "silence" | "unsilence">(
  action: Action,
  { runId, source, stepId }: SilenceKey,
): { readonly runId: string; readonly action: Action; readonly target: string } {
  return { runId, action, target: stepId === null ? source : `${source}/${stepId}` };
}

function silenceKeyOf({ runId, target }: OutboxItem): SilenceKey {
  const slash = target.indexOf("/");
  if (slash === -1) return { runId, source: target, stepId: null };
  return { runId, source: target.slice(0, slash), stepId: target.slice(slash + 1) };
}

function apiOf({ sources }: EngineDependencies, name: string) {
  const api = sources.get(name)?.api ?? null;
  if (api === null)
    throw new Error(`source ${name} has no api in the settings any more; add it, or lift the silence there`);
  return api;
}

function finish({ store, clock }: EngineDependencies, item: OutboxItem): Promise<void> {
  return store.transaction((tx) => finishOutboxItem(tx, item.id, clock.nowMs()));
}

function matchersIn({ data }: OutboxItem): SilenceMatcher[] {
  const pairs = data["matchers"];
  return (Array.isArray(pairs) ? pairs : []).flatMap((pair: unknown) =>
    Array.isArray(pair) ? [{ name: String(pair[0]), operator: "=", value: String(pair[1]) }] : [],
  );
}
