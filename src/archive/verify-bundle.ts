import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ArchiveEntry } from "./bundle.ts";
import type { ManifestFile } from "./manifest.ts";
import { hasSealComment, SEAL_COMMENT, SEAL_DIGEST_BYTES } from "./seal.ts";
import { zipEntries } from "./zip-entries.ts";

export interface BundleReport {
  /** Empty when every byte is as it was sealed. */
  readonly problems: readonly string[];
  /** False for a zip that something packed anew: its files are checked, its other bytes cannot be. */
  readonly isSealed: boolean;
  readonly files: number;
}

/** Larger than any manifest of ours; a hostile zip must not fill the memory. */
const LIST_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Checks a bundle's zip against itself: the digest at its end over all bytes before it, and each file against the manifest
 * and SHA256SUMS. A single changed byte is always found. Rejects only when the file cannot be read.
 */
export async function verifyBundle(path: string): Promise<BundleReport> {
  const seal = await checkSeal(path);
  const problems = [...seal.problems];
  let files = 0;
  try {
    const found = await readFiles(path);
    files = found.digests.size;
    problems.push(...found.problems, ...compare(found));
  } catch (error) {
    problems.push(`the zip cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { problems, isSealed: seal.isSealed, files };
}

async function checkSeal(path: string): Promise<{ isSealed: boolean; problems: string[] }> {
  const { size } = await stat(path);
  if (size < SEAL_COMMENT.length)
    return { isSealed: false, problems: ["the file is too short to be a bundle"] };
  const comment = await readEnd(path, size, SEAL_COMMENT.length);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: size - SEAL_DIGEST_BYTES - 1 }))
    hash.update(chunk as Buffer);
  const isWhole = hash.digest("hex") === comment.slice(-SEAL_DIGEST_BYTES);
  if (isWhole) return { isSealed: true, problems: [] };
  if (hasSealComment(comment))
    return { isSealed: true, problems: ["the bytes of the zip are not those that were sealed"] };
  return {
    isSealed: false,
    problems: ["the zip does not end with a bundle's digest: it was changed, or packed anew"],
  };
}

async function readEnd(path: string, size: number, bytes: number): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, size - bytes);
    return buffer.toString("latin1");
  } finally {
    await file.close();
  }
}

interface FoundFiles {
  /** By path within the bundle's folder. */
  readonly digests: ReadonlyMap<string, { sha256: string; size: number }>;
  readonly manifest: string | null;
  readonly sums: string | null;
  readonly problems: readonly string[];
}

async function readFiles(path: string): Promise<FoundFiles> {
  const digests = new Map<string, { sha256: string; size: number }>();
  const lists = new Map<string, string>();
  const problems: string[] = [];
  const folders = new Set<string>();
  for await (const entry of zipEntries(path)) {
    const [folder = "", ...rest] = entry.name.split("/");
    const name = rest.join("/");
    folders.add(folder);
    if (digests.has(name)) problems.push(`${name} is there twice`);
    const isList = name === "manifest.json" || name === "SHA256SUMS";
    const { sha256, size, text } = await digestEntry(entry, isList);
    digests.set(name, { sha256, size });
    if (text !== null) lists.set(name, text);
  }
  if (folders.size !== 1) problems.push(`${folders.size} folders where one is expected`);
  return {
    digests,
    manifest: lists.get("manifest.json") ?? null,
    sums: lists.get("SHA256SUMS") ?? null,
    problems,
  };
}

async function digestEntry(
  entry: ArchiveEntry,
  isList: boolean,
): Promise<{ sha256: string; size: number; text: string | null }> {
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let size = 0;
  const source = await entry.open();
  for await (const chunk of source instanceof Readable ? source : [source]) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    size += bytes.byteLength;
    if (!isList) continue;
    if (size > LIST_BYTES_MAX) throw new Error(`${entry.name} is larger than any of ours`);
    kept.push(bytes);
  }
  return { sha256: hash.digest("hex"), size, text: isList ? Buffer.concat(kept).toString("utf8") : null };
}

function compare({ digests, manifest, sums }: FoundFiles): string[] {
  if (manifest === null || sums === null) return ["manifest.json or SHA256SUMS is missing"];
  const listed = parseManifest(manifest);
  if (listed === null) return ["manifest.json is no manifest"];
  const summed = new Map(
    sums.split("\n").flatMap((line) => (line === "" ? [] : [[line.slice(66), line.slice(0, 64)]])),
  );
  const problems: string[] = [];
  for (const { path, size, sha256 } of listed) {
    const found = digests.get(path);
    if (found === undefined) problems.push(`${path} is missing`);
    else if (found.sha256 !== sha256 || found.size !== size)
      problems.push(`${path} differs from the manifest`);
  }
  const known = new Set([...listed.map(({ path }) => path), "manifest.json"]);
  for (const [path, { sha256 }] of digests) {
    if (path === "SHA256SUMS") continue;
    if (summed.get(path) !== sha256) problems.push(`${path} differs from SHA256SUMS`);
    if (!known.has(path)) problems.push(`${path} is in no list`);
  }
  for (const path of summed.keys()) if (!known.has(path)) problems.push(`${path} is in SHA256SUMS alone`);
  return problems;
}

function parseManifest(text: string): Pick<ManifestFile, "path" | "size" | "sha256">[] | null {
  try {
    const parsed = JSON.parse(text) as { files?: unknown };
    return Array.isArray(parsed.files) ? (parsed.files as ManifestFile[]) : null;
  } catch {
    return null;
  }
}
