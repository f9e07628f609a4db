import type { Notice } from "../notify/notifier.ts";
import { type NoticeWording, wordOr } from "../notify/wording.ts";
import { noticeThreadOf, type OutboxItem, type Run } from "../runs/records.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { readEpisode } from "../store/episodes.ts";
import { readRun } from "../store/runs.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { type NoticeData, routesOf } from "./notices.ts";

/** Notices of earlier versions have no lane. */
export function notifierOf({ lane, target }: OutboxItem): string {
  return lane?.notifier ?? target.slice(target.indexOf(":") + 1);
}

/** A notice of the outbox as it is sent: in the words that the settings have for it, without any secret. */
export async function noticeOf(dependencies: EngineDependencies, item: OutboxItem): Promise<Notice> {
  const { store, redaction, notifierWording } = dependencies;
  const name = notifierOf(item);
  const data = item.data as unknown as NoticeData;
  const { event, url } = data;
  const isAboutRun = data.isAboutRun !== false;
  const route = routesOf(dependencies, data.rule ?? null).find(
    ({ to, events }) => to === name && events.includes(event),
  );
  const general = notifierWording.get(name) ?? null;
  const title = route?.wording?.title ?? general?.title ?? null;
  const text = route?.wording?.text ?? general?.text ?? null;
  const run = isAboutRun ? await readRun(store.reader, item.runId) : null;
  const words = isOwnWords(event)
    ? data
    : await inWordsOf({ title, text }, data, () => variablesOf(dependencies, item, data, run));
  return {
    event,
    title: redaction.text(words.title),
    text: redaction.text(words.text),
    url,
    runId: isAboutRun ? item.runId : null,
    thread: item.lane?.thread ?? (run === null ? item.runId : noticeThreadOf(run)),
    dedupeKey: item.id,
  };
}

/** What a rule says itself is not said in other words. */
function isOwnWords(event: string): boolean {
  return event === "ladder";
}

async function inWordsOf(
  wording: NoticeWording,
  own: NoticeData,
  readVariables: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<{ readonly title: string; readonly text: string }> {
  if (wording.title === null && wording.text === null) return own;
  const variables = await readVariables();
  return {
    title: wordOr(wording.title, own.title, variables),
    text: wordOr(wording.text, own.text, variables),
  };
}

/** The variables of NOTICE_SCOPE, as they are when the notice is sent. */
async function variablesOf(
  { store }: EngineDependencies,
  item: OutboxItem,
  { event, title, text, url }: NoticeData,
  run: Run | null,
): Promise<Readonly<Record<string, unknown>>> {
  const episode =
    run === null ? await readEpisode(store.reader, item.runId) : (await readEpisodesOf(store.reader, run))[0];
  return {
    notice: { event, title, text, url },
    run: run === null ? {} : runFields(run),
    alert: episode === null || episode === undefined ? {} : alertFields(episode),
  };
}

function runFields(run: Run): Record<string, unknown> {
  const { id, runbook, state, outcome, failedStep, message, trigger, plan } = run;
  const known = { outcome, failed_step: failedStep, message, rule: trigger.rule };
  return {
    id,
    runbook,
    status: state,
    principal: trigger.principal,
    hosts: plan.hosts.map((host) => host.name),
    // What is not known is absent, so that `.?` and `has()` find it so.
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
  };
}

function alertFields({
  state,
  labels,
  annotations,
  fingerprint,
  source,
}: JudgedEpisode): Record<string, unknown> {
  return { status: state, labels, annotations, fingerprint, source };
}
