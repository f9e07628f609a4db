import type { NoticeEvent } from "../notify/events.ts";
import { type Episode, type NoticeLane, noticeThreadOf, type Run } from "../runs/records.ts";
import { readGroupsOf } from "../store/groups.ts";
import { addToOutbox } from "../store/outbox.ts";
import type { Tx } from "../store/store.ts";
import { type EngineDependencies, type NotifyRoute, runUrl } from "./dependencies.ts";

/**
 * Adds a notice for everyone who wants to hear of the event: those whom the run's rule names, or else the settings. It is a part of
 * the run's thread, unless another one is named. Nobody is told of a dry run: who started it looks at it.
 */
export async function addNotices(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  event: NoticeEvent,
  atMs: number,
  thread: string = noticeThreadOf(run),
): Promise<void> {
  if (run.isDryRun) return;
  const { rule } = run.trigger;
  for (const { to, events } of routesOf(dependencies, rule)) {
    if (!events.includes(event)) continue;
    const data = { event, ...noticeFor(dependencies, run, event), rule };
    await addNotice(tx, { runId: run.id, target: event, lane: { notifier: to, thread }, data, atMs });
  }
}

/** What a notice in the outbox says, in Nightshift's own words. */
export interface NoticeData {
  readonly event: string;
  readonly title: string;
  readonly text: string;
  readonly url: string;
  /** The rule by which those were chosen who are told; null: the settings. */
  readonly rule: string | null;
  /** False where the outbox has an alert in the place of a run. */
  readonly isAboutRun?: boolean;
}

export interface NewNotice {
  readonly runId: string;
  /** Tells the notices of a run to one notifier apart. */
  readonly target: string;
  readonly lane: NoticeLane;
  readonly data: NoticeData;
  readonly atMs: number;
}

/** Adds one notice; a second one with the same run, target and notifier changes nothing. */
export function addNotice(tx: Tx, { runId, target, lane, data, atMs }: NewNotice): Promise<boolean> {
  return addToOutbox(tx, {
    runId,
    action: "notify",
    target: `${target}:${lane.notifier}`,
    data: { ...data },
    dueAtMs: atMs,
    lane,
  });
}

/** Who is told of a rule's runs. */
export function routesOf(dependencies: EngineDependencies, rule: string | null): readonly NotifyRoute[] {
  const own = rule === null ? undefined : dependencies.catalog.current().rulesByName.get(rule)?.notify;
  return own ?? dependencies.notifyRoutes;
}

/**
 * Adds the notice that nothing is heard of an alert any more, for those who hear of the rules that it was judged by. It is
 * about no run: its row in the outbox has the episode in the place of one.
 */
export async function addStaleNotices(
  tx: Tx,
  dependencies: EngineDependencies,
  episode: Pick<Episode, "id" | "fingerprint" | "labels" | "source" | "lastFiringAtMs">,
  rules: readonly string[],
  atMs: number,
): Promise<void> {
  const routes = (rules.length === 0 ? [null] : rules).flatMap((rule) =>
    routesOf(dependencies, rule).map((route) => ({ ...route, rule })),
  );
  const name = episode.labels.get("alertname") ?? episode.fingerprint;
  const title = `${name}: ${TITLES.stale}`;
  const since = new Date(episode.lastFiringAtMs).toISOString();
  const url = `${dependencies.externalUrl}/a/${episode.fingerprint}`;
  const text = `${title}\nSource ${episode.source} said last at ${since} that it fires, and could not be asked since. Whether it still does is not known.\nWhat was done: ${url}`;
  const data = { event: "stale", title, text, url, isAboutRun: false };
  const thread = (await readGroupsOf(tx, [episode.id])).at(-1) ?? episode.id;
  // Of several routes to one notifier the first is enough: a second row for the same target changes nothing.
  for (const { to, rule } of routes.filter((route) => route.events.includes("stale"))) {
    const lane = { notifier: to, thread };
    await addNotice(tx, { runId: episode.id, target: "stale", lane, data: { ...data, rule }, atMs });
  }
}

/** Title and text of a notice; both plain text, for any channel. */
export function noticeFor(
  dependencies: EngineDependencies,
  run: Run,
  event: NoticeEvent,
): { title: string; text: string; url: string } {
  const url = runUrl(dependencies, run.id);
  const hosts = run.plan.hosts.map((host) => host.name).join(", ") || "no host";
  const title = `${run.runbook} on ${hosts}: ${TITLES[event]}`;
  const at = run.failedStep === null ? "" : ` at step ${run.failedStep}`;
  const why = run.message === null ? "" : `: ${run.message}`;
  const text = `${run.cause.title}\n${TITLES[event]}${at}${why}\nEvidence and log: ${url}`;
  return { title, text, url };
}

const TITLES: Readonly<Record<NoticeEvent, string>> = {
  failed: "the run failed",
  interrupted: "the run was cut off in the middle of a change; look at the host before anything is repeated",
  no_effect: "the change did not help, the alert still fires",
  worse: "it became worse after the change",
  unknown: "whether the change helped is not known",
  fixed: "the change helped, the alert has recovered and stayed so",
  recovered: "the alert has recovered",
  breaker_open: "the rule's breaker has opened: it starts nothing until it is reset",
  relapse: "the alert came back after a run",
  stale: "nothing is heard of the alert any more",
  approval: "a person has to say yes or no before it starts",
};
