import type { Actor } from "../audit/entry.ts";
import type { Run } from "../runs/records.ts";
import { cancelQueuedRuns, readRun, requestCancel } from "../store/runs.ts";
import type { Tx } from "../store/store.ts";
import { resumeToCancel } from "../store/waiting-runs.ts";
import { addAudit } from "./audit.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { leaveFollowUps, leaveQuestions } from "./end-run.ts";

/**
 * A person cancels a run. One that has not begun has ended when this returns; one under way, or one that waits for people in
 * its middle, is asked to stop. The caller rings the bells and tells the dispatcher after the commit.
 */
export async function cancelRun(
  tx: Tx,
  dependencies: EngineDependencies,
  { id, runbook, state }: Pick<Run, "id" | "runbook" | "state">,
  by: Actor,
): Promise<void> {
  const atMs = await dependencies.store.nowMs(tx);
  const cancelled = await cancelQueuedRuns(tx, [id], atMs, "cancelled by a person before it started");
  const ended = cancelled.length > 0 ? await readRun(tx, id) : null;
  if (ended !== null) await leaveFollowUps(tx, dependencies, ended, atMs);
  else if (await resumeToCancel(tx, id, atMs, null)) await leaveQuestions(tx, id, atMs);
  else if (!(await requestCancel(tx, id, atMs))) return;
  const subject = { kind: "run", id } as const;
  const detail = { runbook, was: ended === null ? "running" : state };
  await addAudit(tx, dependencies, { atMs, by, action: "run.cancel", subject, detail });
}
