import type { Actor } from "../audit/entry.ts";
import { type Notifier, NotifierError } from "../notify/notifier.ts";
import { newId } from "../platform/ids.ts";
import type { OutboxItem } from "../runs/records.ts";
import { type NoticeRecord, reviveNotice } from "../store/notices.ts";
import { buryOutboxItem, finishOutboxItem } from "../store/outbox.ts";
import { addAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { noticeOf, notifierOf } from "./notice-content.ts";

/** With the outbox's backoff about an hour: who is not reached by then has to hear of it in another way. */
const TRIES_MAX = 20;
/** A receiver that asks for more is asked again after this. */
const ASKED_DELAY_MS_MAX = 60 * 60_000;

/** Sends one notice of the outbox, and notes that it was sent. Throws {@link NotifierError} when it was not. */
export async function sendNotice(
  dependencies: EngineDependencies,
  item: OutboxItem,
  signal: AbortSignal,
): Promise<void> {
  const { store, notifiers, metrics, killPoints, clock } = dependencies;
  const name = notifierOf(item);
  const notifier = notifiers.get(name);
  if (notifier === undefined)
    throw new NotifierError("refused", `there is no notifier ${name} in the settings`, {
      isRetryable: false,
      didNotStart: true,
    });
  try {
    await notifier.send(await noticeOf(dependencies, item), signal);
  } catch (error) {
    metrics.noticesSent.inc({ kind: notifier.kind, result: "failed" });
    throw error;
  }
  killPoints.reached("after-notice-sent");
  await store.transaction((tx) => finishOutboxItem(tx, item.id, clock.nowMs()));
  metrics.noticesSent.inc({ kind: notifier.kind, result: "sent" });
}

/** Whether a notice that could not be sent is given up: the receiver will never take it, or was tried often enough. */
export function isHopeless({ action, attempts }: OutboxItem, error: unknown): boolean {
  if (action !== "notify") return false;
  return attempts >= TRIES_MAX || (error instanceof NotifierError && !error.isRetryable);
}

/** How long the receiver asks to be left alone; 0 when it did not say. */
export function askedDelayMs(error: unknown): number {
  return error instanceof NotifierError ? Math.min(error.retryAfterMs ?? 0, ASKED_DELAY_MS_MAX) : 0;
}

/** Gives a notice up, where people can see it and ask for another try. A database that is away leaves it to be tried again. */
export async function buryNotice(
  dependencies: EngineDependencies,
  item: OutboxItem,
  message: string,
): Promise<void> {
  const { store, log, metrics, notifiers, bells } = dependencies;
  const { id, runId, attempts } = item;
  const name = notifierOf(item);
  try {
    await store.transaction(async (tx) => buryOutboxItem(tx, id, await store.nowMs(tx), message));
  } catch (error) {
    log.warn({ runId, error }, "a notice could not be given up; the claim runs out by itself");
    return;
  }
  metrics.noticesSent.inc({ kind: notifiers.get(name)?.kind ?? "unknown", result: "dead" });
  log.error(
    { notice: id, notifier: name, runId, attempts, message },
    "a notice was given up; nightshift notice retry sends it once more",
  );
  // What waits behind it in its lane may go now.
  bells.outbox.ring();
}

/** Puts a notice that was given up in line again. False when there is none, or it was not given up. */
export async function retryNotice(
  dependencies: EngineDependencies,
  { id, to, runId }: Pick<NoticeRecord, "id" | "to" | "runId">,
  by: Actor,
): Promise<boolean> {
  const { store, bells } = dependencies;
  const isRevived = await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    if (!(await reviveNotice(tx, id, atMs))) return false;
    const subject = { kind: "notifier", id: to } as const;
    const detail = { notice: id, run: runId };
    await addAudit(tx, dependencies, { atMs, by, action: "notice.retry", subject, detail });
    return true;
  });
  bells.outbox.ring();
  return isRevived;
}

/** Sends a notice that says it is a test; where it opens an incident, that is resolved at once. Throws {@link NotifierError}. */
export async function sendTestNotice(
  dependencies: EngineDependencies,
  notifier: Notifier,
  asked: { readonly by: Actor; readonly signal: AbortSignal },
): Promise<void> {
  const { externalUrl, metrics, store } = dependencies;
  const { by } = asked;
  const subject = { kind: "notifier", id: notifier.name } as const;
  await store.transaction(async (tx) =>
    addAudit(tx, dependencies, {
      atMs: await store.nowMs(tx),
      by,
      action: "notice.test",
      subject,
      detail: {},
    }),
  );
  const id = newId();
  const title = `Test notice of Nightshift to ${notifier.name}`;
  const text = `${title}\n${by.principal} asked for it; nothing has happened.\n${externalUrl}`;
  const notice = { title, text, url: externalUrl, runId: null, thread: id };
  try {
    await notifier.send({ ...notice, event: "test", dedupeKey: id }, asked.signal);
    if (notifier.opensIncidents)
      await notifier.send({ ...notice, event: "recovered", dedupeKey: `${id}:end` }, asked.signal);
  } catch (error) {
    metrics.noticesSent.inc({ kind: notifier.kind, result: "failed" });
    throw error;
  }
  metrics.noticesSent.inc({ kind: notifier.kind, result: "sent" });
}
