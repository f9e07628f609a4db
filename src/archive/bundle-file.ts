import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ManifestFile } from "./manifest.ts";

/** One file of a bundle. Small ones are at hand, others are opened when their turn comes. */
export interface BundleFile {
  /** With the path within the bundle's folder. */
  readonly facts: ManifestFile;
  readonly open: () => Buffer | Readable | Promise<Readable>;
}

export function json(path: string, value: unknown, stepId: string | null = null): BundleFile {
  return text(path, "application/json", `${JSON.stringify(value, null, 2)}\n`, stepId);
}

/** A file made here. A generated one is made twice, for its digest and when it is read, and never held as a whole. */
export function text(
  path: string,
  contentType: string,
  content: string | (() => Iterable<string>),
  stepId: string | null = null,
): BundleFile {
  const hash = createHash("sha256");
  let size = 0;
  const parts = typeof content === "string" ? [Buffer.from(content)] : inBlocks(content());
  let whole: Buffer | null = null;
  for (const part of parts) {
    hash.update(part);
    whole = size === 0 ? part : null;
    size += part.byteLength;
  }
  const facts = {
    path,
    size,
    sha256: hash.digest("hex"),
    step: stepId,
    host: null,
    content_type: contentType,
    truncated: false,
    changed: false,
    redactions: null,
  };
  const kept = whole;
  if (kept !== null || typeof content === "string") return { facts, open: () => kept ?? Buffer.alloc(0) };
  return { facts, open: () => Readable.from(inBlocks(content())) };
}

const BLOCK_CHARS = 64 * 1024;

/** The same parts always make the same blocks, and so the same compressed bytes. */
function* inBlocks(parts: Iterable<string>): Generator<Buffer, void, void> {
  let waiting = "";
  for (const part of parts) {
    waiting += part;
    if (waiting.length < BLOCK_CHARS) continue;
    yield Buffer.from(waiting);
    waiting = "";
  }
  if (waiting !== "") yield Buffer.from(waiting);
}
