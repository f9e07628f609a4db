import type { ArtifactReader } from "./artifact-store.ts";
import { LineMarks } from "./line-marks.ts";
import { LogLines } from "./log-lines.ts";
import { SharedResults } from "../platform/shared-results.ts";

/** One file of a run. It never changes, so that its path and its length stand for what is in it. */
export interface StoredLog {
  readonly runId: string;
  readonly path: string;
  readonly bytes: number;
}

export function keyOfLog({ runId, path, bytes }: StoredLog): string {
  return `${runId}/${path}:${bytes}`;
}

/** Bytes that are so few that their lines are counted at once: it takes a few milliseconds. */
const SMALL_BYTES = 1024 * 1024;

/**
 * The lines of stored logs: marks that are made by reading the whole log once, part by part, when they are first needed, about a
 * second for 1 GB; those of the logs last looked at are kept, 128 KiB for 1 GB.
 */
export class StoredLines {
  readonly #artifacts: ArtifactReader;
  readonly #marks = new SharedResults<LineMarks>({ keptMax: 64, atOnceMax: 2, askersMax: 50 });

  constructor(artifacts: ArtifactReader) {
    this.#artifacts = artifacts;
  }

  /** What is there already, or can be had at once. */
  async ready(log: StoredLog, signal: AbortSignal): Promise<LogLines | null> {
    const marks = this.#marks.known(keyOfLog(log));
    if (marks !== undefined) return this.#linesOf(log, marks);
    return log.bytes <= SMALL_BYTES ? this.of(log, signal) : null;
  }

  /** Throws TooBusyError, and the signal's reason when it is aborted. */
  async of(log: StoredLog, signal: AbortSignal): Promise<LogLines> {
    const marks = await this.#marks.get(keyOfLog(log), signal, (stop) => this.#markAll(log, stop));
    return this.#linesOf(log, marks);
  }

  async #markAll({ runId, path, bytes }: StoredLog, signal: AbortSignal): Promise<LineMarks> {
    const marks = new LineMarks();
    for await (const chunk of this.#artifacts.scan(runId, path, { start: 0, end: bytes })) {
      signal.throwIfAborted();
      marks.add(chunk);
    }
    return marks;
  }

  #linesOf({ runId, path }: StoredLog, marks: LineMarks): LogLines {
    return new LogLines(marks, (start, end) => readRange(this.#artifacts, { runId, path }, start, end));
  }
}

/** A part of a stored file that is small enough for memory. */
export async function readRange(
  artifacts: ArtifactReader,
  { runId, path }: Pick<StoredLog, "runId" | "path">,
  start: number,
  end: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  if (end > start)
    for await (const chunk of await artifacts.read(runId, path, { start, end }))
      chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
