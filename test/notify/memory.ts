import type { Notice, ThreadMemory } from "../../src/notify/notifier.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { systemClock } from "../../src/platform/clock.ts";

/** What a notifier is given beside its settings. Keeps threads as the database does. */
export function notifierParts() {
  const kept = new Map<string, string>();
  const threads: ThreadMemory = {
    find: (notifier, thread) => Promise.resolve(kept.get(`${notifier}/${thread}`) ?? null),
    async keep(notifier, { thread }, reference) {
      kept.set(`${notifier}/${thread}`, reference);
    },
  };
  return {
    name: "oncall",
    timeoutMs: 2_000,
    http: createPeerHttpClient(),
    clock: systemClock,
    threads,
    kept,
  };
}

export function notice(changes: Partial<Notice> = {}): Notice {
  return {
    event: "failed",
    title: "restart-web on web-1: the run failed",
    text: "p99 is 2 s\nthe run failed at step restart: exit code 3",
    url: "http://nightshift.example.net/runs/1",
    runId: "1",
    thread: "thread-1",
    dedupeKey: "1:failed:oncall",
    ...changes,
  };
}

export const never = new AbortController().signal;
