import { attemptCookie } from "../executors/executor.ts";
import { recoverStepOutput } from "../archive/step-output.ts";
import { LOCAL_HOST } from "../hosts/host.ts";
import type { Step } from "../runbooks/runbook.ts";
import { changesSystem } from "../runbooks/verbs.ts";
import { isLeftOut } from "../runs/dry-run.ts";
import type { Attempt, StepRecord } from "../runs/records.ts";
import { noteChange } from "../store/run-ownership.ts";
import { endAttempt, endStep, readAttempts, readSteps } from "../store/steps.ts";
import { addRunProblem, putArtifact } from "../store/evidence.ts";
import { folderOf } from "./attempt.ts";
import { allInstances } from "./frames.ts";
import { redactionOf } from "./redact-attempt.ts";
import { commitOwned, LOCAL, type RunSession } from "./session.ts";

/** A remote command is ended at its time limit, and killed this much later at the latest. */
const REMOTE_GRACE_MS = 2_000;

const CUT_OFF = "the service ended while the step ran; nobody knows how far it came";

/**
 * Settles attempts that have an intent and no outcome. First their leftover processes are ended. A read step is tried again;
 * a change step is not, unless it says so: it becomes `interrupted`.
 */
export async function recoverInterrupted(session: RunSession): Promise<void> {
  const { store } = session.dependencies;
  const [records, attempts] = await Promise.all([
    readSteps(store.reader, session.run.id),
    readAttempts(store.reader, session.run.id),
  ]);
  for (const record of records) session.steps.set(record.id, record);
  const steps = allInstances(session).map((instance) => instance.step);
  for (const attempt of attempts.filter((candidate) => candidate.status === null)) {
    const record = records.find((candidate) => candidate.id === attempt.stepId);
    const step = steps.find((candidate) => candidate.id === attempt.stepId);
    if (record === undefined || step === undefined) continue;
    // The service stops: whoever takes the run up next looks again.
    if (!(await sweepLeftovers(session, record, attempt))) return;
    await settle(session, step, attempt);
  }
  for (const record of await readSteps(store.reader, session.run.id)) session.steps.set(record.id, record);
}

/**
 * Ends what still runs of the attempt. Until this is done neither `on_failure` nor `finally` may begin. False when the service
 * stops before that.
 */
async function sweepLeftovers(session: RunSession, record: StepRecord, attempt: Attempt): Promise<boolean> {
  const { dependencies, run } = session;
  const host =
    record.host === LOCAL_HOST ? LOCAL : run.plan.hosts.find((candidate) => candidate.name === record.host);
  if (host === undefined) return true;
  const executor = dependencies.steps.executorFor(host);
  try {
    const found = await executor.sweep(host, attemptCookie(run.id, attempt.stepId, attempt.number));
    if (found > 0)
      dependencies.log.warn(
        { runId: run.id, stepId: attempt.stepId, found },
        "ended processes that an interrupted step had left",
      );
    return true;
  } catch (error) {
    // The remote side ends by itself: every remote command is wrapped in `timeout`. Wait until it must have.
    const step = allInstances(session).find((instance) => instance.step.id === attempt.stepId)?.step;
    const endsAtMs = attempt.intentAtMs + (step?.timeoutMs ?? 0) + REMOTE_GRACE_MS;
    dependencies.log.warn(
      { runId: run.id, stepId: attempt.stepId, error, endsAtMs },
      "leftovers could not be looked for; waiting for the step's time limit",
    );
    return waitOut(session, endsAtMs);
  }
}

/** In pieces, so that the end of the service is not held up. A run that is cancelled meanwhile waits all the same: the host still works. */
async function waitOut(session: RunSession, untilMs: number): Promise<boolean> {
  const { clock } = session.dependencies;
  for (;;) {
    if (session.isDraining) return false;
    const leftMs = untilMs - clock.nowMs();
    if (leftMs <= 0) return true;
    await clock.sleep(Math.min(leftMs, PIECE_MS));
  }
}

const PIECE_MS = 500;

async function settle(session: RunSession, step: Step, attempt: Attempt): Promise<void> {
  const { dependencies, run } = session;
  const key = { runId: run.id, stepId: step.id, number: attempt.number };
  const place = { runId: run.id, stepId: step.id, attempt: attempt.number };
  // Known, where only the database could not be written before the process ended.
  const known = dependencies.journal.find(place);
  const atMs = known?.atMs ?? dependencies.clock.nowMs();
  const end = {
    status: known?.status ?? ("interrupted" as const),
    exitCode: known?.exitCode ?? null,
    message: known === null ? CUT_OFF : known.message,
    atMs,
  };
  // The preview of a step that is left out only reads.
  const isOnlySaid = isLeftOut(run, step);
  const isTriedAgain = known === null && (isOnlySaid || step.onInterrupt === "retry");
  const recovered = await recoverStepOutput(dependencies.artifacts, {
    ...place,
    folder: folderOf(session, step),
  });
  await commitOwned(session, async (tx) => {
    for (const facts of [recovered.stdout, recovered.stderr]) {
      if (facts === null) continue;
      if (facts.writeError !== null)
        await addRunProblem(tx, run.id, {
          stepId: step.id,
          path: folderOf(session, step),
          message: redactionOf(session).text(`its output was not kept whole: ${facts.writeError}`),
        });
      if (facts.file === null) continue;
      const { path, bytes, sha256 } = facts.file;
      const contentType = "text/plain; charset=utf-8";
      await putArtifact(tx, {
        runId: run.id,
        path,
        stepId: step.id,
        host: null,
        bytes,
        sha256,
        contentType,
        isTruncated: true,
        isChanged: false,
        isSensitive: false,
        redactions: null,
      });
    }
    await endAttempt(tx, key, end);
    if (!isTriedAgain) await endStep(tx, run.id, step.id, { ...end, facts: known?.facts ?? null });
    if (changesSystem(step) && !isOnlySaid) {
      await noteChange(tx, session.ownership, {
        startedAtMs: known?.status === "succeeded" ? attempt.intentAtMs : null,
        endedAtMs: atMs,
      });
    }
  });
  dependencies.journal.settle(place);
  dependencies.log.warn(
    { runId: run.id, stepId: step.id, attempt: attempt.number, isTriedAgain, status: end.status },
    "settled an attempt that was cut off",
  );
}
