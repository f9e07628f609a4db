import type { EvidenceRemoval, RunKeeping } from "../runs/records.ts";
import { inParts } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

/** Pins and removed evidence of these runs, by id; those that are not known are absent. */
export async function readKeeping(db: Reader, ids: readonly string[]): Promise<Map<string, RunKeeping>> {
  const rows = await inParts(ids, (part) =>
    db
      .selectFrom("run")
      .select(["id", "pinned_at", "pinned_by", "evidence_removed_at", "evidence_removed_because"])
      .where("id", "in", part)
      .execute(),
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        pinnedAtMs: row.pinned_at,
        pinnedBy: row.pinned_by,
        evidenceRemovedAtMs: row.evidence_removed_at,
        evidenceRemovedBecause: row.evidence_removed_because as EvidenceRemoval | null,
      },
    ]),
  );
}

/** Keeps a run and its evidence until it is unpinned. False where it is pinned already, and stays as it is. */
export async function pinRun(tx: Tx, id: string, pin: { atMs: number; by: string }): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ pinned_at: pin.atMs, pinned_by: pin.by })
    .where("id", "=", id)
    .where("pinned_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** False where it was not pinned. */
export async function unpinRun(tx: Tx, id: string): Promise<boolean> {
  const result = await tx
    .updateTable("run")
    .set({ pinned_at: null, pinned_by: null })
    .where("id", "=", id)
    .where("pinned_at", "is not", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
