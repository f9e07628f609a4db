import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What was gathered may be secret: for the service's own user only. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SMALL_BYTES = 32 * 1024;

/** A file that is written where nobody looks, and appears under its name complete and durable, or not at all. */
export class FileAside {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  /** Small chunks wait here and are written together. */
  #small: Buffer[] = [];
  #smallBytes = 0;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  static async create(folder: string): Promise<FileAside> {
    const path = join(folder, randomUUID());
    return new FileAside(await open(path, "wx", FILE_MODE), path);
  }

  /** Where it is until {@link moveTo}. */
  get path(): string {
    return this.#path;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
    if (chunk.byteLength < SMALL_BYTES) {
      this.#small.push(Buffer.from(chunk));
      this.#smallBytes += chunk.byteLength;
      if (this.#smallBytes >= SMALL_BYTES) await this.#flush();
      return;
    }
    await this.#flush();
    await writeAll(this.#handle, chunk, null);
  }

  /** Makes the content durable and closes the file. Then {@link moveTo} or {@link discard} must follow. */
  async seal(): Promise<{ bytes: number; sha256: string }> {
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** Gives the sealed file its name, durably. A file of that name is replaced. */
  async moveTo(target: string): Promise<void> {
    await moveDurably(this.#path, target);
  }

  /** Leaves no trace. May be repeated, and called after a failure. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#smallBytes === 0) return;
    const joined = Buffer.concat(this.#small, this.#smallBytes);
    this.#small = [];
    this.#smallBytes = 0;
    await writeAll(this.#handle, joined, null);
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
export async function fillAside(folder: string, chunks: AsyncIterable<Uint8Array>): Promise<FilledAside> {
  const file = await FileAside.create(folder);
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
