import { z } from "zod";
import { Readable } from "node:stream";
import type { ArchiveEntry } from "./bundle.ts";
import type { ManifestFile } from "./manifest.ts";
import { zipEntries } from "./zip-entries.ts";

/** Larger than any manifest of ours; a hostile archive must not fill the memory. */
export const LIST_BYTES_MAX = 256 * 1024 * 1024;

const fileSchema = z.object({
  path: z.string(),
  size: z.number(),
  sha256: z.string(),
  step: z.string().nullable().default(null),
  host: z.string().nullable().default(null),
  content_type: z.string().default("application/octet-stream"),
  truncated: z.boolean().default(false),
  changed: z.boolean().default(false),
  redactions: z.number().nullable().default(null),
});

const manifestSchema = z.object({ files: z.array(z.unknown()) });

/** The files that a manifest names, by path; null when it is no manifest. */
export function parseManifest(text: string): Map<string, ManifestFile> | null {
  const files = new Map<string, ManifestFile>();
  try {
    for (const each of manifestSchema.parse(JSON.parse(text)).files) {
      const file = fileSchema.parse(each);
      files.set(file.path, file);
    }
    return files;
  } catch {
    return null;
  }
}

/** A whole file of an archive as text. Throws when it is larger than a list of ours can be. */
export async function readList(entry: ArchiveEntry): Promise<string> {
  if (entry.size > LIST_BYTES_MAX) throw new Error(`${entry.name} is larger than any of ours`);
  const source = await entry.open();
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of source instanceof Readable ? source : [source]) {
    const chunk = part as Buffer;
    bytes += chunk.byteLength;
    if (bytes > LIST_BYTES_MAX) throw new Error(`${entry.name} is larger than any of ours`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** What the manifest in a bundle's zip says of its files, by path within the bundle's folder. Throws when there is none. */
export async function readManifest(zip: string): Promise<Map<string, ManifestFile>> {
  for await (const entry of zipEntries(zip)) {
    if (entry.name.split("/").slice(1).join("/") !== "manifest.json") continue;
    const files = parseManifest(await readList(entry));
    if (files === null) break;
    return files;
  }
  throw new Error(`${zip} has no manifest`);
}
