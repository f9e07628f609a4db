import { stepFolder } from "../archive/bundle-names.ts";
import { openStepOutput, type RunningOutput } from "../archive/step-output.ts";
import { attemptCookie } from "../executors/executor.ts";
import type { Host } from "../hosts/host.ts";
import type { Step } from "../runbooks/runbook.ts";
import { changesSystem, RUNS_SOMEWHERE, runsOnHost } from "../runbooks/verbs.ts";
import { isLeftOut } from "../runs/dry-run.ts";
import { type Artifact, noticeThreadOf, type StepFacts } from "../runs/records.ts";
import type { StepEnd } from "../runs/states.ts";
import type { AttemptResult, ShownStep, StepContext } from "../runs/step-context.ts";
import { addRunProblem, evidenceBytesOf, putArtifact } from "../store/evidence.ts";
import { noteHostChange } from "../store/run-hosts.ts";
import { noteChange } from "../store/run-ownership.ts";
import { beginAttempt, endAttempt, endStep, setStepWait } from "../store/steps.ts";
import { attemptStep } from "../steps/verbs.ts";
import { createEvidence, logArtifact } from "./attempt-files.ts";
import { runUrl, workFolder } from "./dependencies.ts";
import { askAboutFailure, type Failure } from "./waiting-steps.ts";
import { redactFacts, redactionOf, redactResult } from "./redact-attempt.ts";
import { annotateForStep, silenceForStep } from "./step-sources.ts";
import { commitOwned, recordOf, type RunSession, setRecord } from "./session.ts";

/** What one attempt is made with: the step's templates rendered for it. */
export interface RenderedStep {
  readonly spec: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly host: Host;
  /** For people, without secrets: see {@link StepContext.shown}. */
  readonly shown: ShownStep | null;
}

/** An attempt that has ended, before it is committed. */
export interface AttemptEnded {
  readonly number: number;
  readonly startedAtMs: number;
  readonly result: AttemptResult;
  readonly stdout: string;
  readonly logs: readonly Artifact[];
}

/** The folder of a step's files in the archive: `steps/01-graph`. */
export function folderOf(session: RunSession, step: Step): string {
  return stepFolder(recordOf(session, step));
}

/** Commits the intent, does the work, and returns how it ended. What it gathered is durable when it returns. */
export async function makeAttempt(
  session: RunSession,
  step: Step,
  rendered: RenderedStep,
): Promise<AttemptEnded> {
  const { dependencies, run } = session;
  const number = recordOf(session, step).attempts + 1;
  const key = { runId: run.id, stepId: step.id, number };
  const startedAtMs = dependencies.clock.nowMs();
  const isOnlySaid = isLeftOut(run, step);
  const isOnHost = isOnlySaid ? runsOnHost(step) : RUNS_SOMEWHERE.has(step.verb);
  const host = isOnHost ? rendered.host.name : null;
  await commitOwned(session, async (tx) => {
    await beginAttempt(tx, key, { fence: session.ownership.fence, host, atMs: startedAtMs });
    if (step.effect !== "read" && !isOnlySaid && host !== null)
      await noteHostChange(tx, run.id, host, startedAtMs);
  });
  setRecord(session, step.id, {
    state: "running",
    attempts: number,
    host,
    startedAtMs: recordOf(session, step).startedAtMs ?? startedAtMs,
    waitUntilMs: null,
  });
  dependencies.killPoints.reached("after-intent");

  const folder = folderOf(session, step);
  const redaction = redactionOf(session);
  const place = { runId: run.id, folder, attempt: number };
  const output = openStepOutput(dependencies.artifacts, place, redaction);
  const removeLive = dependencies.liveOutputs.add(place, output);
  const context = stepContext(session, step, rendered, number, output);
  const attempted = await attemptStep(context, dependencies.steps).catch((error: unknown): AttemptResult => {
    dependencies.log.error({ runId: run.id, stepId: step.id, error }, "a step verb threw");
    const message = `the step could not be carried out: ${error instanceof Error ? error.message : String(error)}`;
    return {
      status: "failed",
      didNotStart: false,
      isPermanent: false,
      exitCode: null,
      message,
      json: null,
      value: null,
      response: null,
    };
  });
  dependencies.killPoints.reached("after-effect");
  removeLive();
  const facts = await output.finish();
  for (const name of ["stdout", "stderr"] as const) {
    const { writeError } = facts[name];
    if (writeError !== null)
      context.recordProblem(`${folder}/${name}.log`, `was not kept whole: ${writeError}`);
  }
  await session.pendingWrites.settled();
  const logs = (["stdout", "stderr"] as const).flatMap((name) =>
    logArtifact(run.id, step.id, host, facts[name]),
  );
  const result = redactResult(redaction, attempted);
  return { number, startedAtMs, result, stdout: output.stdoutText(), logs };
}

/** What they say is read at other places than ours. */
const TELLING: ReadonlySet<string> = new Set(["notify", "silence", "annotate"]);

function stepContext(
  session: RunSession,
  step: Step,
  rendered: RenderedStep,
  number: number,
  output: RunningOutput,
): StepContext {
  const { dependencies, run } = session;
  const redaction = redactionOf(session);
  return {
    step,
    ...rendered,
    // What people are told is kept by others.
    spec: TELLING.has(step.verb) ? redaction.json(rendered.spec) : rendered.spec,
    run: {
      id: run.id,
      url: runUrl(dependencies, run.id),
      thread: noticeThreadOf(run),
      isDryRun: run.isDryRun,
      dir: workFolder(dependencies, run.id),
      causeStartedAtMs: run.trigger.kind === "alert" ? run.cause.startedAtMs : null,
      createdAtMs: run.createdAtMs,
      changeStartedAtMs: firstChangeMs(session),
    },
    httpHosts: session.frame.runbook.httpHosts,
    cookie: attemptCookie(run.id, step.id, number),
    clock: dependencies.clock,
    timeoutMs: step.timeoutMs,
    signal: session.stop.signal,
    output,
    createEvidence: (path) => createEvidence(session, step, rendered.host, path),
    evidenceBytesLeft: async () => {
      const gatheredBytes = await evidenceBytesOf(dependencies.store.reader, run.id);
      const inBundle = Math.max(0, dependencies.limits.bundleBytesMax - gatheredBytes);
      return Math.min(inBundle, dependencies.room.leftBytes());
    },
    whyEvidenceIsFull: () =>
      dependencies.room.leftBytes() > 0
        ? "the run's bundle is full: raise limits.bundle_bytes to gather more"
        : dependencies.room.whyFull(),
    silence: (wish, signal) => silenceForStep(session, step.id, wish, signal),
    annotate: (wish, signal) => annotateForStep(session, wish, signal),
    recordProblem: (path, message) => {
      const problem = { stepId: step.id, path: redaction.text(path), message: redaction.text(message) };
      const write = commitOwned(session, (tx) => addRunProblem(tx, run.id, problem));
      session.pendingWrites.track(write, (error) =>
        dependencies.log.warn({ runId: run.id, error }, "a collector's problem could not be recorded"),
      );
    },
  };
}

function firstChangeMs({ run, steps }: RunSession): number | null {
  if (run.isDryRun) return null;
  const changes = [...steps.values()].filter(changesSystem);
  const started = changes.flatMap(({ startedAtMs }) => startedAtMs ?? []);
  return started.length === 0 ? null : Math.min(...started);
}

/** What a finished attempt means for its step. */
export interface AttemptVerdict {
  readonly status: StepEnd;
  readonly message: string | null;
  readonly facts: StepFacts | null;
  /** The step is not over: another attempt after this wait. Null when it is over. */
  readonly retryAfterMs: number | null;
  /** The step is not over: a person says how it goes on. */
  readonly asksPeople: boolean;
}

/** The outcome row: committed once for each attempt, with the step's end or the wait for the next attempt. */
export async function commitAttempt(
  session: RunSession,
  step: Step,
  ended: AttemptEnded,
  judged: AttemptVerdict,
): Promise<void> {
  const { dependencies, run } = session;
  const redaction = redactionOf(session);
  const message = redaction.textOrNull(judged.message);
  const verdict = { ...judged, message, facts: redactFacts(redaction, judged.facts) };
  const atMs = dependencies.clock.nowMs();
  const key = { runId: run.id, stepId: step.id, number: ended.number };
  const end = { status: verdict.status, exitCode: ended.result.exitCode, message: verdict.message, atMs };
  const waitUntilMs = verdict.retryAfterMs === null ? null : atMs + verdict.retryAfterMs;
  await commitOwned(
    session,
    async (tx) => {
      for (const artifact of ended.logs) await putArtifact(tx, artifact);
      await endAttempt(tx, key, end);
      const failure = failureOf(verdict, ended.number);
      if (failure !== null) await askAboutFailure(tx, session, step, { ...end, ...failure });
      else if (waitUntilMs === null) await endStep(tx, run.id, step.id, { ...end, facts: verdict.facts });
      else await setStepWait(tx, run.id, step.id, waitUntilMs, atMs);
      if (changesSystem(step) && !isLeftOut(run, step) && !ended.result.didNotStart) {
        const changedAtMs = verdict.status === "succeeded" ? ended.startedAtMs : null;
        await noteChange(tx, session.ownership, { startedAtMs: changedAtMs, endedAtMs: atMs });
      }
    },
    () =>
      dependencies.journal.append({
        runId: run.id,
        stepId: step.id,
        attempt: ended.number,
        ...end,
        facts: verdict.facts,
      }),
  );
  dependencies.journal.settle({ runId: run.id, stepId: step.id, attempt: ended.number });
  dependencies.killPoints.reached(verdict.asksPeople ? "after-asked" : "after-outcome");
  const isOver = waitUntilMs === null && !verdict.asksPeople;
  setRecord(session, step.id, {
    exitCode: end.exitCode,
    message: end.message,
    ...(waitUntilMs === null ? { facts: verdict.facts } : { waitUntilMs }),
    ...(isOver ? { state: verdict.status, finishedAtMs: atMs } : {}),
  });
  if (isOver) {
    dependencies.metrics.stepsFinished.inc({ verb: step.verb, status: verdict.status });
    const durationMs = atMs - ended.startedAtMs;
    dependencies.log.info(
      { runId: run.id, stepId: step.id, status: verdict.status, durationMs },
      "step finished",
    );
  }
}

/** What people are asked about; null when nobody is. */
function failureOf(
  { asksPeople, status, facts }: AttemptVerdict,
  attempts: number,
): Pick<Failure, "status" | "attempts" | "facts"> | null {
  if (!asksPeople || (status !== "failed" && status !== "timed_out")) return null;
  return { status, attempts, facts };
}
