import type { CollectOptions, CollectProblem, CollectRequest } from "./collect.ts";
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
  readonly #onProblem: CollectOptions["onProblem"];
  readonly #counts = new Map<CollectProblem["code"], number>();

  constructor(onProblem: CollectOptions["onProblem"]) {
    this.#onProblem = onProblem;
  }

  add(path: string, code: CollectProblem["code"], message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count <= PROBLEMS_MAX) this.#onProblem({ path, code, message });
  }

  finish(): void {
    for (const [code, count] of this.#counts) {
      if (count > PROBLEMS_MAX)
        this.#onProblem({ path: "", code, message: `${count - PROBLEMS_MAX} more paths like these` });
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
  request: CollectRequest,
): number | null {
  const roomBytes = Math.min(request.fileBytesMax, totalLeftBytes);
  if (sizeBytes === 0) return roomBytes;
  if (sizeBytes <= roomBytes) return sizeBytes;
  return request.onTooBig === "skip" || roomBytes === 0 ? null : roomBytes;
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
