import { randomUUID } from "node:crypto";
import type { Host } from "../hosts/host.ts";
import type { CollectEnd, CollectOptions, CollectRequest } from "./collect.ts";
import { listCandidates } from "./collect-listing.ts";
import { READ_SCRIPT } from "./collect-scripts.ts";
import { pathArgument, shownPath } from "./collect-path.ts";
import {
  changeOf,
  CollectStopped,
  type FileFacts,
  isCompressedName,
  ProblemReport,
  selectFiles,
  usableGlobs,
} from "./collect-selection.ts";
import { FrameReader } from "./frame-reader.ts";
import { watchInterruption } from "./interruption.ts";
import { tooBig } from "./collect-selection.ts";
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
  const problems = new ProblemReport(options);
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
    for (const batch of batches(paths)) {
      const bytesMax = Math.min(leftBytes, (await options.bytesLeft?.()) ?? leftBytes);
      leftBytes -= await readBatch(collection, batch, bytesMax);
    }
    return "finished";
  } catch (error) {
    if (stop.signal.aborted && stop.signal.reason instanceof CollectStopped) return stop.signal.reason.end;
    if (!(error instanceof CollectStopped)) throw error;
    // The host keeps the limit as well, and may be the first to notice it.
    const isPastLimit = performance.now() - startedAt >= options.timeoutMs;
    return error.end === "lost" && isPastLimit ? "timed_out" : error.end;
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

/** Reads the files of one batch and resolves with how many bytes were given out. */
async function readBatch(
  collection: Collection,
  paths: readonly string[],
  leftBytes: number,
): Promise<number> {
  const { request } = collection;
  const mark = randomUUID();
  const since = request.changedSinceMs === null ? 0 : Math.floor(request.changedSinceMs / 1000);
  const letterOf = (path: string) => (request.onTooBig === "skip" || isCompressedName(path) ? "s" : "t");
  const values = [
    ...[request.fileBytesMax, Math.max(0, leftBytes), since].map(String),
    ...paths.map((path) => letterOf(path) + pathArgument(path)),
  ];
  let readBytes = 0;
  let last = -1;
  await runScript(collection, { script: READ_SCRIPT, values, mark }, async (queue) => {
    const reader = new FrameReader(queue, mark);
    for (;;) {
      const [kind, index, ...words] = (await reader.line()) ?? [];
      if (kind === "done") return;
      const path = paths[Number(index)];
      // Each file once, in the order asked for: a host that says otherwise does not run our script.
      if (path === undefined || Number(index) <= last) throw new CollectStopped("lost");
      last = Number(index);
      const bytesMax = Math.min(request.fileBytesMax, leftBytes - readBytes);
      if (kind === "file") readBytes += await readFile(collection, reader, { path, bytesMax, words });
      else if (kind === "not") reportRefusal(collection, path, words[0] ?? "", words[1] ?? "");
      else throw new CollectStopped("lost");
    }
  });
  return readBytes;
}

/** A file as the host announces it; `words` are those of its line, after its number. */
interface Announced {
  readonly path: string;
  readonly bytesMax: number;
  readonly words: readonly string[];
}

/** Hands on one file, and tells what happened to it meanwhile. Resolves with how many bytes it had. */
async function readFile(
  collection: Collection,
  reader: FrameReader,
  { path, bytesMax, words }: Announced,
): Promise<number> {
  const [takeBytes = Number.NaN, sizeBytes = Number.NaN, seconds = Number.NaN] = words.map(Number);
  const isPlausible = takeBytes <= Math.max(0, bytesMax) && sizeBytes >= 0 && Number.isFinite(seconds);
  if (!isPlausible) throw new CollectStopped("lost");
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
    path: shownPath(path),
    modifiedAtMs: seconds * 1000,
    sizeBytes,
    isTruncated: takeBytes < sizeBytes,
    content: content(),
  });
  for await (const unread of content()) void unread;
  const before = readFacts(await reader.line(), "was");
  const now = (await reader.line()) ?? [];
  const after = readFacts(now, "now");
  if (before === null) throw new CollectStopped("lost");
  const isShort = readBytes < takeBytes && sizeBytes > 0;
  const seen = after === null ? null : changeOf(path, before, after, now[FACT_WORDS + 1] ?? null);
  const change = seen ?? (isShort ? `${path} became shorter while it was read` : null);
  if (change !== null) collection.problems.add(path, "changed", change);
  return readBytes;
}

/** Device and inode, size, links, date, time, zone. */
const FACT_WORDS = 6;

function readFacts(words: readonly string[] | null, kind: string): FileFacts | null {
  const [said, id = "", size = "", links = "", ...time] = words ?? [];
  if (said !== kind || time.length < FACT_WORDS - 3) return null;
  return {
    id,
    size: Number(size),
    links: Number(links),
    modifiedAt: time.slice(0, FACT_WORDS - 3).join(" "),
  };
}

function reportRefusal(collection: Collection, path: string, reason: string, sizeBytes: string): void {
  const { problems, host, request } = collection;
  switch (reason) {
    case "old":
      return;
    case "big":
      return problems.add(path, "too-big", tooBig(path, host, sizeBytes));
    case "linked":
      return problems.add(
        path,
        "not-permitted",
        `${path} has another hard link, which may lie outside the readable paths`,
      );
    case "unreadable":
      return problems.add(
        path,
        "not-readable",
        `${path} on ${host.name} cannot be opened by ${request.become ?? host.user}`,
      );
    case "other":
      return problems.add(path, "not-a-file", `${path} is no regular file`);
    default:
      return problems.add(path, "changed", `${path} was exchanged or moved while it was opened`);
  }
}
