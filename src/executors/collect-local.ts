import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, opendir, readlink, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "../hosts/host.ts";
import type { CollectEnd, CollectOptions, CollectRequest } from "./collect.ts";
import { decodePath, encodePath, shownPath } from "./collect-path.ts";
import {
  bytesToTake,
  type Candidate,
  changeOf,
  CollectStopped,
  type FileFacts,
  isCompressedName,
  ProblemReport,
  selectFiles,
  tooBig,
  usableGlobs,
} from "./collect-selection.ts";
import type { Glob } from "./globs.ts";
import { watchInterruption } from "./interruption.ts";

const READ_BYTES = 256 * 1024;
/** What one glob may look at: a `**` at the root of a disk must end some day. */
const ENTRIES_MAX = 200_000;

/** Gathers files of this machine; see {@link Collector}. */
export async function collectLocal(
  readable: readonly string[],
  host: Host,
  request: CollectRequest,
  options: CollectOptions,
): Promise<CollectEnd> {
  const problems = new ProblemReport(options);
  const stop = new AbortController();
  const interruption = watchInterruption(options.timeoutMs, options.signal);
  void interruption.happened.then((end) => stop.abort(new CollectStopped(end)));
  try {
    const globs = usableGlobs(request, problems);
    const candidates: Candidate[] = [];
    for (const [globIndex, glob] of globs.entries())
      candidates.push(...(await findLocal(glob, globIndex, problems, stop.signal)));
    let leftBytes = request.totalBytesMax;
    for (const path of selectFiles(globs, candidates, readable, request, problems)) {
      stop.signal.throwIfAborted();
      const bytesMax = Math.min(leftBytes, (await options.bytesLeft?.()) ?? leftBytes);
      leftBytes -= await gather(path, { bytesMax, host, request, options, problems, signal: stop.signal });
    }
    return "finished";
  } catch (error) {
    if (stop.signal.aborted && stop.signal.reason instanceof CollectStopped) return stop.signal.reason.end;
    throw error;
  } finally {
    interruption.dispose();
    problems.finish();
  }
}

/** Walks from the glob's base to its depth. `**` does not follow links to folders: it would walk in circles. */
async function findLocal(
  glob: Glob,
  globIndex: number,
  problems: ProblemReport,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  let seen = 0;
  const add = async (path: string, isLiteral: boolean) => {
    const bytes = encodePath(path);
    const facts = await stat(bytes).catch(() => null);
    if (facts?.isDirectory() === true && !isLiteral) return;
    const kind = facts === null ? "missing" : facts.isFile() ? "file" : "other";
    const resolved = await realpath(bytes, { encoding: "buffer" }).then(decodePath, () => path);
    found.push({ globIndex, kind, path, resolved });
  };
  const walk = async (folder: string, depth: number): Promise<void> => {
    const entries = await opendir(encodePath(folder), { encoding: BYTES }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT" && error.code !== "ENOTDIR")
          problems.add(folder, "not-readable", `${folder} cannot be listed: ${error.code ?? "failed"}`);
        return null;
      },
    );
    for await (const entry of entries ?? []) {
      signal.throwIfAborted();
      seen += 1;
      if (seen > ENTRIES_MAX) return;
      const path = join(folder, nameOf(entry));
      const isLast = glob.depth === depth;
      if ((glob.depth === null || isLast) && glob.matches(path)) await add(path, false);
      const mayHoldMore = glob.depth === null ? entry.isDirectory() : !isLast && !entry.isFile();
      if (mayHoldMore) await walk(path, depth + 1);
    }
  };
  if (glob.depth === 0) {
    if ((await lstat(encodePath(glob.base)).catch(() => null)) !== null) await add(glob.base, true);
  } else {
    await walk(glob.base, 1);
    if (seen > ENTRIES_MAX)
      problems.add(
        glob.source,
        "too-many",
        `more than ${ENTRIES_MAX} entries were looked at: the rest is left out`,
      );
  }
  return found;
}

/** As `readdir` takes it; `opendir` does as well, which its types do not say. */
const BYTES = "buffer" as BufferEncoding;

/** The bytes of a name, as a path has them. */
function nameOf(entry: { readonly name: unknown }): string {
  return entry.name instanceof Uint8Array ? decodePath(entry.name) : String(entry.name);
}

interface Gathering {
  /** What all files together may still have. */
  readonly bytesMax: number;
  readonly host: Host;
  readonly request: CollectRequest;
  readonly options: CollectOptions;
  readonly problems: ProblemReport;
  readonly signal: AbortSignal;
}

function factsOf(facts: Stats): FileFacts {
  const { dev, ino, size, nlink, mtimeMs } = facts;
  return { id: `${dev}:${ino}`, size, links: nlink, modifiedAt: String(mtimeMs) };
}

/** Reads one file and resolves with how many bytes were given out. */
async function gather(
  path: string,
  { bytesMax, host, request, options, problems, signal }: Gathering,
): Promise<number> {
  const handle = await openSafely(path, problems);
  if (handle === null) return 0;
  try {
    const facts = await handle.stat();
    if (request.changedSinceMs !== null && facts.mtimeMs < request.changedSinceMs) return 0;
    const onTooBig = isCompressedName(path) ? "skip" : request.onTooBig;
    const takeBytes = bytesToTake(facts.size, bytesMax, request.fileBytesMax, onTooBig);
    if (takeBytes === null) {
      problems.add(path, "too-big", tooBig(path, host, facts.size));
      return 0;
    }
    const content = new FileContent(handle, Math.max(0, facts.size - takeBytes), takeBytes, signal);
    const file = {
      path: shownPath(path),
      modifiedAtMs: facts.mtimeMs,
      sizeBytes: facts.size,
      isTruncated: takeBytes < facts.size,
      content,
    };
    await options.onFile(file).catch((error: unknown) => {
      if (error !== content.failure) throw error;
      problems.add(path, "failed", `${path} could be read only in part: ${String(error)}`);
    });
    const named = await stat(encodePath(path)).catch(() => null);
    const namedId = named === null ? null : factsOf(named).id;
    const change = changeOf(path, factsOf(facts), factsOf(await handle.stat()), namedId);
    if (change !== null) problems.add(path, "changed", change);
    return content.bytes;
  } finally {
    await handle.close();
  }
}

/** The bytes of an open file from a position on, read as they are asked for. */
class FileContent implements AsyncIterable<Uint8Array> {
  readonly #handle: FileHandle;
  readonly #start: number;
  readonly #max: number;
  readonly #signal: AbortSignal;
  bytes = 0;
  /** What the file system said when it refused to read on: it ends this file, not the collection. */
  failure: unknown = null;

  constructor(handle: FileHandle, start: number, max: number, signal: AbortSignal) {
    this.#handle = handle;
    this.#start = start;
    this.#max = max;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.bytes < this.#max) {
      this.#signal.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#max - this.bytes));
      const bytesRead = await this.#read(buffer);
      if (bytesRead === 0) return;
      this.bytes += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #read(buffer: Buffer): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#start + this.bytes);
      return bytesRead;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

/**
 * Opens the very file that was judged. A link put in its place is not followed, a FIFO does not block, and the path of what
 * was opened is asked of the kernel, so that a folder swapped for a link on the way is noticed too.
 */
async function openSafely(path: string, problems: ProblemReport): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await open(
      encodePath(path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "failed";
    if (code === "ENOENT" || code === "ELOOP")
      problems.add(path, "changed", `${path} was there, then was not: ${code}`);
    else problems.add(path, "not-readable", `${path} cannot be opened: ${code}`);
    return null;
  }
  const refusal = await refusalOf(handle, path).catch((error: unknown) => ({
    code: "failed" as const,
    message: `${path} cannot be examined: ${String(error)}`,
  }));
  if (refusal === null) return handle;
  await handle.close();
  problems.add(path, refusal.code, refusal.message);
  return null;
}

async function refusalOf(handle: FileHandle, path: string) {
  const facts = await handle.stat();
  if (!facts.isFile()) return { code: "not-a-file" as const, message: `${path} is no regular file` };
  if (facts.nlink > 1)
    return {
      code: "not-permitted" as const,
      message: `${path} has another hard link, which may lie outside the readable paths`,
    };
  const opened =
    process.platform === "linux"
      ? decodePath(await readlink(`/proc/self/fd/${handle.fd}`, { encoding: "buffer" }))
      : await realpath(path);
  if (opened === path) return null;
  return { code: "changed" as const, message: `${path} was exchanged or moved while it was opened` };
}
