import type { QueryClient } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { ApiError } from "./client.ts";

// Whether the pages hear of changes as they happen. A hidden tab hears nothing: a browser has few connections to one service.

let isConnected = true;
const watchers = new Set<() => void>();
let lost: ReturnType<typeof setTimeout> | undefined;

/** A stream that ends in good order is back within a second; that is no loss. */
const LOST_AFTER_MS = 2_000;

function tell(now: boolean): void {
  if (!now) {
    // From the first failure on: each further try fails as well, and more often than this.
    lost ??= setTimeout(() => change(false), LOST_AFTER_MS);
    return;
  }
  clearTimeout(lost);
  lost = undefined;
  change(true);
}

function change(now: boolean): void {
  if (isConnected === now) return;
  isConnected = now;
  for (const watcher of watchers) watcher();
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** False from when a stream of events was lost until it is there again. */
export function useConnection(): boolean {
  return useSyncExternalStore(subscribe, () => isConnected);
}

const COMES_BACK_AFTER_MS = 3_000;

/** How an `EventSource` is opened; it is given back closed. */
export type OpenStream = () => EventSource;

/**
 * Keeps one stream open while the page can be seen. What a browser gives up (an answer that is no stream, such as 503) is tried
 * again after a while. Gives back how to end it.
 */
export function keepStream(open: OpenStream, onBack: () => void): () => void {
  let events: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasFailed = false;
  const stop = () => {
    clearTimeout(timer);
    events?.close();
    events = null;
  };
  const begin = () => {
    stop();
    const stream = open();
    events = stream;
    stream.addEventListener("open", () => {
      if (hasFailed) onBack();
      hasFailed = false;
      tell(true);
    });
    stream.addEventListener("error", () => {
      if (events !== stream) return;
      hasFailed = true;
      tell(false);
      if (stream.readyState === EventSource.CLOSED) timer = setTimeout(begin, COMES_BACK_AFTER_MS);
    });
  };
  const look = () => (document.hidden ? stop() : begin());
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    stop();
    tell(true);
  };
}

/** Lists are asked for again as soon as something has changed. */
export function useChanges(isWanted: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!isWanted) return undefined;
    const refresh = refresherOf(client);
    return keepStream(() => {
      const events = new EventSource("/api/v1/changes");
      events.addEventListener("changed", refresh);
      return events;
    }, refresh);
  }, [client, isWanted]);
}

const REFRESH_EVERY_MS = 1_000;

/**
 * Asks again for everything on the page that changes by itself. However fast changes follow each other, and however slow the answers are,
 * one round is over before the next begins, and the last change is never left out.
 */
function refresherOf(client: QueryClient): () => void {
  let isRunning = false;
  let isDirty = false;
  const run = async () => {
    isRunning = true;
    while (isDirty) {
      isDirty = false;
      await client.invalidateQueries({
        predicate: ({ meta, state }) => meta?.["isLive"] === true && !isRefused(state.error),
      });
      await new Promise((resolve) => setTimeout(resolve, REFRESH_EVERY_MS));
    }
    isRunning = false;
  };
  return () => {
    isDirty = true;
    if (!isRunning) void run();
  };
}

/** What somebody may not see, or what is not there, is not asked for again and again. */
function isRefused(error: Error | null): boolean {
  return error instanceof ApiError && (error.status === 403 || error.status === 404);
}
