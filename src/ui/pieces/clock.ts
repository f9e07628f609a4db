import { useSyncExternalStore } from "react";

// One clock for everything on the page that tells how long something lasts.

const TICK_MS = 1_000;
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function subscribe(watcher: () => void): () => void {
  if (watchers.size === 0) {
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      for (const each of watchers) each();
    }, TICK_MS);
  }
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) clearInterval(timer);
  };
}

/** Milliseconds since 1970, anew every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}
