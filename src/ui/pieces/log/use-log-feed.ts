import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { LogPlace } from "./log-api.ts";
import { LogFeed, type LogState } from "./log-feed.ts";

/** The lines of a log, as long as it is looked at. */
export function useLogFeed({ runId, stepId, stream, attempt }: LogPlace): readonly [LogFeed, LogState] {
  const feed = useMemo(
    () => new LogFeed({ runId, stepId, stream, attempt }),
    [runId, stepId, stream, attempt],
  );
  useEffect(() => feed.start(), [feed]);
  return [feed, useSyncExternalStore(feed.subscribe, feed.state)];
}
