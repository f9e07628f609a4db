import { formatBytes } from "../platform/bytes.ts";
import { NoRoomError } from "../platform/no-room.ts";
import type { WrittenKind } from "./archive-room.ts";
import type { ArtifactStore, StoredArtifact } from "./artifact-store.ts";
import { readLogical, type RingLayout } from "./output-layout.ts";
import type { OutputLimits } from "./pending-blocks.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** What a scratch file holds of an output. */
export interface KeptOutput {
  readonly scratch: ScratchFile;
  readonly layout: RingLayout;
  readonly totalBytes: number;
  readonly ringStart: number;
  /** Written by the step behind these, and lost because the disk did not take it. */
  readonly lostBytes: number;
}

export interface OutputTarget {
  readonly runId: string;
  readonly path: string;
}

export interface StoredOutput {
  readonly file: StoredArtifact | null;
  readonly omittedBytes: number;
}

const COPY_BYTES = 256 * 1024;
/** Of a log for which there is no room: what a step said first and last. */
const SHORT_LIMITS: OutputLimits = { headBytes: 32 * 1024, tailBytes: 32 * 1024 };

/** Stores the output, or its short form where there is no room for all of it, or nothing; and says why. */
export async function storeWhatFits(
  store: ArtifactStore,
  target: OutputTarget,
  kept: KeptOutput,
): Promise<StoredOutput & { problem: string | null }> {
  try {
    return {
      ...(await storeOutput(store, target, kept, { kind: "evidence", limits: kept.layout })),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof NoRoomError)) throw error;
    const short = { kind: "essential", limits: smaller(SHORT_LIMITS, kept.layout) } as const;
    const stored = await storeOutput(store, target, kept, short).catch((again: unknown) => {
      if (!(again instanceof NoRoomError)) throw again;
      return { file: null, omittedBytes: kept.totalBytes + kept.lostBytes };
    });
    return { ...stored, problem: stored.omittedBytes === 0 ? null : error.message };
  }
}

function smaller(left: OutputLimits, right: OutputLimits): OutputLimits {
  return {
    headBytes: Math.min(left.headBytes, right.headBytes),
    tailBytes: Math.min(left.tailBytes, right.tailBytes),
  };
}

interface Extent {
  readonly kind: WrittenKind;
  /** At most what the layout kept. */
  readonly limits: OutputLimits;
}

async function storeOutput(
  store: ArtifactStore,
  target: OutputTarget,
  kept: KeptOutput,
  { kind, limits }: Extent,
): Promise<StoredOutput> {
  const { headBytes, tailBytes } = limits;
  const { totalBytes, lostBytes } = kept;
  if (totalBytes === 0) return { file: null, omittedBytes: lostBytes };
  const writer = await store.createFile(target.runId, target.path, kind);
  const copy = async (start: number, end: number) => {
    for (let at = start; at < end; at += COPY_BYTES) {
      await writer.write(await readLogical(kept.scratch, kept.layout, at, Math.min(end, at + COPY_BYTES)));
    }
  };
  try {
    await copy(0, Math.min(totalBytes, headBytes));
    const wanted = Math.max(headBytes, totalBytes - tailBytes);
    const oldest = totalBytes > kept.layout.headBytes ? Math.max(kept.ringStart, wanted) : wanted;
    const tailStart = oldest > headBytes ? await startOfCharacter(kept, oldest) : oldest;
    const omittedBytes = totalBytes > headBytes ? tailStart - headBytes : 0;
    if (omittedBytes > 0)
      await writer.write(omissionLine(omittedBytes, kind === "essential" ? NO_ROOM : CAPPED));
    await copy(tailStart, totalBytes);
    if (lostBytes > 0) await writer.write(lossLine(lostBytes));
    return { file: await writer.commit(), omittedBytes: omittedBytes + lostBytes };
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

const CAPPED = "the log is capped";
const NO_ROOM = "there was no room for all of it";

/** What stands in a log where nothing is kept. */
export function omissionLine(omittedBytes: number, because: string = CAPPED): Buffer {
  const size = formatBytes(omittedBytes);
  return Buffer.from(
    `\n[nightshift: ${omittedBytes} bytes (${size}) are left out here, because ${because}]\n`,
  );
}

function lossLine(lostBytes: number): Buffer {
  return Buffer.from(
    `\n[nightshift: ${lostBytes} bytes (${formatBytes(lostBytes)}) that followed could not be written]\n`,
  );
}
