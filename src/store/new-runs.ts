import { ON_RESOLVE_DEFAULT, type Run } from "../runs/records.ts";
import { storedGroupKey } from "./group-key.ts";
import { insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

export interface NewRun
  extends Omit<
    Run,
    | "outcome"
    | "outcomeBecause"
    | "owner"
    | "fence"
    | "startedAtMs"
    | "finishedAtMs"
    | "changeStartedAtMs"
    | "changeEndedAtMs"
    | "failedStep"
    | "message"
    | "summary"
    | "result"
    | "cancelRequestedAtMs"
    | "cancelBecause"
    | "heldReason"
    | "heldUntilMs"
    | "queuedAtMs"
    | "waitedMs"
  > {}

const shape = rowShape("run", [
  "id",
  "runbook",
  "runbook_digest",
  "plan",
  "plan_digest",
  "state",
  "trigger_kind",
  "rule",
  "episode_id",
  "principal",
  "group_id",
  "group_key",
  "cause",
  "verification",
  "fence",
  "created_at",
  "catalog_digest",
  "rung",
  "on_resolve",
  "dry_run",
  "counted",
]);

/** What a run has whose end and outcome the statistics need not look at any more. */
const COUNTED_WHOLLY = 2;

export async function insertRuns(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  runs: readonly NewRun[],
): Promise<void> {
  const rows = runs.map((run) => [
    run.id,
    run.runbook,
    run.runbookDigest,
    JSON.stringify(run.plan),
    run.planDigest,
    run.state,
    run.trigger.kind,
    run.trigger.rule,
    run.trigger.episodeId,
    run.trigger.principal,
    run.groupId,
    run.groupKey === null ? null : storedGroupKey(run.groupKey),
    JSON.stringify(run.cause),
    run.verification === null ? null : JSON.stringify(run.verification),
    0,
    run.createdAtMs,
    run.catalogDigest,
    run.rung,
    run.onResolve.kind === ON_RESOLVE_DEFAULT.kind ? null : JSON.stringify(run.onResolve),
    run.isDryRun ? 1 : 0,
    // A dry run says nothing about what the runbook does.
    run.isDryRun ? COUNTED_WHOLLY : 0,
  ]);
  await insertRows(tx, dialect, shape, rows);
}

/** The runbook's text, stored once for all runs of it. */
export async function putRunbookText(
  tx: Tx,
  runbook: { digest: string; name: string; file: string; text: string },
): Promise<void> {
  await tx
    .insertInto("runbook_text")
    .values({ digest: runbook.digest, name: runbook.name, file: runbook.file, text: runbook.text })
    .onConflict((conflict) => conflict.column("digest").doNothing())
    .execute();
}

export async function readRunbookText(
  db: Reader,
  digest: string,
): Promise<{ text: string; file: string } | null> {
  return (
    (await db
      .selectFrom("runbook_text")
      .select(["text", "file"])
      .where("digest", "=", digest)
      .executeTakeFirst()) ?? null
  );
}
