import type { Tx } from "./store.ts";

/** Records that a node has started, or is alive. */
export async function noteNode(tx: Tx, id: string, atMs: number): Promise<void> {
  await tx
    .insertInto("node")
    .values({ id, started_at: atMs, seen_at: atMs })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ seen_at: atMs }))
    .execute();
}
