import { opendir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isId } from "../platform/ids.ts";
import type { BundleFormat } from "./bundle-store.ts";

/** A stored bundle as a file. */
export interface BundleFileFacts {
  readonly sha256: string;
  readonly format: BundleFormat;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/**
 * The archive as it lies on the disk, for whoever compares it with what the database says. Everything may change while it is
 * looked at; a file that is gone by then is passed over.
 */
export interface ArchiveFolder {
  /** Ids of runs that have a folder, in any order. */
  runs(): AsyncIterable<string>;
  /** Runs that have a log which grows, or did when this process or an earlier one ended. */
  runsWithScratch(): Promise<string[]>;
  bundles(): AsyncIterable<BundleFileFacts>;
  /** Removes one stored file. May be repeated. */
  removeFile(runId: string, path: string): Promise<void>;
  /** When the file was written; null when it is gone. */
  modifiedAtMs(runId: string, path: string): Promise<number | null>;
  removeBundle(sha256: string, format: BundleFormat): Promise<void>;
}

export function openArchiveFolder(folder: string): ArchiveFolder {
  const runs = join(folder, "runs");
  const bundles = join(folder, "bundles");
  return {
    async *runs() {
      for await (const entry of await opendir(runs)) if (isId(entry.name)) yield entry.name;
    },
    async runsWithScratch() {
      const names = await readdir(join(folder, "live"));
      return [...new Set(names.map((name) => name.split(".", 1)[0] ?? ""))].filter(isId);
    },
    async *bundles() {
      for await (const entry of await opendir(bundles)) {
        const [, sha256, format] = /^([0-9a-f]{64})\.(zip|tar\.gz)$/.exec(entry.name) ?? [];
        if (sha256 === undefined || (format !== "zip" && format !== "tar.gz")) continue;
        const found = await stat(join(bundles, entry.name)).catch(() => null);
        if (found !== null) yield { sha256, format, bytes: found.size, modifiedAtMs: found.mtimeMs };
      }
    },
    removeFile: (runId, path) => rm(join(runs, runId, path), { force: true }),
    async modifiedAtMs(runId, path) {
      const found = await stat(join(runs, runId, path)).catch(() => null);
      return found?.mtimeMs ?? null;
    },
    removeBundle: (sha256, format) => rm(join(bundles, `${sha256}.${format}`), { force: true }),
  };
}
