import { formatBytes } from "../platform/bytes.ts";
import type { ArtifactStore, StoredArtifact } from "./artifact-store.ts";
import { type Block, type OutputLimits, PendingBlocks } from "./pending-blocks.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** Together with the line in the middle at most 10 MiB a stream. */
export const OUTPUT_LIMITS: OutputLimits = {
  headBytes: 5 * 1024 * 1024,
  tailBytes: 5 * 1024 * 1024 - 256,
};

/** What became of a finished output. */
export interface OutputFacts {
  /** Null when there was no output at all. */
  readonly file: StoredArtifact | null;
  readonly totalBytes: number;
  /** Bytes between head and tail that were not kept. */
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
}

/**
 * One output of a running step. `write` never fails and never waits: content goes to a scratch file by and by, the end
 * of it into a ring, and memory stays below head + tail even when the disk stands still.
 */
export class OutputLog {
  readonly #scratch: ScratchFile;
  readonly #layout: RingLayout;
  readonly #pending: PendingBlocks;
  #flushedBytes = 0;
  /** From here on the ring holds everything up to `#flushedBytes`; later than usual when the disk could not keep up. */
  #ringStart: number;
  #flushing: Promise<void> | null = null;
  #writeError: string | null = null;

  constructor(scratch: ScratchFile, limits: OutputLimits = OUTPUT_LIMITS) {
    this.#scratch = scratch;
    this.#layout = { ...limits };
    this.#pending = new PendingBlocks(limits);
    this.#ringStart = limits.headBytes;
  }

  get totalBytes(): number {
    return this.#pending.totalBytes;
  }

  write(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#pending.add(chunk);
    this.#flushing ??= this.#flush();
  }

  /** What can be shown of the running output, from `start` on, at most `lengthMax` bytes. */
  async readLive(start: number, lengthMax: number): Promise<LivePart> {
    const { headBytes, tailBytes } = this.#layout;
    for (;;) {
      const end = this.#flushedBytes;
      let from = Math.min(start, end);
      if (from >= headBytes) from = Math.max(from, end - tailBytes, this.#ringStart);
      const stop = Math.min(from < headBytes ? Math.min(end, headBytes) : end, from + lengthMax);
      const content = await readLogical(this.#scratch, this.#layout, from, stop);
      const isOverwritten = from >= headBytes && from < this.#flushedBytes - tailBytes;
      if (!isOverwritten) return { start: from, content, totalBytes: this.totalBytes };
    }
  }

  /**
   * Stores what was kept under the path and removes the scratch file. Nothing may be written after it. Where it cannot be
   * stored (a full disk) that is a fact of the result, never an error: the step has ended as it has ended.
   */
  async finish(store: ArtifactStore, runId: string, path: string): Promise<OutputFacts> {
    while (this.#flushing !== null) await this.#flushing;
    const { totalBytes } = this;
    try {
      const kept = { scratch: this.#scratch, layout: this.#layout, totalBytes: this.#flushedBytes };
      const stored = await storeOutput(store, { runId, path }, { ...kept, ringStart: this.#ringStart });
      await this.#scratch.remove();
      return { ...stored, totalBytes, writeError: this.#writeError };
    } catch (error) {
      await this.#scratch.close();
      return {
        file: null,
        totalBytes,
        omittedBytes: totalBytes,
        writeError: this.#writeError ?? messageOf(error),
      };
    }
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
  const stored = await storeOutput(
    store,
    { runId, path },
    { scratch, layout: limits, totalBytes, ringStart },
  );
  await scratch.remove();
  return stored.file === null ? null : { ...stored, totalBytes, writeError: null };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// The scratch file: the number of bytes written so far and the start of what the ring holds (8 bytes each), the head, the ring.
type RingLayout = OutputLimits;
const HEADER_BYTES = 16;

function encodeHeader(totalBytes: number, ringStart: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64BE(BigInt(totalBytes), 0);
  header.writeBigUInt64BE(BigInt(ringStart), 8);
  return header;
}

/** Where in the scratch file the bytes from `start` to `end` of the output lie. */
function* placesOf(
  layout: RingLayout,
  start: number,
  end: number,
): Generator<{ position: number; length: number }> {
  const { headBytes, tailBytes } = layout;
  for (let at = start; at < end; ) {
    const isHead = at < headBytes;
    const inRing = isHead ? 0 : (at - headBytes) % tailBytes;
    const room = isHead ? headBytes - at : tailBytes - inRing;
    const length = Math.min(room, end - at);
    yield { position: HEADER_BYTES + (isHead ? at : headBytes + inRing), length };
    at += length;
  }
}

async function writeLogical(
  scratch: ScratchFile,
  layout: RingLayout,
  start: number,
  data: Uint8Array,
): Promise<void> {
  let done = 0;
  for (const { position, length } of placesOf(layout, start, start + data.byteLength)) {
    await scratch.write(data.subarray(done, done + length), position);
    done += length;
  }
}

async function readLogical(
  scratch: ScratchFile,
  layout: RingLayout,
  start: number,
  end: number,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const { position, length } of placesOf(layout, start, end))
    parts.push(await scratch.read(position, length));
  return Buffer.concat(parts);
}

interface KeptOutput {
  readonly scratch: ScratchFile;
  readonly layout: RingLayout;
  readonly totalBytes: number;
  readonly ringStart: number;
}

const COPY_BYTES = 256 * 1024;

async function storeOutput(
  store: ArtifactStore,
  target: { runId: string; path: string },
  kept: KeptOutput,
): Promise<{ file: StoredArtifact | null; omittedBytes: number }> {
  const { headBytes, tailBytes } = kept.layout;
  const { totalBytes } = kept;
  if (totalBytes === 0) return { file: null, omittedBytes: 0 };
  const writer = await store.createFile(target.runId, target.path);
  const copy = async (start: number, end: number) => {
    for (let at = start; at < end; at += COPY_BYTES) {
      await writer.write(await readLogical(kept.scratch, kept.layout, at, Math.min(end, at + COPY_BYTES)));
    }
  };
  try {
    await copy(0, Math.min(totalBytes, headBytes));
    const oldest = Math.max(kept.ringStart, totalBytes - tailBytes);
    const tailStart = oldest > headBytes ? await startOfCharacter(kept, oldest) : oldest;
    const omittedBytes = totalBytes > headBytes ? tailStart - headBytes : 0;
    if (omittedBytes > 0) await writer.write(omissionLine(omittedBytes));
    await copy(tailStart, totalBytes);
    return { file: await writer.commit(), omittedBytes };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The tail begins with a whole UTF-8 character. */
async function startOfCharacter(kept: KeptOutput, start: number): Promise<number> {
  const first = await readLogical(kept.scratch, kept.layout, start, Math.min(start + 3, kept.totalBytes));
  const whole = first.findIndex((byte) => (byte & 0xc0) !== 0x80);
  return start + (whole === -1 ? 0 : whole);
}

function omissionLine(omittedBytes: number): Buffer {
  const size = formatBytes(omittedBytes);
  return Buffer.from(
    `\n[nightshift: ${omittedBytes} bytes (${size}) are left out here, because the log is capped]\n`,
  );
}
