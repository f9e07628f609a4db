import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isId } from "../platform/ids.ts";
import { type ArchiveRoom, ENDLESS_ROOM, type WrittenKind } from "./archive-room.ts";
import { FileAside, makeFolder } from "./file-aside.ts";
import { scanFile } from "./scan-file.ts";
import { isSafePath, safePath } from "./safe-path.ts";
import { DiskScratch, removeScratches, type ScratchFile } from "./scratch-file.ts";

/**
 * The files of runs. A backend keeps these promises:
 * - a committed file is durable (a power cut does not lose it), complete, and never changes;
 * - a file that was not committed is never seen by `read`, `stat` or `list`;
 * - a committed file never replaces another one;
 * - calls for different files may run at the same time, in any number.
 * Nothing outside may assume a path on a disk: files are reached through this interface alone.
 */
export interface ArtifactStore {
  /**
   * Begins a file. `path` may be any text (a name that a remote machine chose): it is stored under `safePath(path)`, and
   * when that name is taken, with `~2`, `~3`, … before its extension. What counts is the path that `commit` gives back. Where
   * there is no room for the file, this or a call of the writer throws NoRoomError.
   */
  createFile(runId: string, path: string, kind?: WrittenKind): Promise<ArtifactWriter>;
  /** Bytes of a committed file, `end` exclusive. Throws {@link ArtifactError} `not-found` before the first byte. */
  read(runId: string, path: string, range?: ByteRange): Promise<Readable>;
  /**
   * The same, for whoever goes through a large file once: each chunk is valid only until the next one is asked for, so that no memory is
   * needed for any of them.
   */
  scan(runId: string, path: string, range: ByteRange): AsyncIterable<Uint8Array>;
  /** Null when there is no such committed file. */
  stat(runId: string, path: string): Promise<ArtifactInfo | null>;
  /** The committed files of a run, ordered by path; empty for an unknown run. */
  list(runId: string): Promise<ArtifactInfo[]>;
  /** Removes every file of a run, and what was begun for it. May be repeated; an unknown run is no error. */
  remove(runId: string): Promise<void>;
  /**
   * A file of this node that is written in any order and read while it grows: the log of a running step. Not durable
   * against a power cut, seen by no other call of this interface, still there after this process was killed.
   */
  scratch(runId: string, path: string): ScratchFile;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ArtifactInfo {
  readonly path: string;
  readonly bytes: number;
}

export interface StoredArtifact extends ArtifactInfo {
  readonly sha256: string;
}

export interface ArtifactWriter {
  /** In order, one call awaited before the next. After a failure only `discard` may be called. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when the file is durable under the path given back. Once. */
  commit(): Promise<StoredArtifact>;
  /** Leaves no trace. May be repeated. Does nothing after `commit`. */
  discard(): Promise<void>;
}

export class ArtifactError extends Error {
  override readonly name = "ArtifactError";
  readonly code: "not-found" | "invalid-path" | "invalid-run";

  constructor(code: ArtifactError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Opens the store below a folder: `runs/<run id>/…` for committed files, `aside/` for files being written, `live/` for logs
 * of running steps. One process at a time may have it open. Removes what an earlier process left in `aside/`.
 */
export async function openArtifactStore(
  folder: string,
  room: ArchiveRoom = ENDLESS_ROOM,
): Promise<ArtifactStore> {
  const aside = join(folder, "aside");
  await rm(aside, { recursive: true, force: true });
  const live = join(folder, "live");
  for (const each of [aside, live, join(folder, "runs")]) await makeFolder(each);
  const runFolder = (runId: string) => join(folder, "runs", checkedRunId(runId));
  const taken = new Set<string>();

  return {
    async createFile(runId, path, kind = "evidence") {
      const place = { folder: runFolder(runId), path: safePath(path) };
      return createWriter(await FileAside.create(aside, { room, kind }), place, taken);
    },
    ...openArtifactReader(folder),
    list: async (runId) => listFiles(runFolder(runId)),
    async remove(runId) {
      await rm(runFolder(runId), { recursive: true, force: true });
      await removeScratches(live, runId);
    },
    scratch: (runId, path) => new DiskScratch(live, checkedRunId(runId), path, room),
  };
}

/** What of a store reads one file. Any number may be open, also in other threads, while one store writes. */
export type ArtifactReader = Pick<ArtifactStore, "read" | "stat" | "scan">;

export function openArtifactReader(folder: string): ArtifactReader {
  const runs = join(folder, "runs");
  // A checked path needs no normalising, which is half the work where there are many files.
  const locate = (runId: string, path: string) => `${runs}/${checkedRunId(runId)}/${checkedPath(path)}`;
  return {
    async read(runId, path, range) {
      const file = locate(runId, path);
      const bytes = await fileSize(file);
      if (bytes === null) throw notFound(runId, path);
      const { start, end } = range ?? { start: 0, end: bytes };
      if (end <= start) return Readable.from([]);
      // A buffer of this size is made for each read, also for the one that finds the end.
      const highWaterMark = Math.min(READ_BYTES, end - start);
      return createReadStream(file, { highWaterMark, start, end: end - 1 });
    },
    async *scan(runId, path, range) {
      const file = locate(runId, path);
      if ((await fileSize(file)) === null) throw notFound(runId, path);
      yield* scanFile(file, range);
    },
    async stat(runId, path) {
      const bytes = await fileSize(locate(runId, path));
      return bytes === null ? null : { path, bytes };
    },
  };
}

/** Large enough that compression and hashing are not held up by reading. */
const READ_BYTES = 64 * 1024;

interface Place {
  /** The run's folder. */
  readonly folder: string;
  /** The wanted path below it. */
  readonly path: string;
}

function createWriter(file: FileAside, place: Place, taken: Set<string>): ArtifactWriter {
  let isCommitted = false;
  return {
    write: (chunk) => file.write(chunk),
    async commit() {
      const facts = await file.seal();
      const path = await reservePath(place, taken);
      const target = join(place.folder, path);
      try {
        await file.moveTo(target);
      } finally {
        taken.delete(target);
      }
      isCommitted = true;
      return { path, ...facts };
    },
    async discard() {
      if (!isCommitted) await file.discard();
    },
  };
}

/**
 * The wanted path, with `~2`, `~3`, … in a name that is taken: the file's own by anything, a folder's by a file (what was
 * a file may have become a folder since). `taken` holds what other writers are about to use.
 */
async function reservePath(place: Place, taken: Set<string>): Promise<string> {
  const names = place.path.split("/");
  const free: string[] = [];
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    for (let number = 1; ; number += 1) {
      const numbered = number === 1 ? name : numberedName(name, number, isLast);
      const candidate = [...free, numbered].join("/");
      const full = join(place.folder, candidate);
      if (isLast && taken.has(full)) continue;
      if (isLast) taken.add(full);
      const kind = await kindOf(full);
      if (kind === "nothing" || (kind === "folder" && !isLast)) {
        free.push(numbered);
        break;
      }
      if (isLast) taken.delete(full);
    }
  }
  return free.join("/");
}

/** The end of a name by which programs tell what the file is. `.1` of a rotated log, or the `.d` of a folder, is none. */
const EXTENSION = /(?<=.)(?:\.tar)?\.[A-Za-z][A-Za-z0-9]{0,9}$/;

/** `latency~2.svg`: whoever opens the file still sees what it is. */
function numberedName(name: string, number: number, isFile: boolean): string {
  const extension = isFile ? (EXTENSION.exec(name)?.[0] ?? "") : "";
  return `${name.slice(0, name.length - extension.length)}~${number}${extension}`;
}

function checkedRunId(runId: string): string {
  if (!isId(runId)) throw new ArtifactError("invalid-run", `"${runId}" is no run id`);
  return runId;
}

function checkedPath(path: string): string {
  if (!isSafePath(path)) throw new ArtifactError("invalid-path", `"${path}" is no path of a stored file`);
  return path;
}

function notFound(runId: string, path: string): ArtifactError {
  return new ArtifactError("not-found", `run ${runId} has no stored file ${path}`);
}

async function fileSize(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (isMissing(error)) return "nothing";
    throw error;
  }
}

async function listFiles(folder: string): Promise<ArtifactInfo[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const found: ArtifactInfo[] = [];
    for (const file of files) {
      const full = join(file.parentPath, file.name);
      found.push({ path: full.slice(folder.length).replace(/^\//, ""), bytes: (await fileSize(full)) ?? 0 });
    }
    return found.sort((left, right) => (left.path < right.path ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
