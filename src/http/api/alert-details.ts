import type { Request } from "express";
import type { Catalog } from "../../catalog/catalog.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { runbooksOf } from "../../rules/runbooks-of.ts";
import type { Decision } from "../../runs/records.ts";
import { readDecisions } from "../../store/decisions.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { readSilencesOfRuns } from "../../store/silences.ts";
import { listRuns, readRun } from "../../store/runs.ts";
import { seesRun, seesRunbook, visibleRuns } from "../visibility.ts";
import { readLastDecisionShapes } from "./last-decision.ts";
import type { EpisodeDetails } from "./shapes/alert.ts";

/** Runs shown with one alert; one that flaps starts no more of them than its rule's guards allow. */
const RUNS_SHOWN_MAX = 100;

type Parts = Pick<EngineDependencies, "store" | "catalog">;

/**
 * What was decided for an alert, and the runs it has. Whom a runbook is hidden from sees that something was decided by a rule of it, and
 * neither its runs nor what they were to do.
 */
export async function readEpisodeDetails(
  request: Request,
  { store, catalog }: Parts,
  episode: JudgedEpisode,
): Promise<EpisodeDetails> {
  const current = catalog.current();
  const visible = visibleRuns(request, current);
  const filter = { episodeId: episode.id, visible };
  const [decisions, lasts, runs] = await Promise.all([
    readDecisions(store.reader, episode.id),
    readLastDecisionShapes(request, { store, catalog }, [episode.id]),
    listRuns(store.reader, filter, RUNS_SHOWN_MAX, null),
  ]);
  const named = new Set(decisions.flatMap(({ runId }) => (runId === null ? [] : [runId])));
  const shown = new Set(runs.map(({ id }) => id));
  for (const id of named)
    if (visible === null || (await isSeen(request, { store, catalog }, id))) shown.add(id);
  const silences = await readSilencesOfRuns(store.reader, [...shown]);
  const parts = { runs: [...shown], silences, last: lasts.get(episode.id) ?? null };
  if (visible === null) return { ...parts, decisions };
  const isOpen = (name: string) => seesRunbook(request, current, name);
  return { ...parts, decisions: decisions.map((one) => cutDecision(one, current, shown, isOpen)) };
}

async function isSeen(request: Request, parts: Parts, runId: string): Promise<boolean> {
  const run = await readRun(parts.store.reader, runId);
  return run !== null && seesRun(request, parts, run);
}

function cutDecision(
  decision: Decision,
  { rulesByName }: Catalog,
  shown: ReadonlySet<string>,
  isOpen: (runbook: string) => boolean,
): Decision {
  const rule = decision.rule === null ? undefined : rulesByName.get(decision.rule);
  const { would_run: wouldRun } = decision.detail;
  const names = [
    ...(rule === undefined ? [] : runbooksOf(rule)),
    ...(typeof wouldRun === "string" ? [wouldRun] : []),
  ];
  const isRunHidden = decision.runId !== null && !shown.has(decision.runId);
  return isRunHidden || !names.every(isOpen)
    ? { ...decision, runId: isRunHidden ? null : decision.runId, detail: {} }
    : decision;
}
