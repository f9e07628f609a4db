import type { Effect, Verb } from "../runbooks/runbook.ts";
import type { Attempt, Section, StepFacts, StepRecord } from "../runs/records.ts";
import type { StepEnd, StepState } from "../runs/states.ts";
import { insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

const shape = rowShape(
  "step",
  ["run_id", "id", "section", "position", "verb", "effect", "host", "state", "attempts"],
  "on conflict (run_id, id) do nothing",
);

export type PlannedStep = Pick<StepRecord, "runId" | "id" | "section" | "position" | "verb" | "effect">;

/** Writes the steps of a run as pending; those already there stay as they are. */
export async function insertSteps(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  steps: readonly PlannedStep[],
): Promise<void> {
  await insertRows(
    tx,
    dialect,
    shape,
    steps.map((it) => [it.runId, it.id, it.section, it.position, it.verb, it.effect, null, "pending", 0]),
  );
}

/** The steps of a run in the order of the runbook: steps, on_failure, finally. */
export async function readSteps(db: Reader, runId: string): Promise<StepRecord[]> {
  const rows = await db
    .selectFrom("step")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("position")
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    id: row.id,
    section: row.section as Section,
    position: row.position,
    verb: row.verb as Verb,
    effect: row.effect as Effect,
    host: row.host,
    state: row.state as StepState,
    attempts: row.attempts,
    exitCode: row.exit_code,
    startedAtMs: row.started_at,
    finishedAtMs: row.finished_at,
    message: row.message,
    facts: row.facts === null ? null : (JSON.parse(row.facts) as StepFacts),
    waitUntilMs: row.wait_until,
  }));
}

export async function readAttempts(db: Reader, runId: string): Promise<Attempt[]> {
  const rows = await db
    .selectFrom("attempt")
    .selectAll()
    .where("run_id", "=", runId)
    .orderBy("step_id")
    .orderBy("number")
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    stepId: row.step_id,
    number: row.number,
    intentAtMs: row.intent_at,
    finishedAtMs: row.finished_at,
    status: row.status as StepState | null,
    exitCode: row.exit_code,
    message: row.message,
  }));
}

export interface AttemptKey {
  readonly runId: string;
  readonly stepId: string;
  readonly number: number;
}

/** The intent: committed before the side effect may begin. */
export async function beginAttempt(
  tx: Tx,
  key: AttemptKey,
  begin: { fence: number; host: string | null; atMs: number },
): Promise<void> {
  await tx
    .insertInto("attempt")
    .values({
      run_id: key.runId,
      step_id: key.stepId,
      number: key.number,
      fence: begin.fence,
      intent_at: begin.atMs,
      finished_at: null,
      status: null,
      exit_code: null,
      message: null,
    })
    .execute();
  await tx
    .updateTable("step")
    .set((row) => ({
      state: "running",
      attempts: key.number,
      host: begin.host,
      started_at: row.fn.coalesce("started_at", row.val(begin.atMs)),
      wait_until: null,
    }))
    .where("run_id", "=", key.runId)
    .where("id", "=", key.stepId)
    .where("state", "in", ["pending", "running"])
    .execute();
}

export interface AttemptEnd {
  readonly status: StepEnd;
  readonly exitCode: number | null;
  readonly message: string | null;
  readonly atMs: number;
}

/** The outcome of an attempt. Writing it again changes nothing. */
export async function endAttempt(tx: Tx, key: AttemptKey, end: AttemptEnd): Promise<void> {
  await tx
    .updateTable("attempt")
    .set({ status: end.status, finished_at: end.atMs, exit_code: end.exitCode, message: end.message })
    .where("run_id", "=", key.runId)
    .where("step_id", "=", key.stepId)
    .where("number", "=", key.number)
    .where("status", "is", null)
    .execute();
}

/** A step that waits: for its own time, or for the next attempt. */
export async function setStepWait(
  tx: Tx,
  runId: string,
  stepId: string,
  untilMs: number,
  atMs: number,
): Promise<void> {
  await tx
    .updateTable("step")
    .set((row) => ({
      state: "running",
      wait_until: untilMs,
      started_at: row.fn.coalesce("started_at", row.val(atMs)),
    }))
    .where("run_id", "=", runId)
    .where("id", "=", stepId)
    .where("state", "in", ["pending", "running"])
    .execute();
}

/** A step that is made of other steps begins. */
export async function startStep(tx: Tx, runId: string, stepId: string, atMs: number): Promise<void> {
  await tx
    .updateTable("step")
    .set({ state: "running", started_at: atMs })
    .where("run_id", "=", runId)
    .where("id", "=", stepId)
    .where("state", "=", "pending")
    .execute();
}

/** A step that has failed and waits for a person: what its last attempt gave is kept for its end. */
export async function suspendStep(
  tx: Tx,
  runId: string,
  stepId: string,
  end: Omit<AttemptEnd, "status"> & { facts: StepFacts | null },
): Promise<void> {
  await tx
    .updateTable("step")
    .set((row) => ({
      state: "running",
      exit_code: end.exitCode,
      message: end.message,
      started_at: row.fn.coalesce("started_at", row.val(end.atMs)),
      facts: end.facts === null ? null : JSON.stringify(end.facts),
      wait_until: null,
    }))
    .where("run_id", "=", runId)
    .where("id", "=", stepId)
    .where("state", "in", ["pending", "running"])
    .execute();
}

/** Ends a step. A step that has ended stays as it is. */
export async function endStep(
  tx: Tx,
  runId: string,
  stepId: string,
  end: AttemptEnd & { facts: StepFacts | null },
): Promise<void> {
  await tx
    .updateTable("step")
    .set((row) => ({
      state: end.status,
      exit_code: end.exitCode,
      message: end.message,
      // One that was skipped has begun only if a dry run said what it would do, or it had failed and a person said so.
      started_at:
        end.status === "skipped" ? row.ref("started_at") : row.fn.coalesce("started_at", row.val(end.atMs)),
      finished_at: end.atMs,
      facts: end.facts === null ? null : JSON.stringify(end.facts),
      wait_until: null,
    }))
    .where("run_id", "=", runId)
    .where("id", "=", stepId)
    .where("state", "in", ["pending", "running"])
    .execute();
}

/** Ends what is open when the run ends: steps that were never reached, and one that waited for its time or its next attempt. */
export async function endOpenSteps(tx: Tx, runId: string, atMs: number): Promise<void> {
  await tx
    .updateTable("step")
    .set({ state: "skipped", message: "not reached" })
    .where("run_id", "=", runId)
    .where("state", "=", "pending")
    .execute();
  await tx
    .updateTable("step")
    .set({
      state: "cancelled",
      message: "the run ended while it waited",
      finished_at: atMs,
      wait_until: null,
    })
    .where("run_id", "=", runId)
    .where("state", "=", "running")
    .execute();
}

/** Whether any step of the run has begun. */
export async function hasAnyStepBegun(db: Reader, runId: string): Promise<boolean> {
  const row = await db
    .selectFrom("step")
    .select("id")
    .where("run_id", "=", runId)
    .where("state", "<>", "pending")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
