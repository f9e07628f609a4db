import type { Reader, Tx } from "./store.ts";

/** For so long a repeated call is told apart from a new one. */
export const START_KEY_MS = 24 * 3_600_000;

/** A caller's own name for one call. Two callers may use the same. */
export interface StartKey {
  readonly principal: string;
  readonly key: string;
}

export interface KnownStart {
  readonly digest: string;
  readonly runId: string;
}

/**
 * Takes the key for a run that is about to be made; null when it was free. Otherwise what was started under it. Of two at the same time
 * the second waits for the first. Keys that are too old are forgotten.
 */
export async function takeStartKey(
  tx: Tx,
  { principal, key }: StartKey,
  start: KnownStart,
  nowMs: number,
): Promise<KnownStart | null> {
  await tx
    .deleteFrom("start_key")
    .where("created_at", "<=", nowMs - START_KEY_MS)
    .execute();
  const taken = await tx
    .insertInto("start_key")
    .values({ principal, key, digest: start.digest, run_id: start.runId, created_at: nowMs })
    .onConflict((conflict) => conflict.columns(["principal", "key"]).doNothing())
    .executeTakeFirst();
  if ((taken.numInsertedOrUpdatedRows ?? 0n) > 0n) return null;
  const known = await tx
    .selectFrom("start_key")
    .select(["digest", "run_id"])
    .where("principal", "=", principal)
    .where("key", "=", key)
    .executeTakeFirstOrThrow();
  return { digest: known.digest, runId: known.run_id };
}

/** What was started under the key, and not too long ago. */
export async function readStartKey(
  db: Reader,
  { principal, key }: StartKey,
  nowMs: number,
): Promise<KnownStart | null> {
  const known = await db
    .selectFrom("start_key")
    .select(["digest", "run_id"])
    .where("principal", "=", principal)
    .where("key", "=", key)
    .where("created_at", ">", nowMs - START_KEY_MS)
    .executeTakeFirst();
  return known === undefined ? null : { digest: known.digest, runId: known.run_id };
}

/** Nothing was started: the same call may be made again. */
export async function freeStartKey(tx: Tx, { principal, key }: StartKey): Promise<void> {
  await tx.deleteFrom("start_key").where("principal", "=", principal).where("key", "=", key).execute();
}
