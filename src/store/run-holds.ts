import type { Reason } from "../runs/reasons.ts";
import { inParts } from "./rows.ts";
import type { Tx } from "./store.ts";

// Queued runs that guards hold back at their start, although a slot may be free.

/** Keeps a queued run from being looked at before a time. */
export async function holdRun(tx: Tx, id: string, untilMs: number, reason: Reason): Promise<void> {
  await tx
    .updateTable("run")
    .set({ held_until: untilMs, held_reason: reason })
    .where("id", "=", id)
    .where("state", "=", "queued")
    .execute();
}

/** Queued runs that are held are looked at again. Locked in one order, since many runs that end at once free the same ones. */
export async function unholdRuns(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ids: readonly string[],
): Promise<void> {
  await inParts([...new Set(ids)].sort(), async (part) => {
    if (dialect === "postgres")
      await tx
        .selectFrom("run")
        .select("id")
        .where("id", "in", part)
        // One that has begun meanwhile is locked by its own end, which then asks for those in line.
        .where("state", "=", "queued")
        .orderBy("id")
        .forUpdate()
        .execute();
    await tx
      .updateTable("run")
      .set({ held_until: null })
      .where("id", "in", part)
      .where("state", "=", "queued")
      .execute();
    return [];
  });
}

/**
 * The oldest runs of a rule or runbook that may wait for a slot; as many as may be free at once. A run that another node
 * looks at just now is among them, whatever it will be held for: an update of it waits until that is known.
 */
export async function findHeldForSlot(
  tx: Tx,
  of: { readonly rule: string | null; readonly runbook: string },
  limit: number,
): Promise<string[]> {
  const rows = await tx
    .selectFrom("run")
    .select("id")
    .where("state", "=", "queued")
    .where((where) =>
      where.or([where("held_reason", "is", null), where("held_reason", "in", ["concurrency", "lock"])]),
    )
    .where((where) =>
      where.or([
        where("runbook", "=", of.runbook),
        ...(of.rule === null ? [] : [where("rule", "=", of.rule)]),
      ]),
    )
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}
