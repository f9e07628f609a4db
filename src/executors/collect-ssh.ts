import { randomUUID } from "node:crypto";
import type { Host } from "../hosts/host.ts";
import type { CollectEnd, CollectOptions, CollectRequest } from "./collect.ts";
import { listCandidates } from "./collect-listing.ts";
import { READ_SCRIPT } from "./collect-scripts.ts";
import { CollectStopped, ProblemReport, selectFiles, usableGlobs } from "./collect-selection.ts";
import { FrameReader } from "./frame-reader.ts";
import { watchInterruption } from "./interruption.ts";
import { type Collection, type OpenHostJob, runScript } from "./remote-script.ts";

/** Paths given to one reading script: far below what one process may be given as arguments. */
const BATCH_FILES = 200;
const BATCH_BYTES = 256 * 1024;

/**
 * Gathers files of a host over SSH: one session lists what the globs match, the list is judged here, and further sessions
 * stream the files chosen. See {@link Collector}.
 */
export async function collectSsh(
  open: OpenHostJob,
  readable: readonly string[],
  host: Host,
  request: CollectRequest,
  options: CollectOptions,
): Promise<CollectEnd> {
  const startedAt = performance.now();
  const problems = new ProblemReport(options.onProblem);
  const stop = new AbortController();
  const interruption = watchInterruption(options.timeoutMs, options.signal);
  void interruption.happened.then((end) => stop.abort(new CollectStopped(end)));
  const leftMs = () => Math.max(1, options.timeoutMs - (performance.now() - startedAt));
  const collection = { open, host, request, options, problems, signal: stop.signal, leftMs };
  try {
    const globs = usableGlobs(request, problems);
    const candidates = globs.length === 0 ? [] : await listCandidates(collection, globs);
    const paths = selectFiles(globs, candidates, readable, request, problems);
    let leftBytes = request.totalBytesMax;
    for (const batch of batches(paths)) leftBytes -= await readBatch(collection, batch, leftBytes);
    return "finished";
  } catch (error) {
    if (error instanceof CollectStopped) return error.end;
    if (stop.signal.aborted && stop.signal.reason instanceof CollectStopped) return stop.signal.reason.end;
    throw error;
  } finally {
    interruption.dispose();
    problems.finish();
  }
}

function* batches(paths: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const pathBytes = Buffer.byteLength(path);
    if (batch.length === BATCH_FILES || (batch.length > 0 && bytes + pathBytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(path);
    bytes += pathBytes;
  }
  if (batch.length > 0) yield batch;
}

interface ReadFacts {
  readonly path: string;
  readonly size: string;
  readonly modifiedAt: string;
}

/** Reads the files of one batch and resolves with how many bytes were given out. */
async function readBatch(
  collection: Collection,
  paths: readonly string[],
  leftBytes: number,
): Promise<number> {
  const { request, problems } = collection;
  const mark = randomUUID();
  const since = request.changedSinceMs === null ? 0 : Math.floor(request.changedSinceMs / 1000);
  const values = [request.fileBytesMax, leftBytes, request.onTooBig, since, ...paths].map(String);
  let readBytes = 0;
  await runScript(collection, { script: READ_SCRIPT, values, mark }, async (queue) => {
    const reader = new FrameReader(queue, mark);
    const read = new Map<string, ReadFacts>();
    for (;;) {
      const [kind, ...words] = (await reader.line()) ?? [];
      if (kind === "done") return;
      const path = paths[Number(words[0])];
      if (kind === "file" && path !== undefined) {
        const [, take = "0", size = "0", modifiedAt = "0", id = ""] = words;
        const facts = { path, size, modifiedAt };
        const bytes = await readFile(collection, reader, facts, Number(take));
        readBytes += bytes;
        if (bytes < Number(take) && size !== "0")
          problems.add(path, "changed", `${path} became shorter while it was read`);
        else read.set(id, facts);
      } else if (kind === "not" && path !== undefined) {
        reportRefusal(collection, path, words[1] ?? "", words[2] ?? "");
      } else if (kind === "now") {
        const [id = "", size, modifiedAt] = words;
        const before = read.get(id);
        if (before !== undefined && (before.size !== size || before.modifiedAt !== modifiedAt))
          problems.add(before.path, "changed", `${before.path} changed while it was read`);
      } else {
        throw new CollectStopped("lost");
      }
    }
  });
  return readBytes;
}

async function readFile(
  collection: Collection,
  reader: FrameReader,
  file: ReadFacts,
  takeBytes: number,
): Promise<number> {
  const sizeBytes = Number(file.size);
  let readBytes = 0;
  let isAtMark = false;
  const content = async function* (): AsyncGenerator<Uint8Array> {
    while (!isAtMark) {
      const bytes = await reader.bytes();
      if (bytes === "mark") {
        isAtMark = true;
        return;
      }
      readBytes += bytes?.length ?? 0;
      // The script never sends more than it announced; one that does is not ours.
      if (bytes === null || readBytes > takeBytes) throw new CollectStopped("lost");
      yield bytes;
    }
  };
  await collection.options.onFile({
    path: file.path,
    modifiedAtMs: Number(file.modifiedAt) * 1000,
    sizeBytes,
    isTruncated: takeBytes < sizeBytes,
    content: content(),
  });
  for await (const unread of content()) void unread;
  return readBytes;
}

function reportRefusal(collection: Collection, path: string, reason: string, sizeBytes: string): void {
  const { problems, host } = collection;
  switch (reason) {
    case "old":
      return;
    case "big":
      return problems.add(
        path,
        "too-big",
        `${path} on ${host.name} has ${sizeBytes} bytes, more than is left to gather`,
      );
    case "linked":
      return problems.add(
        path,
        "not-permitted",
        `${path} has another hard link, which may lie outside the readable paths`,
      );
    case "unreadable":
      return problems.add(path, "not-readable", `${path} on ${host.name} cannot be opened by ${host.user}`);
    case "other":
      return problems.add(path, "not-a-file", `${path} is no regular file`);
    default:
      return problems.add(path, "changed", `${path} was exchanged or moved while it was opened`);
  }
}
