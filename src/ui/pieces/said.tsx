import { useEffect, useRef, useSyncExternalStore } from "react";

// What was done, told to whoever hears the page: what they pressed is gone, or says something else by now.

interface Word {
  readonly text: string;
  /** The same may be said again. */
  readonly count: number;
}

let newest: Word = { text: "", count: 0 };
const watchers = new Set<() => void>();

/** Says in one sentence what has happened, where nothing that appears says it by itself. */
export function say(text: string): void {
  newest = { text, count: newest.count + 1 };
  for (const watcher of watchers) watcher();
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The one place that it is said from; it stands on every page from the beginning, since what comes with its text is not heard. */
export function Said() {
  const { text, count } = useSyncExternalStore(subscribe, () => newest);
  return (
    <div role="status" className="visually-hidden">
      <span key={count}>{text}</span>
    </div>
  );
}

/** Says the newest state of what is looked at whenever it changes. */
export function useSaid(state: string): void {
  const before = useRef(state);
  useEffect(() => {
    if (before.current !== state) say(state);
    before.current = state;
  }, [state]);
}
