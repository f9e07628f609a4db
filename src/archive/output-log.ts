import type { ArtifactStore, StoredArtifact } from "./artifact-store.ts";
import { LineMarks } from "./line-marks.ts";
import { LogLines } from "./log-lines.ts";
import { encodeHeader, HEADER_BYTES, readLogical, type RingLayout, writeLogical } from "./output-layout.ts";
import { type Block, type OutputLimits, PendingBlocks } from "./pending-blocks.ts";
import type { ScratchFile } from "./scratch-file.ts";
import { storeWhatFits } from "./store-output.ts";

/** Together with the line in the middle at most 10 MiB a stream. */
export const OUTPUT_LIMITS: OutputLimits = {
  headBytes: 5 * 1024 * 1024,
  tailBytes: 5 * 1024 * 1024 - 256,
};

/** What became of a finished output. */
export interface OutputFacts {
  /** Null when there was no output at all, or no room for any of it. */
  readonly file: StoredArtifact | null;
  readonly totalBytes: number;
  /** Bytes that were not kept, between head and tail or at the end. */
  readonly omittedBytes: number;
  /** Why output was lost other than by the cap (a full disk), null when it was not. */
  readonly writeError: string | null;
}

/** A part of an output that is still being written. Offsets count the bytes that were written, kept or not. */
export interface LivePart {
  /** Where `content` begins; later than asked for when what was there is no longer kept. */
  readonly start: number;
  readonly content: Buffer;
  readonly totalBytes: number;
  /** The line that `content` begins in, of those that were written, from 1; null where that cannot be known. */
  readonly firstLine: number | null;
  readonly totalLines: number;
}

/** Where a part of a running output is to begin: at a byte, or at a line. */
export type LiveStart = { readonly offset: number } | { readonly line: number };

/**
 * One output of a running step. `write` never fails and never waits: content goes to a scratch file by and by, the end
 * of it into a ring, and memory stays below head + tail even when the disk stands still.
 */
export class OutputLog {
  readonly #scratch: ScratchFile;
  readonly #layout: RingLayout;
  readonly #pending: PendingBlocks;
  readonly #marks: LineMarks;
  readonly #lines: LogLines;
  #flushedBytes = 0;
  /** From here on the ring holds everything up to `#flushedBytes`; later than usual when the disk could not keep up. */
  #ringStart: number;
  #flushing: Promise<void> | null = null;
  #writeError: string | null = null;

  constructor(scratch: ScratchFile, limits: OutputLimits = OUTPUT_LIMITS, markBytes?: number) {
    this.#scratch = scratch;
    this.#marks = new LineMarks(limits, markBytes);
    this.#lines = new LogLines(this.#marks, (start, end) => this.#readKept(start, end));
    this.#layout = { ...limits };
    this.#pending = new PendingBlocks(limits);
    this.#ringStart = limits.headBytes;
  }

  get totalBytes(): number {
    return this.#pending.totalBytes;
  }

  write(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#marks.add(chunk);
    this.#pending.add(chunk);
    this.#flushing ??= this.#flush();
  }

  /** What can be shown of the running output, from there on, at most `lengthMax` bytes. */
  async readLive(start: LiveStart, lengthMax: number): Promise<LivePart> {
    const { headBytes, tailBytes } = this.#layout;
    // A line of which the beginning is no longer known is looked for where the end begins that is kept.
    const wanted = "offset" in start ? start.offset : ((await this.#lines.offsetOf(start.line)) ?? headBytes);
    for (;;) {
      const end = this.#flushedBytes;
      let from = Math.min(wanted, end);
      if (from >= headBytes) from = Math.max(from, end - tailBytes, this.#ringStart);
      const stop = Math.min(from < headBytes ? Math.min(end, headBytes) : end, from + lengthMax);
      const content = await readLogical(this.#scratch, this.#layout, from, stop);
      if (!this.#isKept(from, stop)) continue;
      const { totalBytes, totalLines } = { totalBytes: this.totalBytes, totalLines: this.#marks.totalLines };
      return { start: from, content, totalBytes, totalLines, firstLine: await this.#lines.lineAt(from) };
    }
  }

  /** Null when a part of it is no longer kept; what is not written to the disk yet is left out. */
  async #readKept(start: number, wantedEnd: number): Promise<Buffer | null> {
    const end = Math.min(wantedEnd, this.#flushedBytes);
    if (end < start || !this.#isKept(start, end)) return null;
    const content = await readLogical(this.#scratch, this.#layout, start, end);
    return this.#isKept(start, end) ? content : null;
  }

  #isKept(start: number, end: number): boolean {
    const { headBytes, tailBytes } = this.#layout;
    if (end <= headBytes) return true;
    return Math.max(start, headBytes) >= Math.max(this.#ringStart, this.#flushedBytes - tailBytes);
  }

  /**
   * Stores what was kept under the path and removes the scratch file. Nothing may be written after it. Where it cannot be
   * stored (a full disk) that is a fact of the result, never an error: the step has ended as it has ended.
   */
  async finish(store: ArtifactStore, runId: string, path: string): Promise<OutputFacts> {
    while (this.#flushing !== null) await this.#flushing;
    const { totalBytes } = this;
    const flushedBytes = this.#flushedBytes;
    const kept = {
      scratch: this.#scratch,
      layout: this.#layout,
      totalBytes: flushedBytes,
      ringStart: this.#ringStart,
      lostBytes: totalBytes - flushedBytes,
    };
    const target = { runId, path };
    const stored = await storeWhatFits(store, target, kept).catch((error: unknown) => ({
      file: null,
      omittedBytes: totalBytes,
      problem: messageOf(error),
    }));
    await this.#scratch.remove();
    const { file, omittedBytes, problem } = stored;
    return { file, totalBytes, omittedBytes, writeError: this.#writeError ?? problem };
  }

  async #flush(): Promise<void> {
    // Begins after the caller has gone on, so that chunks that arrive together are written together.
    await Promise.resolve();
    try {
      for (let block = this.#pending.take(); block !== undefined; block = this.#pending.take()) {
        if (this.#writeError === null) await this.#put(block);
        this.#pending.release(block);
      }
    } catch (error) {
      this.#writeError = messageOf(error);
      while (this.#pending.take() !== undefined);
    } finally {
      this.#flushing = null;
    }
  }

  async #put({ start, buffer, used }: Block): Promise<void> {
    if (start > this.#flushedBytes) this.#ringStart = start;
    await writeLogical(this.#scratch, this.#layout, start, buffer.subarray(0, used));
    this.#flushedBytes = start + used;
    await this.#scratch.write(encodeHeader(this.#flushedBytes, this.#ringStart), 0);
  }
}

/**
 * Stores what an earlier process had written of an output when it was killed. Null when it had written nothing.
 * May be repeated: the scratch file is removed last, a second copy then has `~2` in its name.
 */
export async function recoverOutput(
  store: ArtifactStore,
  runId: string,
  path: string,
  limits: OutputLimits = OUTPUT_LIMITS,
): Promise<OutputFacts | null> {
  const scratch = store.scratch(runId, path);
  const header = await scratch.read(0, HEADER_BYTES);
  const isWhole = header.byteLength === HEADER_BYTES;
  // The content is written before the header, so a file that is longer than the header says is right.
  const written = Math.max(0, (await scratch.size()) - HEADER_BYTES);
  const totalBytes = Math.max(isWhole ? Number(header.readBigUInt64BE(0)) : 0, written);
  const ringStart = isWhole ? Number(header.readBigUInt64BE(8)) : limits.headBytes;
  const kept = { scratch, layout: limits, totalBytes, ringStart, lostBytes: 0 };
  const { file, omittedBytes, problem } = await storeWhatFits(store, { runId, path }, kept);
  await scratch.remove();
  return totalBytes === 0 ? null : { file, omittedBytes, totalBytes, writeError: problem };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
