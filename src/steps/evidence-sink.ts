import type { EvidenceFacts, EvidenceFile } from "../runs/step-context.ts";

/** Waiting for the disk; above it, output is dropped and counted, because a process's pipe must never be held up. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024;

/** Output of a process as an evidence file of limited size. No output, no file. */
export class EvidenceSink {
  readonly #create: () => Promise<EvidenceFile>;
  readonly #bytesMax: number;
  #evidence: Promise<EvidenceFile> | null = null;
  #acceptedBytes = 0;
  #pendingBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(create: () => Promise<EvidenceFile>, bytesMax: number) {
    this.#create = create;
    this.#bytesMax = bytesMax;
  }

  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  write(chunk: Uint8Array): void {
    const room = Math.min(this.#bytesMax - this.#acceptedBytes, PENDING_BYTES_MAX - this.#pendingBytes);
    // After a first byte was dropped nothing is taken any more: a file with a hole in it would mislead.
    const accepted = this.#droppedBytes > 0 ? chunk.subarray(0, 0) : chunk.subarray(0, Math.max(0, room));
    this.#droppedBytes += chunk.byteLength - accepted.byteLength;
    if (accepted.byteLength === 0) return;
    this.#acceptedBytes += accepted.byteLength;
    this.#pendingBytes += accepted.byteLength;
    this.#writing = this.#writing.then(() => this.#append(accepted));
  }

  /** Makes it durable. Rejects when it could not be written. */
  async commit(facts: EvidenceFacts): Promise<{ bytes: number; droppedBytes: number }> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure as Error;
    if (this.#evidence !== null) {
      await (await this.#evidence).commit({
        ...facts,
        isTruncated: facts.isTruncated === true || this.#droppedBytes > 0,
      });
      this.#evidence = null;
    }
    return { bytes: this.#acceptedBytes, droppedBytes: this.#droppedBytes };
  }

  async discard(): Promise<void> {
    await this.#writing;
    const evidence = await this.#evidence?.catch(() => null);
    this.#evidence = null;
    await evidence?.discard();
  }

  async #append(chunk: Uint8Array): Promise<void> {
    try {
      if (this.#failure !== null) return;
      this.#evidence ??= this.#create();
      await (await this.#evidence).write(chunk);
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#pendingBytes -= chunk.byteLength;
    }
  }
}
