import type { FoundMatches, MatchQuery } from "../archive/log-search.ts";
import { searchRunning } from "../archive/running-search.ts";
import type { StoredSearches } from "../archive/stored-search.ts";
import type { StepRecord } from "../runs/records.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { findLog, type LogChoice } from "./read-log.ts";

export interface SearchedLog extends FoundMatches {
  /** Nothing is added any more. */
  readonly isComplete: boolean;
}

/** Throws TooBusyError when many search at once, and the signal's reason when it is aborted. */
export async function searchLog(
  dependencies: Pick<EngineDependencies, "artifacts" | "liveOutputs"> & {
    readonly searches: StoredSearches;
  },
  step: StepRecord,
  query: LogChoice & MatchQuery,
  signal: AbortSignal,
): Promise<SearchedLog> {
  const source = await findLog(dependencies, step, query);
  switch (source.kind) {
    case "running": {
      const read = (offset: number, lengthMax: number) =>
        source.output.readLive(query.stream, { offset }, lengthMax);
      return { ...(await searchRunning(read, query, signal)), isComplete: false };
    }
    case "stored":
      return {
        ...(await dependencies.searches.find(source.log, query, signal)),
        isComplete: source.isComplete,
      };
    case "nothing":
      return { total: 0, matches: [], isComplete: source.isComplete };
  }
}
