import type { CollectedFile, CollectEnd } from "../executors/collect.ts";
import { type Executor, ExecutorError } from "../executors/executor.ts";
import { formatDurationMs } from "../platform/durations.ts";
import { NoRoomError } from "../platform/no-room.ts";
import type { CollectSpec } from "../runbooks/verbs/collect.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";
import { FileCollection } from "./collect-files.ts";
import { type CollectBudget, collectOutput, commandsOf } from "./collect-output.ts";

/**
 * `collect`: gathers files, journal lines and the output of commands into the run's evidence. What cannot be gathered is a
 * recorded problem and the rest goes on. It fails when the host cannot be reached, or when nothing at all was gathered and
 * the step is critical.
 */
export async function collectEvidence(
  context: StepContext,
  spec: CollectSpec,
  executor: Executor,
): Promise<AttemptResult> {
  const budget: CollectBudget = {
    fileBytesMax: spec.fileBytesMax,
    bytesLeft: Math.min(spec.hostBytesMax, await context.evidenceBytesLeft()),
    filesLeft: spec.filesMax,
    endsAtMs: context.clock.monotonicMs() + context.timeoutMs,
  };
  if (budget.bytesLeft <= 0) {
    context.recordProblem(context.host.name, context.whyEvidenceIsFull());
    return judge(context, { files: 0, bytes: 0, end: "finished" });
  }
  const gathered: Gathered = { files: 0, bytes: 0, end: "finished" };
  try {
    if (spec.paths.length > 0) await collectFiles(context, spec, executor, budget, gathered);
    const outputBytes = Math.min(budget.fileBytesMax, budget.bytesLeft);
    for (const source of commandsOf(spec, outputBytes, context.clock.nowMs())) {
      if (gathered.end !== "finished") break;
      if (budget.filesLeft <= 0) {
        context.recordProblem(
          source.title,
          `was left out: ${spec.filesMax} files are gathered, as many as max_files allows`,
        );
        continue;
      }
      const result = await collectOutput(context, source, executor, budget);
      gathered.end = result.end;
      gathered.bytes += result.bytes;
      gathered.files += result.bytes > 0 ? 1 : 0;
    }
    if ((await context.evidenceBytesLeft()) <= 0)
      context.recordProblem(context.host.name, `not everything was gathered: ${context.whyEvidenceIsFull()}`);
  } catch (error) {
    if (!(error instanceof ExecutorError) && !(error instanceof NoRoomError)) throw error;
    const isRoom = error instanceof NoRoomError;
    context.recordProblem(
      context.host.name,
      isRoom ? `not everything was gathered: ${error.message}` : error.message,
    );
    if (!isRoom && gathered.files === 0) return failed(error.message, { didNotStart: true });
  }
  return judge(context, gathered);
}

interface Gathered {
  files: number;
  bytes: number;
  end: CollectEnd;
}

async function collectFiles(
  context: StepContext,
  spec: CollectSpec,
  executor: Executor,
  budget: CollectBudget,
  gathered: Gathered,
): Promise<void> {
  const collection = new FileCollection(context, { file: budget.fileBytesMax, all: budget.bytesLeft });
  try {
    gathered.end = await executor.collect(
      context.host,
      {
        paths: spec.paths,
        changedSinceMs: spec.sinceMs === null ? null : context.clock.nowMs() - spec.sinceMs,
        filesMax: budget.filesLeft,
        fileBytesMax: budget.fileBytesMax,
        totalBytesMax: budget.bytesLeft,
        become: context.step.become,
        onTooBig: spec.onTooBig,
      },
      {
        timeoutMs: Math.max(1, Math.floor(budget.endsAtMs - context.clock.monotonicMs())),
        signal: context.signal,
        bytesLeft: bytesLeftOf(context, collection, budget.bytesLeft),
        onFile: (file: CollectedFile) => collection.add(file),
        onProblem: (problem) => collection.problem(problem),
        onChanged: (path) => collection.changed(path),
      },
    );
  } finally {
    await collection.finish();
    gathered.files += collection.files;
    gathered.bytes += collection.bytes;
    budget.filesLeft -= collection.files;
    budget.bytesLeft -= collection.bytes;
  }
}

/** Steps on other hosts fill the same bundle. The archive is asked again after so much was gathered here, or so long. */
const ASK_AGAIN_BYTES = 8 * 1024 ** 2;
const ASK_AGAIN_MS = 1_000;

function bytesLeftOf(
  context: StepContext,
  collection: FileCollection,
  bytesMax: number,
): () => Promise<number> {
  let asked = { leftBytes: bytesMax, atBytes: 0, atMs: context.clock.monotonicMs() };
  return async () => {
    const atMs = context.clock.monotonicMs();
    const gatheredBytes = collection.bytes - asked.atBytes;
    if (gatheredBytes >= ASK_AGAIN_BYTES || atMs - asked.atMs >= ASK_AGAIN_MS) {
      const leftBytes = await context.evidenceBytesLeft();
      asked = {
        leftBytes: Math.min(leftBytes, bytesMax - collection.bytes),
        atBytes: collection.bytes,
        atMs,
      };
    }
    return Math.max(0, asked.leftBytes - (collection.bytes - asked.atBytes));
  };
}

function judge(context: StepContext, { files, bytes, end }: Gathered): AttemptResult {
  const facts = { value: files, json: { files, bytes } };
  switch (end) {
    case "cancelled":
      return ended("cancelled", "was stopped", facts);
    case "timed_out":
    case "lost": {
      const message =
        end === "lost" ? "the connection broke" : `took longer than ${formatDurationMs(context.timeoutMs)}`;
      context.recordProblem(context.host.name, `not everything was gathered: ${message}`);
      if (files > 0) return succeeded(facts);
      return end === "lost" ? failed(message, facts) : ended("timed_out", message, facts);
    }
    case "finished":
      if (files > 0) return succeeded(facts);
      context.recordProblem(context.host.name, "nothing was gathered");
      return context.step.isCritical ? failed("nothing was gathered", facts) : succeeded(facts);
  }
}
