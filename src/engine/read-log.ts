import { stepFolder } from "../archive/bundle-names.ts";
import { attemptLogPath, type OutputName } from "../archive/step-output.ts";
import type { StepRecord } from "../runs/records.ts";
import type { StepState } from "../runs/states.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** A part of a step's log, of its newest attempt. Offsets count bytes. */
export interface LogPart {
  /** Where `content` begins; later than asked for where a running log keeps only its end. */
  readonly offset: number;
  readonly content: Buffer;
  /** So far, or of all; null while that is not known. */
  readonly totalBytes: number | null;
  /** Nothing is added any more. */
  readonly isComplete: boolean;
}

export interface LogQuery {
  readonly stream: OutputName;
  readonly offset: number;
  /** Bytes at most. */
  readonly limit: number;
}

const UNDER_WAY: ReadonlySet<StepState> = new Set(["pending", "running"]);

/** As it is stored, without secrets; of a step that goes on, what there is by now. */
export async function readLog(
  { artifacts, liveOutputs }: Pick<EngineDependencies, "artifacts" | "liveOutputs">,
  step: StepRecord,
  { stream, offset, limit }: LogQuery,
): Promise<LogPart> {
  const place = { runId: step.runId, folder: stepFolder(step), attempt: step.attempts };
  const live = liveOutputs.get(place);
  if (live !== null) {
    const part = await live.readLive(stream, offset, limit);
    return { offset: part.start, content: part.content, totalBytes: part.totalBytes, isComplete: false };
  }
  const path = attemptLogPath(place, stream);
  const stored = await artifacts.stat(step.runId, path);
  const isComplete = !UNDER_WAY.has(step.state);
  if (stored === null)
    return { offset, content: Buffer.alloc(0), totalBytes: isComplete ? 0 : null, isComplete };
  const start = Math.min(offset, stored.bytes);
  const chunks: Buffer[] = [];
  const range = { start, end: Math.min(stored.bytes, start + limit) };
  if (range.end > range.start)
    for await (const chunk of await artifacts.read(step.runId, path, range))
      chunks.push(Buffer.from(chunk as Uint8Array));
  return { offset: start, content: Buffer.concat(chunks), totalBytes: stored.bytes, isComplete };
}
