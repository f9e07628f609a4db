import type { CollectOptions, CollectProblem, CollectRequest } from "./collect.ts";
import { shownPath } from "./collect-path.ts";
import { compileGlob, compileReadable, type Glob, globProblem, isReadable } from "./globs.ts";

/** Something that a glob of the request found. */
export interface Candidate {
  /** Of the request's usable globs. */
  readonly globIndex: number;
  readonly kind: "file" | "other" | "missing";
  readonly path: string;
  /** The path with links resolved. */
  readonly resolved: string;
}

/** How many problems of one kind are told one by one. */
const PROBLEMS_MAX = 100;

/** Tells the first of each kind of problem, and at the end how many more there were. */
export class ProblemReport {
  readonly #options: Pick<CollectOptions, "onProblem" | "onChanged">;
  readonly #counts = new Map<CollectProblem["code"], number>();

  constructor(options: Pick<CollectOptions, "onProblem" | "onChanged">) {
    this.#options = options;
  }

  add(path: string, code: CollectProblem["code"], message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (code === "changed") this.#options.onChanged?.(shownPath(path));
    if (count <= PROBLEMS_MAX)
      this.#options.onProblem({ path: shownPath(path), code, message: shownPath(message) });
  }

  finish(): void {
    for (const [code, count] of this.#counts) {
      if (count > PROBLEMS_MAX)
        this.#options.onProblem({ path: "", code, message: `${count - PROBLEMS_MAX} more paths like these` });
    }
  }
}

/** The globs of the request that can be used; the others become problems. */
export function usableGlobs(request: CollectRequest, problems: ProblemReport): readonly Glob[] {
  return request.paths.flatMap((source) => {
    const problem = globProblem(source);
    if (problem === null) return [compileGlob(source)];
    problems.add(source, "failed", problem);
    return [];
  });
}

/**
 * The files to read, links resolved, each once and in the order of their paths. What `find` or a walk gave is judged
 * again here: it must match the glob that asked for it, and lie in what the host's entry, and the request, make readable.
 */
export function selectFiles(
  globs: readonly Glob[],
  candidates: readonly Candidate[],
  readable: readonly string[],
  request: CollectRequest,
  problems: ProblemReport,
): readonly string[] {
  const fences = [readable, ...(request.readable === undefined ? [] : [request.readable])].map(
    compileReadable,
  );
  const matched = candidates.filter(({ globIndex, path }) => globs[globIndex]?.matches(path) === true);
  for (const [index, glob] of globs.entries()) {
    if (!matched.some((candidate) => candidate.globIndex === index))
      problems.add(glob.source, "no-match", `nothing matches ${glob.source}`);
  }
  const files = new Set<string>();
  for (const { kind, path, resolved } of matched) {
    if (!fences.every((fence) => isReadable(resolved, fence))) {
      const via = resolved === path ? "" : `, to which ${path} leads,`;
      problems.add(path, "not-permitted", `${resolved}${via} is not in the readable paths of the host`);
    } else if (kind === "missing") {
      problems.add(path, "failed", `${path} leads nowhere`);
    } else if (kind === "other") {
      problems.add(path, "not-a-file", `${path} is no regular file`);
    } else {
      files.add(resolved);
    }
  }
  const sorted = [...files].sort();
  if (sorted.length > request.filesMax)
    problems.add(
      sorted[request.filesMax] ?? "",
      "too-many",
      `${sorted.length} files match, ${request.filesMax} may be gathered: the rest, from here on, is left out`,
    );
  return sorted.slice(0, request.filesMax);
}

/** How much of a file is gathered: its end, when it does not fit; null when it is left out. */
export function bytesToTake(
  sizeBytes: number,
  totalLeftBytes: number,
  fileBytesMax: number,
  onTooBig: CollectRequest["onTooBig"],
): number | null {
  const roomBytes = Math.max(0, Math.min(fileBytesMax, totalLeftBytes));
  if (sizeBytes === 0) return roomBytes;
  if (sizeBytes <= roomBytes) return sizeBytes;
  return onTooBig === "skip" || roomBytes === 0 ? null : roomBytes;
}

/** Rotated logs as logrotate compresses them, and what else is of no use without its beginning. */
export function isCompressedName(path: string): boolean {
  return /\.(gz|tgz|xz|zst|bz2|lz4|zip|7z)$/i.test(path);
}

/** What was seen of a file, before and after it was read; times as opaque texts. */
export interface FileFacts {
  /** Device and inode. */
  readonly id: string;
  readonly size: number;
  readonly modifiedAt: string;
  readonly links: number;
}

/** What happened to a file while it was read, for people; null when nothing did. `named` is the file of that name afterwards. */
export function changeOf(
  path: string,
  before: FileFacts,
  after: FileFacts,
  namedId: string | null,
): string | null {
  if (after.links === 0)
    return `${path} was deleted while it was read: its last content is what was gathered`;
  if (namedId !== before.id)
    return `${path} was rotated while it was read: what was gathered is the file that had this name before`;
  if (after.size < before.size) return `${path} became shorter while it was read`;
  if (after.size > before.size) return `${path} grew while it was read: what came later is not in it`;
  return after.modifiedAt === before.modifiedAt ? null : `${path} changed while it was read`;
}

/** Why a file was left out by {@link bytesToTake}. */
export function tooBig(path: string, host: { readonly name: string }, sizeBytes: number | string): string {
  const why = isCompressedName(path) ? "; it is compressed, so that its end alone cannot be read" : "";
  return `${path} on ${host.name} has ${sizeBytes} bytes, more than may be gathered of it${why}`;
}

/** Ends the reading of a file's content when the collection has been stopped. */
export class CollectStopped extends Error {
  override readonly name = "CollectStopped";
  readonly end: "timed_out" | "cancelled" | "lost";

  constructor(end: CollectStopped["end"]) {
    super(`the collection ended before the file did: ${end}`);
    this.end = end;
  }
}
