import { open } from "node:fs/promises";
import type { ArchiveEntry } from "./bundle.ts";
import type { BundleFormat } from "./bundle-store.ts";
import { tarGzEntries } from "./tar-entries.ts";
import { zipEntries } from "./zip-entries.ts";

/** What the file is by its first bytes; null when it is neither. Rejects when it cannot be read. */
export async function formatOf(path: string): Promise<BundleFormat | null> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead < 2) return null;
    const magic = buffer.toString("latin1");
    if (magic === "PK") return "zip";
    return magic === "\x1f\x8b" ? "tar.gz" : null;
  } finally {
    await file.close();
  }
}

/** A file of a bundle that somebody downloaded. Its content is read before the next one is asked for. */
export interface BundleEntry extends ArchiveEntry {
  /** Within the bundle's folder. */
  readonly path: string;
  /** The bundle's folder, as this entry has it. */
  readonly folder: string;
}

/** The files of a bundle in either format, in their order. Throws what is wrong with the archive. */
export async function* bundleEntries(path: string): AsyncGenerator<BundleEntry, void, void> {
  const format = await formatOf(path);
  if (format === null) throw new Error("it is neither a zip nor a gzipped tar");
  for await (const entry of format === "zip" ? zipEntries(path) : tarGzEntries(path)) {
    const slash = entry.name.indexOf("/");
    yield { ...entry, folder: entry.name.slice(0, slash), path: entry.name.slice(slash + 1) };
  }
}
