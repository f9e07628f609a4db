import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** How a file is compressed, as its first bytes say. */
export type Compression = "gzip" | "zstd" | "xz" | "bzip2" | "lz4" | "zip" | "7z";

/** Null stands for any byte. */
const MAGIC: readonly (readonly [Compression, readonly (number | null)[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68, null, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
];
const MAGIC_BYTES_MAX = 10;

export function compressionOf(first: Uint8Array): Compression | null {
  const found = MAGIC.find(([, bytes]) => bytes.every((byte, at) => byte === null || first[at] === byte));
  return found?.[0] ?? null;
}

/** Those that can be read here, without a program of their own. */
export function canUnpack(compression: Compression): compression is "gzip" | "zstd" {
  return compression === "gzip" || compression === "zstd";
}

/** `/var/log/app.log.1.gz` becomes `/var/log/app.log.1`. A name that does not say that it is compressed stays. */
export function unpackedPath(path: string): string {
  return path.replace(/\.tgz$/i, ".tar").replace(/(?<=[^/])\.(gz|zst|zstd)$/i, "");
}

/** Content whose beginning has been looked at. */
export interface Begun {
  readonly first: Uint8Array;
  /** All of it, with the beginning. May be read once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Reads as much as tells how a file is compressed. */
export async function begin(content: AsyncIterable<Uint8Array>): Promise<Begun> {
  const chunks = content[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  let isOver = false;
  while (!isOver && first.byteLength < MAGIC_BYTES_MAX) {
    const next = await chunks.next();
    isOver = next.done === true;
    if (next.done !== true) first = Buffer.concat([first, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.byteLength > 0) yield first;
    while (!isOver) {
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { first, content: all() };
}

/** Compressed content as it is unpacked. What became of it is known when it has been read to its end. */
export interface Unpacking {
  readonly content: AsyncIterable<Uint8Array>;
  /** There was more than the limit. */
  readonly isCut: boolean;
  /** Why it could not be unpacked to its end; null when it could. */
  readonly damage: string | null;
}

/** Unpacks at most so many bytes, and then stops: a small file may unpack to any size. A failure of the source is thrown. */
export function unpack(
  compression: "gzip" | "zstd",
  packed: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Unpacking {
  const state = { isCut: false, damage: null as string | null };
  async function* unpacked(): AsyncGenerator<Uint8Array> {
    let sourceFailure: { readonly error: unknown } | null = null;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        yield* packed;
      } catch (error) {
        sourceFailure = { error };
        throw error;
      }
    }
    const decoder = compression === "gzip" ? createGunzip() : createZstdDecompress();
    const piping = pipeline(Readable.from(watched(), { objectMode: true }), decoder).catch(() => undefined);
    let bytes = 0;
    try {
      for await (const chunk of decoder as AsyncIterable<Buffer>) {
        const room = bytesMax - bytes;
        if (chunk.byteLength > room) {
          state.isCut = true;
          if (room > 0) yield chunk.subarray(0, room);
          break;
        }
        bytes += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      if (sourceFailure === null) state.damage = error instanceof Error ? error.message : String(error);
    } finally {
      decoder.destroy();
      await piping;
    }
    throwFailure(sourceFailure);
  }
  return {
    content: unpacked(),
    get isCut() {
      return state.isCut;
    },
    get damage() {
      return state.damage;
    },
  };
}

function throwFailure(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}
