import type { CollectedFile, CollectProblem } from "../executors/collect.ts";
import type { EvidenceFile, StepContext } from "../runs/step-context.ts";

interface Held {
  readonly evidence: EvidenceFile;
  readonly path: string;
  readonly isTruncated: boolean;
  readonly contentType: string;
}

/**
 * Turns what a collector finds into evidence below `files/<host>`. The newest file is held until the next one arrives or the
 * collection ends: only then is it known whether it changed while it was read.
 */
export class FileCollection {
  readonly #context: StepContext;
  readonly #changed = new Set<string>();
  #held: Held | null = null;
  #files = 0;
  #bytes = 0;

  constructor(context: StepContext) {
    this.#context = context;
  }

  get files(): number {
    return this.#files;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async add(file: CollectedFile): Promise<void> {
    await this.#commitHeld();
    const { host } = this.#context;
    const evidence = await this.#context.createEvidence(`files/${host.name}${file.path}`);
    let type: string | null = null;
    try {
      for await (const chunk of file.content) {
        type ??= contentTypeOf(chunk);
        this.#bytes += chunk.byteLength;
        await evidence.write(chunk);
      }
    } catch (error) {
      await evidence.discard();
      throw error;
    }
    this.#held = {
      evidence,
      path: file.path,
      isTruncated: file.isTruncated,
      contentType: type ?? "text/plain",
    };
  }

  problem(problem: CollectProblem): void {
    if (problem.code === "changed") this.#changed.add(problem.path);
    this.#context.recordProblem(problem.path, problem.message);
  }

  async finish(): Promise<void> {
    await this.#commitHeld();
  }

  async #commitHeld(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const { path, isTruncated, contentType } = held;
    try {
      await held.evidence.commit({
        contentType,
        host: this.#context.host.name,
        isTruncated,
        isChanged: this.#changed.has(path),
      });
    } catch (error) {
      await held.evidence.discard();
      throw error;
    }
    this.#files += 1;
  }
}

/** Text unless the beginning holds a NUL, as `grep` decides it. */
function contentTypeOf(chunk: Uint8Array): string {
  return chunk.subarray(0, 8_192).includes(0) ? "application/octet-stream" : "text/plain";
}
