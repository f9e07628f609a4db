import { setImmediate as nextTurn } from "node:timers/promises";
import type { ArtifactWriter, StoredArtifact } from "../archive/artifact-store.ts";
import { openRedactedFile } from "../redaction/redacted-file.ts";
import type { Redaction } from "../redaction/redaction.ts";

/** A file on its way into the archive, from which secrets are taken out. */
export interface RedactedWriter {
  write(chunk: Uint8Array): Promise<void>;
  commit(): Promise<StoredArtifact & { readonly redactions: number | null }>;
  discard(): Promise<void>;
}

/** Worked on without a pause; some milliseconds at most. */
const SLICE_BYTES = 64 * 1024;
/** What is written, and hashed, at once. */
const WRITTEN_BYTES = 256 * 1024;

export function redactedWriter(writer: ArtifactWriter, redaction: Redaction): RedactedWriter {
  const output = new Output();
  const file = openRedactedFile(redaction, (part) => output.add(part));
  const writeOutput = async () => {
    if (output.bytes > 0) await writer.write(output.take());
  };
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength; at += SLICE_BYTES) {
        if (at > 0) await nextTurn();
        if (output.bytes >= WRITTEN_BYTES) await writeOutput();
        file.push(chunk.subarray(at, at + SLICE_BYTES));
      }
      await writeOutput();
    },
    async commit() {
      file.end();
      await writeOutput();
      return { ...(await writer.commit()), redactions: file.redactions };
    },
    discard: () => writer.discard(),
  };
}

/** What redaction gave out and is not written yet. One buffer serves a whole file: with a new one for each part memory is freed all the time. */
class Output {
  #buffer = Buffer.alloc(0);
  #used = 0;

  get bytes(): number {
    return this.#used;
  }

  add(part: Uint8Array): void {
    const wanted = this.#used + part.byteLength;
    if (wanted > this.#buffer.byteLength) {
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.byteLength * 2));
      this.#buffer.copy(grown, 0, 0, this.#used);
      this.#buffer = grown;
    }
    this.#buffer.set(part, this.#used);
    this.#used = wanted;
  }

  /** Valid until something is added. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return taken;
  }
}
