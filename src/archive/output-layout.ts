import type { OutputLimits } from "./pending-blocks.ts";
import type { ScratchFile } from "./scratch-file.ts";

// The scratch file: the number of bytes written so far and the start of what the ring holds (8 bytes each), the head, the ring.
export type RingLayout = OutputLimits;
export const HEADER_BYTES = 16;

export function encodeHeader(totalBytes: number, ringStart: number): Buffer {
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

export async function writeLogical(
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

export async function readLogical(
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
