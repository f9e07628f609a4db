import type { CollectedFile, CollectProblem } from "../executors/collect.ts";
import { formatBytes } from "../platform/bytes.ts";
import type { EvidenceFile, StepContext } from "../runs/step-context.ts";
import { begin, canUnpack, type Compression, compressionOf, unpack, unpackedPath } from "./collect-unpack.ts";

interface Held {
  readonly evidence: EvidenceFile;
  /** On the host. */
  readonly path: string;
  readonly isTruncated: boolean;
  readonly contentType: string;
  readonly isSensitive: boolean;
}

/** What of a file goes into the evidence. */
interface Wanted {
  readonly path: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** After the content has been read. */
  readonly end: () => { readonly isTruncated: boolean; readonly problem: string | null };
  /** Of the file on the host. */
  readonly packed: Compression | null;
}

/**
 * Turns what a collector finds into evidence below `files/<host>`. gzip and zstd are unpacked on the way, so that secrets in
 * them are found as anywhere else; what is compressed otherwise cannot be looked into, so it is kept as sensitive. The newest
 * file is held until the next one arrives or the collection ends: only then is it known whether it changed while it was read.
 */
export class FileCollection {
  readonly #context: StepContext;
  readonly #bytesMax: { readonly file: number; readonly all: number };
  readonly #changed = new Set<string>();
  #held: Held | null = null;
  #files = 0;
  #bytes = 0;

  /** `bytesMax`: of one file and of all together, unpacked. */
  constructor(context: StepContext, bytesMax: { readonly file: number; readonly all: number }) {
    this.#context = context;
    this.#bytesMax = bytesMax;
  }

  get files(): number {
    return this.#files;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async add(file: CollectedFile): Promise<void> {
    await this.#commitHeld();
    const wanted = await this.#look(file);
    const { host } = this.#context;
    const evidence = await this.#context.createEvidence(`files/${host.name}${wanted.path}`);
    let first: Uint8Array | null = null;
    try {
      for await (const chunk of wanted.content) {
        first ??= chunk;
        this.#bytes += chunk.byteLength;
        await evidence.write(chunk);
      }
    } catch (error) {
      await evidence.discard();
      throw error;
    }
    const { isTruncated, problem } = wanted.end();
    if (problem !== null) this.#context.recordProblem(file.path, problem);
    if (first === null && problem !== null) return evidence.discard();
    const inner = first === null ? null : compressionOf(first);
    if (inner !== null) this.#context.recordProblem(file.path, opaque(inner));
    this.#held = {
      evidence,
      path: file.path,
      isTruncated,
      contentType: contentTypeOf(first ?? new Uint8Array(), wanted.packed, inner),
      isSensitive: inner !== null,
    };
  }

  /** The file added last, or one that could not be read. */
  changed(path: string): void {
    this.#changed.add(path);
  }

  problem(problem: CollectProblem): void {
    this.#context.recordProblem(problem.path, problem.message);
  }

  async finish(): Promise<void> {
    await this.#commitHeld();
  }

  async #look(file: CollectedFile): Promise<Wanted> {
    const { first, content } = await begin(file.content);
    const packed = file.isTruncated ? null : compressionOf(first);
    if (packed === null || !canUnpack(packed))
      return {
        path: file.path,
        content,
        end: () => ({ isTruncated: file.isTruncated, problem: null }),
        packed: null,
      };
    const bytesMax = Math.max(0, Math.min(this.#bytesMax.file, this.#bytesMax.all - this.#bytes));
    const unpacking = unpack(packed, content, bytesMax);
    return {
      path: unpackedPath(file.path),
      content: unpacking.content,
      end: () => ({
        isTruncated: unpacking.isCut || unpacking.damage !== null,
        problem: unpackingProblem(unpacking, bytesMax),
      }),
      packed,
    };
  }

  async #commitHeld(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const { path, isTruncated, contentType, isSensitive } = held;
    try {
      await held.evidence.commit({
        contentType,
        host: this.#context.host.name,
        isTruncated,
        isChanged: this.#changed.has(path),
        isSensitive,
      });
    } catch (error) {
      await held.evidence.discard();
      throw error;
    }
    this.#files += 1;
  }
}

function unpackingProblem(
  { isCut, damage }: { readonly isCut: boolean; readonly damage: string | null },
  bytesMax: number,
): string | null {
  if (damage !== null) return `is damaged (${damage}): only what could be unpacked was kept`;
  return isCut ? `unpacks to more than ${formatBytes(bytesMax)}: only its beginning was kept` : null;
}

function opaque(compression: Compression): string {
  return `is compressed with ${compression}, so nothing was looked for in it: kept as it is, for who may see sensitive files`;
}

/** Text unless the beginning holds a NUL, as `grep` decides it; with how it was packed on the host. */
function contentTypeOf(first: Uint8Array, packed: Compression | null, inner: Compression | null): string {
  const isBinary = inner !== null || first.subarray(0, 8_192).includes(0);
  const type = isBinary ? "application/octet-stream" : "text/plain";
  return packed === null ? type : `${type}; unpacked=${packed}`;
}
