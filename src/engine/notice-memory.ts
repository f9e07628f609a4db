import type { ThreadMemory } from "../notify/notifier.ts";
import type { Log } from "../platform/log.ts";
import { putThreadReference, readThreadReference } from "../store/notice-threads.ts";
import type { Store } from "../store/store.ts";

/** What receivers call the first notices of threads, in the database. */
export function createThreadMemory(store: Store, log: Log): ThreadMemory {
  return {
    async find(notifier, thread) {
      try {
        return await readThreadReference(store.reader, { notifier, thread });
      } catch (error) {
        log.warn({ notifier, error }, "the thread of a notice could not be read; it begins a new one");
        return null;
      }
    },
    async keep(notifier, { thread, runId }, reference) {
      try {
        await store.transaction(async (tx) =>
          putThreadReference(tx, { notifier, thread }, { runId, reference, atMs: await store.nowMs(tx) }),
        );
      } catch (error) {
        log.warn(
          { notifier, error },
          "the thread of a notice could not be kept; the next one begins a new one",
        );
      }
    },
  };
}
