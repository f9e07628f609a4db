import { useCallback, useEffect, useRef, useState } from "react";
import type { LogMatch } from "../../api/types.ts";
import { type LogPlace, searchLog } from "./log-api.ts";

export interface FoundState {
  /** What was searched for; empty for nothing. */
  readonly text: string;
  readonly isBusy: boolean;
  readonly problem: Error | null;
  /** Matching lines of all of the log. */
  readonly total: number;
  readonly current: LogMatch | null;
}

const NOTHING: FoundState = { text: "", isBusy: false, problem: null, total: 0, current: null };

export interface LogSearch {
  readonly found: FoundState;
  /** The next match, or the one before; of a new text the first one from the line on, or from the first line. */
  readonly find: (text: string, step: 1 | -1, fromLine: number) => void;
  readonly clear: () => void;
}

/** Goes from match to match, wherever they are in the log, and round at its ends. */
export function useLogSearch(place: LogPlace, onMatch: (match: LogMatch) => void): LogSearch {
  const [found, setFound] = useState(NOTHING);
  const asking = useRef<AbortController | null>(null);
  useEffect(() => () => asking.current?.abort(), []);

  const ask = useCallback(
    async (text: string, asked: readonly Readonly<Record<string, number>>[]) => {
      asking.current?.abort();
      const stop = new AbortController();
      asking.current = stop;
      setFound((before) => ({ ...before, text, isBusy: true, problem: null }));
      try {
        for (const [index, each] of asked.entries()) {
          const { total, matches } = await searchLog(place, { q: text, limit: 1, ...each }, stop.signal);
          const [current = null] = matches;
          if (current === null && total > 0 && index < asked.length - 1) continue;
          setFound({ text, isBusy: false, problem: null, total, current });
          if (current !== null) onMatch(current);
          return;
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        const problem = error instanceof Error ? error : new Error(String(error));
        setFound({ ...NOTHING, text, problem });
      }
    },
    [place, onMatch],
  );

  const find = (text: string, step: 1 | -1, fromLine: number) => {
    if (text === "") return clear();
    const { current, total } = found;
    if (text !== found.text || current === null) return void ask(text, [{ line: fromLine }, { from: 1 }]);
    const number = current.number + step;
    // Behind the last one comes the first one again; while the log grows there may be further ones.
    return void ask(text, number < 1 ? [{ from: total }] : [{ from: number }, { from: 1 }]);
  };
  const clear = () => {
    asking.current?.abort();
    setFound(NOTHING);
  };
  return { found, find, clear };
}
