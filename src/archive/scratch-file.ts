import { constants } from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../platform/digest.ts";
import type { ArchiveRoom } from "./archive-room.ts";
import { explained, writeAll } from "./file-aside.ts";

/** A file that is written in any order and read while it grows. Survives the process, not a power cut. */
export interface ScratchFile {
  write(chunk: Uint8Array, position: number): Promise<void>;
  /** Up to `length` bytes from there; empty when there are none. */
  read(position: number, length: number): Promise<Buffer>;
  /** 0 when nothing was ever written. */
  size(): Promise<number>;
  /** Closes it and leaves it for the next process. May be repeated. */
  close(): Promise<void>;
  /** Closes and removes it. May be repeated. */
  remove(): Promise<void>;
}

/** Of each log that grows while the disk is full: more would use up what is left for the database. */
const FULL_BYTES_MAX = 128 * 1024;

export class DiskScratch implements ScratchFile {
  readonly #path: string;
  readonly #room: ArchiveRoom;
  #handle: Promise<FileHandle> | null = null;

  constructor(folder: string, runId: string, path: string, room: ArchiveRoom) {
    this.#path = join(folder, `${runId}.${sha256(path)}`);
    this.#room = room;
  }

  /** Its few MiB are not counted against the archive's size. Throws NoRoomError on a full disk. */
  async write(chunk: Uint8Array, position: number): Promise<void> {
    if (this.#room.isDiskFull && position + chunk.byteLength > FULL_BYTES_MAX)
      this.#room.take(chunk.byteLength, "evidence");
    await explained(this.#room, async () => {
      this.#handle ??= open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      await writeAll(await this.#handle, chunk, position);
    });
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (this.#handle === null && (await this.size()) === 0) return Buffer.alloc(0);
    this.#handle ??= open(this.#path, constants.O_RDWR);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await (await this.#handle).read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  async size(): Promise<number> {
    const found = await stat(this.#path).catch(() => null);
    return found?.size ?? 0;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (handle !== null) await (await handle.catch(() => null))?.close();
  }

  async remove(): Promise<void> {
    const wasOpened = this.#handle !== null;
    await this.close();
    if (wasOpened || (await this.size()) > 0) await rm(this.#path, { force: true });
  }
}

export async function removeScratches(folder: string, runId: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => each.startsWith(`${runId}.`)))
    await rm(join(folder, name), { force: true });
}
