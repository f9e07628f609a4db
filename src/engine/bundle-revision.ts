import { readNewestBundle } from "../store/evidence.ts";
import { addToOutbox, readBundleTargets } from "../store/outbox.ts";
import type { Tx } from "../store/store.ts";

/** Lets a further revision of a run's bundle be made: it tells what was known of the run at this moment. */
export async function addRevision(tx: Tx, runId: string, atMs: number): Promise<void> {
  const sealed = await readNewestBundle(tx, runId);
  const asked = await readBundleTargets(tx, runId);
  let revision = Math.max(2, (sealed?.revision ?? 0) + 1, ...asked.map((target) => target + 1));
  // Somebody else may ask for the same one at this moment.
  const item = { runId, action: "bundle" as const, data: { sealedAtMs: atMs }, dueAtMs: atMs };
  while (!(await addToOutbox(tx, { ...item, target: String(revision) }))) revision += 1;
}
