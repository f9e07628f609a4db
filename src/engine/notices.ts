import type { NoticeEvent } from "../notify/events.ts";
import type { Episode, Run } from "../runs/records.ts";
import { addToOutbox } from "../store/outbox.ts";
import type { Tx } from "../store/store.ts";
import { type EngineDependencies, type NotifyRoute, runUrl } from "./dependencies.ts";

/** Adds a notice for everyone who wants to hear of the event: those whom the run's rule names, or else the settings. */
export async function addNotices(
  tx: Tx,
  dependencies: EngineDependencies,
  run: Run,
  event: NoticeEvent,
  atMs: number,
): Promise<void> {
  for (const route of routesOf(dependencies, run.trigger.rule)) {
    if (!route.events.includes(event)) continue;
    const data = { event, ...noticeFor(dependencies, run, event) };
    const target = `${event}:${route.to}`;
    await addToOutbox(tx, { runId: run.id, action: "notify", target, data, dueAtMs: atMs });
  }
}

/** Who is told of a rule's runs. */
function routesOf(dependencies: EngineDependencies, rule: string | null): readonly NotifyRoute[] {
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
  const routes = (rules.length === 0 ? [null] : rules).flatMap((rule) => routesOf(dependencies, rule));
  const name = episode.labels.get("alertname") ?? episode.fingerprint;
  const title = `${name}: ${TITLES.stale}`;
  const since = new Date(episode.lastFiringAtMs).toISOString();
  const url = `${dependencies.externalUrl}/a/${episode.fingerprint}`;
  const text = `${title}\nSource ${episode.source} said last at ${since} that it fires, and could not be asked since. Whether it still does is not known.\nWhat was done: ${url}`;
  const data = { event: "stale", title, text, url, isAboutRun: false };
  // Of several routes to one notifier the first is enough: a second row for the same target changes nothing.
  for (const { to } of routes.filter((route) => route.events.includes("stale")))
    await addToOutbox(tx, {
      runId: episode.id,
      action: "notify",
      target: `stale:${to}`,
      data,
      dueAtMs: atMs,
    });
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
  breaker_open: "the rule's breaker has opened: it starts nothing until it is reset",
  relapse: "the alert came back after a run",
  stale: "nothing is heard of the alert any more",
  approval: "a person has to say yes or no before it starts",
};
