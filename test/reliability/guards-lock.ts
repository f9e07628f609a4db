import { type KyselyPlugin, RawNode } from "kysely";
import { Batch } from "../../src/engine/batch.ts";
import type { Store } from "../../src/store/store.ts";

/** The store of a node that forgot the lock of guards: what it counts may change before it writes. */
export function withoutGuardLock(store: Store): Store {
  return { ...store, transaction: (work) => store.transaction((tx) => work(tx.withPlugin(FORGETS_LOCK))) };
}

const FORGETS_LOCK: KyselyPlugin = {
  transformQuery: ({ node }) =>
    node.kind === "RawNode" && node.sqlFragments.some((sql) => sql.includes("pg_advisory_xact_lock"))
      ? RawNode.createWithSql("select 1")
      : node,
  transformResult: async ({ result }) => result,
};

/** A store whose intake is held before its commit until it is released. */
export interface HeldStore {
  readonly store: Store;
  /** Resolves when everything of the first intake is written but for the commit. */
  readonly written: Promise<void>;
  release(): void;
}

export function holdIntake(store: Store): HeldStore {
  const written = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  return {
    store: {
      ...store,
      transaction: (work) =>
        store.transaction(async (tx) => {
          const result = await work(tx);
          if (!(result instanceof Batch)) return result;
          written.resolve();
          await released.promise;
          return result;
        }),
    },
    written: written.promise,
    release: released.resolve,
  };
}
