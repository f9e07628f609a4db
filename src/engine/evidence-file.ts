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

export function redactedWriter(writer: ArtifactWriter, redaction: Redaction): RedactedWriter {
  const parts: Uint8Array[] = [];
  const file = openRedactedFile(redaction, (part) => parts.push(part));
  const writeParts = async () => {
    for (const part of parts.splice(0)) await writer.write(part);
  };
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength; at += SLICE_BYTES) {
        if (at > 0) await nextTurn();
        file.push(chunk.subarray(at, at + SLICE_BYTES));
        await writeParts();
      }
    },
    async commit() {
      file.end();
      await writeParts();
      return { ...(await writer.commit()), redactions: file.redactions };
    },
    discard: () => writer.discard(),
  };
}
