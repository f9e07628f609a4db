import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ArchiveEntry } from "./bundle.ts";
import { LIST_BYTES_MAX, parseManifest } from "./manifest-reading.ts";
import { bundleEntries, formatOf } from "./open-bundle.ts";
import { SEAL_DIGEST_BYTES, SEAL_PLACES } from "./seal.ts";

export interface BundleReport {
  /** Empty when every byte is as it was sealed. */
  readonly problems: readonly string[];
  /** False for an archive that something packed anew: its files are checked, its other bytes cannot be. */
  readonly isSealed: boolean;
  readonly files: number;
}

/**
 * Checks a bundle against itself: the digest at its end over all bytes before it, and each file against the manifest
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
    problems.push(`the archive cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { problems, isSealed: seal.isSealed, files };
}

async function checkSeal(path: string): Promise<{ isSealed: boolean; problems: string[] }> {
  const format = await formatOf(path);
  const { before, after } = SEAL_PLACES[format ?? "zip"];
  const { size } = await stat(path);
  const endBytes = before.byteLength + SEAL_DIGEST_BYTES + after.byteLength;
  if (size < endBytes) return { isSealed: false, problems: ["the file is too short to be a bundle"] };
  const end = await readEnd(path, size, endBytes);
  const written = end.subarray(before.byteLength, before.byteLength + SEAL_DIGEST_BYTES).toString("latin1");
  const hash = createHash("sha256");
  const lastHashed = size - after.byteLength - SEAL_DIGEST_BYTES - 1;
  for await (const chunk of createReadStream(path, { end: lastHashed })) hash.update(chunk as Buffer);
  const isAlike = end.subarray(0, before.byteLength).equals(before) && /^[0-9a-f]{64}$/.test(written);
  const isWhole = hash.digest("hex") === written && end.subarray(endBytes - after.byteLength).equals(after);
  if (isWhole) return { isSealed: true, problems: [] };
  if (isAlike)
    return { isSealed: true, problems: ["the bytes of the archive are not those that were sealed"] };
  return {
    isSealed: false,
    problems: ["the archive does not end with a bundle's digest: it was changed, or packed anew"],
  };
}

async function readEnd(path: string, size: number, bytes: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    return (await file.read(Buffer.alloc(bytes), 0, bytes, size - bytes)).buffer;
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
  for await (const entry of bundleEntries(path)) {
    folders.add(entry.folder);
    if (digests.has(entry.path)) problems.push(`${entry.path} is there twice`);
    const isList = entry.path === "manifest.json" || entry.path === "SHA256SUMS";
    const { sha256, size, text } = await digestEntry(entry, isList);
    digests.set(entry.path, { sha256, size });
    if (text !== null) lists.set(entry.path, text);
  }
  if (folders.size !== 1) problems.push(`${folders.size} folders where one is expected`);
  return {
    digests,
    manifest: lists.get("manifest.json") ?? null,
    sums: lists.get("SHA256SUMS") ?? null,
    problems,
  };
}

/** Reads a file of an archive to its end; keeps its text when it is one of the lists. */
export async function digestEntry(
  entry: ArchiveEntry,
  isKept: boolean,
): Promise<{ sha256: string; size: number; text: string | null }> {
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let size = 0;
  const source = await entry.open();
  for await (const chunk of source instanceof Readable ? source : [source]) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    size += bytes.byteLength;
    if (!isKept) continue;
    if (size > LIST_BYTES_MAX) throw new Error(`${entry.name} is larger than any of ours`);
    kept.push(bytes);
  }
  return { sha256: hash.digest("hex"), size, text: isKept ? Buffer.concat(kept).toString("utf8") : null };
}

function compare({ digests, manifest, sums }: FoundFiles): string[] {
  if (manifest === null || sums === null) return ["manifest.json or SHA256SUMS is missing"];
  const listed = parseManifest(manifest);
  if (listed === null) return ["manifest.json is no manifest"];
  const summed = new Map(
    sums.split("\n").flatMap((line) => (line === "" ? [] : [[line.slice(66), line.slice(0, 64)]])),
  );
  const problems: string[] = [];
  for (const { path, size, sha256 } of listed.values()) {
    const found = digests.get(path);
    if (found === undefined) problems.push(`${path} is missing`);
    else if (found.sha256 !== sha256 || found.size !== size)
      problems.push(`${path} differs from the manifest`);
  }
  const known = new Set([...listed.keys(), "manifest.json"]);
  for (const [path, { sha256 }] of digests) {
    if (path === "SHA256SUMS") continue;
    if (summed.get(path) !== sha256) problems.push(`${path} differs from SHA256SUMS`);
    if (!known.has(path)) problems.push(`${path} is in no list`);
  }
  for (const path of summed.keys()) if (!known.has(path)) problems.push(`${path} is in SHA256SUMS alone`);
  return problems;
}
