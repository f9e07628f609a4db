import { stepFolder } from "../archive/bundle-names.ts";
import type { LogLines } from "../archive/log-lines.ts";
import type { LivePart } from "../archive/output-log.ts";
import { readRange, type StoredLines, type StoredLog } from "../archive/stored-lines.ts";
import { attemptLogPath, type OutputName, type RunningOutput } from "../archive/step-output.ts";
import type { StepRecord } from "../runs/records.ts";
import type { StepState } from "../runs/states.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** A part of a step's log, of one attempt. Offsets count bytes. */
export interface LogPart {
  /** Where `content` begins; later than asked for where a running log keeps only its end. */
  readonly offset: number;
  readonly content: Buffer;
  /** So far, or of all; null while that is not known. */
  readonly totalBytes: number | null;
  /** The line in which `content` begins, from 1; null where that is not known, or not yet. */
  readonly firstLine: number | null;
  /** So far, or of all; null where that is not known, or not yet. */
  readonly totalLines: number | null;
  /** Nothing is added any more. */
  readonly isComplete: boolean;
}

/** Which log: one of the two of one attempt. */
export interface LogChoice {
  readonly stream: OutputName;
  /** Null: the newest one. */
  readonly attempt: number | null;
}

export interface LogQuery extends LogChoice {
  readonly offset: number;
  /** Where to begin, instead of an offset; null for an offset. */
  readonly line: number | null;
  /** Bytes at most. */
  readonly limit: number;
  /** Also where the whole log has to be read for it first. */
  readonly isNumbered: boolean;
}

/** Where the log of an attempt is to be found at this moment. */
export type LogSource =
  | { readonly kind: "running"; readonly output: RunningOutput }
  | { readonly kind: "stored"; readonly log: StoredLog; readonly isComplete: boolean }
  | { readonly kind: "nothing"; readonly isComplete: boolean };

const UNDER_WAY: ReadonlySet<StepState> = new Set(["pending", "running"]);

/** As it is stored, without secrets; of a step that goes on, what there is by now. */
export async function findLog(
  { artifacts, liveOutputs }: Pick<EngineDependencies, "artifacts" | "liveOutputs">,
  step: StepRecord,
  { stream, attempt }: LogChoice,
): Promise<LogSource> {
  const place = { runId: step.runId, folder: stepFolder(step), attempt: attempt ?? step.attempts };
  const output = liveOutputs.get(place);
  if (output !== null) return { kind: "running", output };
  const path = attemptLogPath(place, stream);
  const stored = await artifacts.stat(step.runId, path);
  const isComplete = place.attempt < step.attempts || !UNDER_WAY.has(step.state);
  if (stored === null) return { kind: "nothing", isComplete };
  return { kind: "stored", log: { runId: step.runId, path, bytes: stored.bytes }, isComplete };
}

/** Throws TooBusyError where lines have to be counted first, and the signal's reason when it is aborted. */
export async function readLog(
  dependencies: Pick<EngineDependencies, "artifacts" | "liveOutputs"> & { readonly storedLines: StoredLines },
  step: StepRecord,
  query: LogQuery,
  signal: AbortSignal,
): Promise<LogPart> {
  const source = await findLog(dependencies, step, query);
  switch (source.kind) {
    case "running": {
      const start = query.line === null ? { offset: query.offset } : { line: query.line };
      return partOfRunning(await source.output.readLive(query.stream, start, query.limit));
    }
    case "stored": {
      const { storedLines, artifacts } = dependencies;
      const isNeeded = query.isNumbered || query.line !== null;
      const lines = await (isNeeded
        ? storedLines.of(source.log, signal)
        : storedLines.ready(source.log, signal));
      const offset = (query.line === null ? null : await lines?.offsetOf(query.line)) ?? query.offset;
      const start = Math.min(offset, source.log.bytes);
      const content = await readRange(
        artifacts,
        source.log,
        start,
        Math.min(source.log.bytes, start + query.limit),
      );
      return {
        ...(await numbersOf(lines, start, query.line)),
        offset: start,
        content,
        totalBytes: source.log.bytes,
        isComplete: source.isComplete,
      };
    }
    case "nothing": {
      const { isComplete } = source;
      const nothing = {
        content: Buffer.alloc(0),
        totalBytes: isComplete ? 0 : null,
        totalLines: isComplete ? 0 : null,
      };
      return { ...nothing, offset: query.offset, firstLine: query.offset === 0 ? 1 : null, isComplete };
    }
  }
}

async function numbersOf(
  lines: LogLines | null,
  start: number,
  asked: number | null,
): Promise<Pick<LogPart, "firstLine" | "totalLines">> {
  if (lines === null) return { firstLine: start === 0 ? 1 : null, totalLines: null };
  const { totalLines } = lines;
  const isFound = asked !== null && asked <= totalLines;
  return { firstLine: isFound ? asked : await lines.lineAt(start), totalLines };
}

function partOfRunning({ start, ...part }: LivePart): LogPart {
  return { ...part, offset: start, isComplete: false };
}
