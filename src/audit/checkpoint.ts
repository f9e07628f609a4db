import { z } from "zod";
import type { ChainHead } from "./chain.ts";
import { type AuditKey, type AuditKeys, sign } from "./keys.ts";

const checkpointSchema = z.object({
  sequence: z.number(),
  head: z.string(),
  /** How many records are kept up to it. */
  count: z.number(),
  /** RFC 3339. */
  at: z.string(),
  /** Which key signed it. */
  key: z.string(),
  signature: z.string(),
});

/** What the log came to at one moment. Kept outside of the database, it shows that records at the end are missing. */
export type Checkpoint = Readonly<z.output<typeof checkpointSchema>>;

export function signCheckpoint(
  { current }: AuditKeys,
  head: ChainHead,
  count: number,
  atMs: number,
): Checkpoint {
  const at = new Date(atMs).toISOString();
  const unsigned = { sequence: head.sequence, head: head.hash, count, at, key: current.id };
  return { ...unsigned, signature: signatureOf(current, unsigned) };
}

export function isGenuineCheckpoint(keys: AuditKeys, checkpoint: Checkpoint): boolean {
  const key = keys.byId.get(checkpoint.key);
  return key !== undefined && signatureOf(key, checkpoint) === checkpoint.signature;
}

function signatureOf(key: AuditKey, checkpoint: Omit<Checkpoint, "signature">): string {
  const { sequence, head, count, at, key: keyId } = checkpoint;
  return sign(key, "audit checkpoint", [sequence, head, count, at, keyId]);
}

/** A checkpoint with where it was read. */
export interface FoundCheckpoint {
  readonly line: number;
  readonly checkpoint: Checkpoint;
}

export interface ReadCheckpoints {
  readonly found: readonly FoundCheckpoint[];
  /** The first line that is none and should be one; null where there is none. */
  readonly badLine: number | null;
}

/**
 * Reads checkpoints from their file, or from the service's log in JSON, whose other lines are passed over. So is a last line that was not
 * written to its end, because the machine stopped in its middle.
 */
export function readCheckpoints(text: string): ReadCheckpoints {
  const found: FoundCheckpoint[] = [];
  let badLine: number | null = null;
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const value = parse(line);
    const parsed = checkpointSchema.safeParse(value);
    if (parsed.success) found.push({ line: index + 1, checkpoint: parsed.data });
    else if (!isLogLine(value) && index < lines.length - 1) badLine ??= index + 1;
  }
  return { found, badLine };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function isLogLine(value: unknown): boolean {
  return typeof value === "object" && value !== null && "level" in value && "msg" in value;
}
