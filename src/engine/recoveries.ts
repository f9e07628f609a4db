import type { Run } from "../runs/records.ts";
import { readEpisodes } from "../store/episodes.ts";
import { readMembers } from "../store/groups.ts";
import { findToldLanes, type ToldLane } from "../store/notices.ts";
import type { Tx } from "../store/store.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { type EngineDependencies, runUrl } from "./dependencies.ts";
import { addNotice, routesOf } from "./notices.ts";

// A notice opens something: an incident, a thread that people watch. When what it was about ends well, those who were told hear of it.

/** Alerts that have ended, and groups of which the last has. */
export interface EndedAlerts {
  readonly episodeIds: readonly string[];
  readonly groupIds: readonly string[];
}

/**
 * Tells that alerts have recovered: those who were told of them before and want to hear of `recovered`, and every notifier whose incident
 * would otherwise stay open. Asked for with every end of an alert; where nobody was told of it, that is one look.
 */
export async function tellRecoveries(
  tx: Tx,
  dependencies: EngineDependencies,
  { episodeIds, groupIds }: EndedAlerts,
  atMs: number,
): Promise<void> {
  if (!mayTell(dependencies)) return;
  const told = (await findToldLanes(tx, [...episodeIds, ...groupIds])).filter((lane) =>
    wants(dependencies, lane),
  );
  for (const lane of told) {
    const episodes = groupIds.includes(lane.thread)
      ? await readMembersOf(tx, lane.thread)
      : await readEpisodes(tx, [lane.thread]);
    const [first] = episodes;
    if (first !== undefined && episodes.every(({ state }) => state === "resolved"))
      await addRecovery(tx, dependencies, lane, first, atMs);
  }
}

/** The end of a run that is for no alert leaves nothing open of what was told of it, unless it is one that people are told of. */
export async function closeIncidentsOfRun(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  atMs: number,
): Promise<void> {
  if (run.trigger.episodeId !== null || run.groupId !== null || !anyOpensIncidents(dependencies)) return;
  if (run.state !== "succeeded" && run.state !== "rejected" && run.state !== "cancelled") return;
  for (const lane of await findToldLanes(tx, [run.id])) {
    if (!opensIncidents(dependencies, lane)) continue;
    const url = runUrl(dependencies, run.id);
    const title = `${run.runbook}: the run ${ENDS[run.state]}`;
    const data = { event: "recovered", title, text: `${title}\n${url}`, url, rule: lane.rule };
    await addNotice(tx, { runId: run.id, target: `recovered-${lane.thread}`, lane, data, atMs });
  }
}

const ENDS = { succeeded: "has succeeded", rejected: "was rejected", cancelled: "was cancelled" } as const;

function anyOpensIncidents({ notifiers }: Pick<EngineDependencies, "notifiers">): boolean {
  return [...notifiers.values()].some((notifier) => notifier.opensIncidents);
}

function opensIncidents({ notifiers }: EngineDependencies, { notifier }: ToldLane): boolean {
  return notifiers.get(notifier)?.opensIncidents === true;
}

/** Whether anybody could want to hear of it, as the settings and rules are: asked for with every end of an alert. */
function mayTell({ notifiers, notifyRoutes, catalog }: EngineDependencies): boolean {
  const hasRecovered = ({ events }: { readonly events: readonly string[] }) => events.includes("recovered");
  return (
    notifyRoutes.some(hasRecovered) ||
    anyOpensIncidents({ notifiers }) ||
    catalog.current().rules.some(({ notify }) => notify?.some(hasRecovered) === true)
  );
}

function wants(dependencies: EngineDependencies, lane: ToldLane): boolean {
  if (opensIncidents(dependencies, lane)) return true;
  return routesOf(dependencies, lane.rule).some(
    ({ to, events }) => to === lane.notifier && events.includes("recovered"),
  );
}

async function readMembersOf(tx: Tx, groupId: string): Promise<JudgedEpisode[]> {
  const members = await readMembers(tx, groupId);
  return readEpisodes(
    tx,
    members.map(({ episodeId }) => episodeId),
  );
}

async function addRecovery(
  tx: Tx,
  dependencies: EngineDependencies,
  lane: ToldLane,
  episode: JudgedEpisode,
  atMs: number,
): Promise<void> {
  const { runId, rule, thread } = lane;
  const url =
    runId === null ? `${dependencies.externalUrl}/a/${episode.fingerprint}` : runUrl(dependencies, runId);
  const title = `${episode.labels.get("alertname") ?? episode.fingerprint}: the alert has recovered`;
  const text = `${title}\nWhat was done: ${url}`;
  const data = { event: "recovered", title, text, url, rule, isAboutRun: runId !== null };
  await addNotice(tx, { runId: runId ?? episode.id, target: `recovered-${thread}`, lane, data, atMs });
}
