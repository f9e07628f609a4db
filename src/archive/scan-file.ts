import { type FileHandle, open } from "node:fs/promises";

/**
 * Each turn of the event loop takes below a millisecond for it; with 64 KiB most of the time of a busy machine goes into waiting for
 * the next turn.
 */
const CHUNK_BYTES = 512 * 1024;

/**
 * A part of a file in chunks, each valid until the next one is asked for. Two buffers take turns: one is filled while the other is looked
 * at. A new buffer for each chunk would make V8 collect its whole heap again and again: 1 GB took 0.5 s with a small heap, and 3 s
 * with one of 200 MiB.
 */
export async function* scanFile(
  file: string,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  const handle = await open(file, "r");
  const bytes = Math.max(1, Math.min(CHUNK_BYTES, end - start));
  const buffers = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  let reading: Promise<Buffer> | null = null;
  try {
    for (let [at, turn] = [start, 0]; at < end; turn += 1) {
      const chunk: Buffer = await (reading ?? fill(handle, buffers[turn % 2], at, end));
      if (chunk.byteLength === 0) return;
      at += chunk.byteLength;
      reading = at < end ? fill(handle, buffers[(turn + 1) % 2], at, end) : null;
      yield chunk;
    }
  } finally {
    await reading?.catch(() => {});
    await handle.close();
  }
}

async function fill(
  handle: FileHandle,
  buffer: Buffer | undefined,
  start: number,
  end: number,
): Promise<Buffer> {
  if (buffer === undefined) return Buffer.alloc(0);
  const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.byteLength, end - start), start);
  return buffer.subarray(0, bytesRead);
}
