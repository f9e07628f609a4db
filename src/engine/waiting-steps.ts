import { ExpressionError } from "../expressions/cel.ts";
import { renderText } from "../runbooks/render.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { Approval } from "../runs/approvals.ts";
import { isFollowUp, type StepFacts } from "../runs/records.ts";
import type { StepEnd } from "../runs/states.ts";
import { readStepApproval, readVotes } from "../store/approvals.ts";
import { endStep, startStep, suspendStep } from "../store/steps.ts";
import type { Tx } from "../store/store.ts";
import { unansweredText } from "./approval-deadline.ts";
import { measureBefore } from "./asserts.ts";
import { requestFailureAnswer, requestStepApproval } from "./ask-people.ts";
import { readEpisodesOf } from "./bundle-facts.ts";
import { redactionOf } from "./redact-attempt.ts";
import { commitOwned, type Progress, recordOf, type RunSession, setRecord } from "./session.ts";

// Steps that wait for people. What was asked and answered is in the approvals' rows alone, so that it is the same after a
// restart. Whoever waits gives the run back, and is looked at again once somebody has answered or the time is over.

type Approve = Extract<Step, { verb: "approve" }>;

/** An `approve` step: asks, or does what was answered. */
export async function executeApprove(
  session: RunSession,
  step: Approve,
  variables: () => Record<string, unknown>,
): Promise<Progress> {
  const { reader } = session.dependencies.store;
  const asked = await readStepApproval(reader, session.run.id, step.id);
  if (asked === null) return ask(session, step, variables);
  switch (asked.state) {
    case "pending":
      return waitFor(session, asked);
    case "approved": {
      const votes = await readVotes(reader, [asked.id]);
      const approvedBy = votes.map((vote) => vote.principal);
      const json = { approved_by: approvedBy, comments: votes.flatMap((vote) => vote.comment ?? []) };
      const facts: StepFacts = { stdout: "", json, value: null, response: null, outputs: {} };
      return end(session, step, {
        status: "succeeded",
        message: `approved by ${approvedBy.join(", ")}`,
        facts,
      });
    }
    case "expired":
      return end(session, step, { status: "rejected", message: unansweredText(asked), facts: null });
    case "void":
      return end(session, step, {
        status: "cancelled",
        message: "the run was stopped while it waited",
        facts: null,
      });
    case "rejected":
    case "retried":
    case "skipped":
    case "stopped":
      return end(session, step, { status: "rejected", message: wordOf(asked), facts: null });
  }
}

async function ask(
  session: RunSession,
  step: Approve,
  variables: () => Record<string, unknown>,
): Promise<Progress> {
  if (session.frame.body.steps.includes(step) && (await isNoLongerNeeded(session))) {
    session.alert.hasEnded = true;
    session.stop.abort("alert_ended");
    const message = "the alert ended before people were asked";
    return end(session, step, { status: "cancelled", message, facts: null });
  }
  const refusal = await measureBefore(session, step);
  const message = refusal === null ? messageOf(session, step, variables) : { failure: refusal.text };
  if (typeof message !== "string")
    return end(session, step, { status: "failed", message: message.failure, facts: null });
  const { store } = session.dependencies;
  const approval = await commitOwned(session, async (tx) => {
    const atMs = await store.nowMs(tx);
    await startStep(tx, session.run.id, step.id, atMs);
    return requestStepApproval(tx, session, step, redactionOf(session).text(message), atMs);
  });
  setRecord(session, step.id, { state: "running", startedAtMs: approval.requestedAtMs });
  session.dependencies.killPoints.reached("after-asked");
  return waitFor(session, approval);
}

/** Its alerts have ended while it was under way: who waits for people is pending, and that is cancelled then. */
async function isNoLongerNeeded({ dependencies, run }: RunSession): Promise<boolean> {
  if (run.trigger.kind !== "alert" || run.onResolve.kind === "let_finish" || isFollowUp(run)) return false;
  const episodes = await readEpisodesOf(dependencies.store.reader, run);
  return episodes.length > 0 && episodes.every((episode) => episode.state !== "firing");
}

function messageOf(
  session: RunSession,
  step: Approve,
  variables: () => Record<string, unknown>,
): string | { readonly failure: string } {
  const { body, runbook } = session.frame;
  const hosts = session.run.plan.hosts.map((host) => host.name).join(", ");
  const where = hosts === "" ? "" : ` on ${hosts}`;
  if (step.spec.message === null) return `${runbook.name}${where} asks to go on at step ${step.id}`;
  try {
    return renderText(body.templates, step.spec.message, variables()).trim();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { failure: `approve.message: ${error.message}` };
  }
}

/** The run is given back once everything else in it has come to rest. */
function waitFor(session: RunSession, approval: Approval): Progress {
  session.parking.asked.add(approval.id);
  return "released";
}

function wordOf({ state, decidedBy, comment }: Approval): string {
  const why = comment === null ? "" : `: ${comment}`;
  return `${state} by ${decidedBy ?? "nobody"}${why}`;
}

/** What people have said about a step that had failed. */
export interface FailureAnswer {
  /** Null: the step is to be tried, with as many retries as it has. */
  readonly progress: Progress | null;
  /** Attempts before this one that its retries do not count. */
  readonly attemptsBefore: number;
}

const NOT_ASKED: FailureAnswer = { progress: null, attemptsBefore: 0 };

/** Before an attempt of a step with `ask_on_failure`: does what was answered to its last failure, or waits for the answer. */
export async function settleFailure(session: RunSession, step: Step): Promise<FailureAnswer> {
  const record = recordOf(session, step);
  if (step.askOnFailure === null || record.state !== "running") return NOT_ASKED;
  const asked = await readStepApproval(session.dependencies.store.reader, session.run.id, step.id);
  if (asked === null || asked.failedStep === null) return NOT_ASKED;
  const { status, attempts } = asked.failedStep;
  if (asked.state === "retried") return { progress: null, attemptsBefore: attempts };
  // Tried again since.
  if (attempts < record.attempts) return NOT_ASKED;
  if (asked.state === "pending" && !session.alert.hasEnded)
    return { progress: waitFor(session, asked), attemptsBefore: attempts };
  const progress =
    asked.state === "skipped"
      ? await end(session, step, { status: "skipped", message: wordOf(asked), facts: null })
      : await end(session, step, {
          status,
          message: [record.message, stoppedText(asked)].filter((text) => text !== null).join("; "),
          facts: record.facts,
        });
  return { progress, attemptsBefore: attempts };
}

function stoppedText(asked: Approval): string | null {
  if (asked.state === "stopped") return wordOf(asked);
  return asked.state === "expired" ? unansweredText(asked) : null;
}

/** How a step failed that asks people, without its end. */
export interface Failure {
  readonly status: "failed" | "timed_out";
  readonly attempts: number;
  readonly exitCode: number | null;
  /** Without secrets, as the facts. */
  readonly message: string | null;
  readonly facts: StepFacts | null;
  readonly atMs: number;
}

/** Asks how the run goes on, in the transaction that records the failure. The step stays open. */
export async function askAboutFailure(
  tx: Tx,
  session: RunSession,
  step: Step,
  failure: Failure,
): Promise<void> {
  await suspendStep(tx, session.run.id, step.id, failure);
  await requestFailureAnswer(tx, session, step, failure, failure.atMs);
}

async function end(
  session: RunSession,
  step: Step,
  { status, message, facts }: { status: StepEnd; message: string | null; facts: StepFacts | null },
): Promise<Progress> {
  const { clock, metrics } = session.dependencies;
  const atMs = clock.nowMs();
  const { exitCode } = recordOf(session, step);
  const redaction = redactionOf(session);
  const stored = { status, exitCode, message: redaction.textOrNull(message), atMs, facts };
  await commitOwned(session, (tx) => endStep(tx, session.run.id, step.id, stored));
  setRecord(session, step.id, { state: status, message: stored.message, finishedAtMs: atMs, facts });
  metrics.stepsFinished.inc({ verb: step.verb, status });
  return "ended";
}
