import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ArchiveRoom, ENDLESS_ROOM, type WrittenKind } from "./archive-room.ts";

/** What was gathered may be secret: for the service's own user only. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SMALL_BYTES = 32 * 1024;

/** Where a file aside takes its room from. */
export interface RoomShare {
  readonly room: ArchiveRoom;
  readonly kind: WrittenKind;
}

const ENDLESS: RoomShare = { room: ENDLESS_ROOM, kind: "essential" };

/**
 * A file that is written where nobody looks, and appears under its name complete and durable, or not at all. Every call
 * throws NoRoomError when there is no room for what it writes; then only {@link discard} may follow.
 */
export class FileAside {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #share: RoomShare;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  /** Small chunks wait here and are written together. */
  #small: Buffer[] = [];
  #smallBytes = 0;
  #takenBytes = 0;

  private constructor(handle: FileHandle, path: string, share: RoomShare) {
    this.#handle = handle;
    this.#path = path;
    this.#share = share;
  }

  static async create(folder: string, share: RoomShare = ENDLESS): Promise<FileAside> {
    const path = join(folder, randomUUID());
    share.room.take(0, share.kind);
    const handle = await explained(share.room, () => open(path, "wx", FILE_MODE));
    return new FileAside(handle, path, share);
  }

  /** Where it is until {@link moveTo}. */
  get path(): string {
    return this.#path;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#share.room.take(chunk.byteLength, this.#share.kind);
    this.#takenBytes += chunk.byteLength;
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
    if (chunk.byteLength < SMALL_BYTES) {
      this.#small.push(Buffer.from(chunk));
      this.#smallBytes += chunk.byteLength;
      if (this.#smallBytes >= SMALL_BYTES) await this.#flush();
      return;
    }
    await this.#flush();
    await this.#write(chunk);
  }

  /** Makes the content durable and closes the file. Then {@link moveTo} or {@link discard} must follow. */
  async seal(): Promise<{ bytes: number; sha256: string }> {
    await this.#flush();
    // Some file systems find room for what was written only now.
    await explained(this.#share.room, () => this.#handle.sync());
    await explained(this.#share.room, () => this.#handle.close());
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** Gives the sealed file its name, durably. A file of that name is replaced. */
  async moveTo(target: string): Promise<void> {
    await explained(this.#share.room, () => moveDurably(this.#path, target));
    this.#share.room.keep(this.#takenBytes);
    this.#takenBytes = 0;
  }

  /** Leaves no trace. May be repeated, and called after a failure. */
  async discard(): Promise<void> {
    // Whether what is thrown away could be written is of no interest any more.
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true });
    this.#share.room.give(this.#takenBytes);
    this.#takenBytes = 0;
  }

  async #flush(): Promise<void> {
    if (this.#smallBytes === 0) return;
    const joined = Buffer.concat(this.#small, this.#smallBytes);
    this.#small = [];
    this.#smallBytes = 0;
    await this.#write(joined);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    await explained(this.#share.room, () => writeAll(this.#handle, chunk, null));
  }
}

/** Does what writes to the disk; a full disk becomes a NoRoomError. */
export async function explained<Result>(room: ArchiveRoom, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw room.explain(error);
  }
}

/** Gives a durable file its name, durably. A file of that name is replaced. */
export async function moveDurably(path: string, target: string): Promise<void> {
  const folder = dirname(target);
  const parents = await makeParents(folder);
  await rename(path, target);
  await syncFolders([folder, ...parents]);
}

/** A durable file that has no name of its own yet. */
export interface FilledAside {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Writes the chunks to a file aside, and leaves it there; nothing when they fail. */
export async function fillAside(
  folder: string,
  chunks: AsyncIterable<Uint8Array>,
  share: RoomShare = ENDLESS,
): Promise<FilledAside> {
  const file = await FileAside.create(folder, share);
  try {
    for await (const chunk of chunks) await file.write(chunk);
    return { path: file.path, ...(await file.seal()) };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Writes the whole chunk: one `write` of the system may take only a part of it. */
export async function writeAll(
  handle: FileHandle,
  chunk: Uint8Array,
  position: number | null,
): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    const at = position === null ? null : position + written;
    const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, at);
    written += bytesWritten;
  }
}

/** Makes the folder and its parents, each durable in its own parent. */
export async function makeFolder(folder: string): Promise<void> {
  await syncFolders(await makeParents(folder));
}

/** Makes the folder and its parents; gives the folders that must be synced for the new ones to be durable. */
async function makeParents(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const changed: string[] = [];
  if (first === undefined) return changed;
  for (let made = folder; made.length >= first.length; made = dirname(made)) changed.push(dirname(made));
  return changed;
}

/** Together, because one commit of the file system's journal then serves them all. */
async function syncFolders(folders: readonly string[]): Promise<void> {
  await Promise.all(folders.map(syncFolder));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
