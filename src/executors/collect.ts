import type { Host } from "../hosts/host.ts";

/**
 * Which files to gather, and how much of them. Sizes in bytes. A file is gathered only when its path, links resolved,
 * matches a readable glob of its host; it must be a regular file without other hard links.
 */
export interface CollectRequest {
  /** Globs of absolute paths on the host, as the runbook wrote them. */
  readonly paths: readonly string[];
  /** Narrows further what the host's inventory entry makes readable; that entry always holds. */
  readonly readable?: readonly string[];
  /** Only files changed at or after this time; null for all. Milliseconds since 1970. */
  readonly changedSinceMs: number | null;
  readonly filesMax: number;
  readonly fileBytesMax: number;
  readonly totalBytesMax: number;
  /** The user to read as, one of those that the host's entry lists; null or absent for the login itself. */
  readonly become?: string | null;
  /**
   * What to do with a file over its limit: keep its end, or leave it out (and say so). A compressed one, by its name, is left
   * out in any case: its end alone cannot be read.
   */
  readonly onTooBig: "tail" | "skip";
}

/** One gathered file. `content` may be read once, until `onFile` resolves; what is not read then is dropped. */
export interface CollectedFile {
  /**
   * Absolute path on the host, links resolved. May hold any character but NUL: newlines and escapes too. Bytes that are not
   * UTF-8 are written as `\xE4`.
   */
  readonly path: string;
  readonly modifiedAtMs: number;
  /** The file's size on the host; more than `content` holds when `isTruncated`. */
  readonly sizeBytes: number;
  readonly isTruncated: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface CollectOptions {
  /** How much may still be gathered, whatever the request says; asked again and again, as others gather too. */
  readonly bytesLeft?: () => Promise<number>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called once for each file, one after the other; awaited before the next one. What it throws ends the collection. */
  readonly onFile: (file: CollectedFile) => Promise<void>;
  /**
   * A path that gave nothing, or that changed while it was read: collection goes on. Of many of one kind the first are told, and
   * how many more there are.
   */
  readonly onProblem: (problem: CollectProblem) => void;
  /** A path that changed, each of them. Called after the `onFile` of that file and before the next one. */
  readonly onChanged?: (path: string) => void;
}

/**
 * Why the collection ended. After `timed_out`, `cancelled` and `lost` what was gathered before stays good; the content
 * of the file under way threw.
 */
export type CollectEnd = "finished" | "timed_out" | "cancelled" | "lost";

export interface CollectProblem {
  /** The glob or the file, as far as known. */
  readonly path: string;
  readonly code:
    | "no-match"
    | "not-readable"
    | "not-permitted"
    | "not-a-file"
    | "too-big"
    | "too-many"
    | "changed"
    | "failed";
  readonly message: string;
}

/** Gathers files from one kind of host. Throws ExecutorError when the host cannot be reached at all. */
export interface Collector {
  collect(host: Host, request: CollectRequest, options: CollectOptions): Promise<CollectEnd>;
}
