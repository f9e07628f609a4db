import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { isDiskFull } from "../platform/no-room.ts";
import type { StepFacts } from "../runs/records.ts";
import type { StepEnd } from "../runs/states.ts";

/** What became of an attempt while the database could not be written. */
export interface JournalEntry {
  readonly runId: string;
  readonly stepId: string;
  readonly attempt: number;
  readonly status: StepEnd;
  readonly exitCode: number | null;
  readonly message: string | null;
  readonly atMs: number;
  readonly facts: StepFacts | null;
}

/** One attempt of one step. */
export type AttemptOf = Pick<JournalEntry, "runId" | "stepId" | "attempt">;

/** A file beside the database that holds outcomes until the database takes them again. */
export interface OutcomeJournal {
  /**
   * True when it is durable. False when it could not be written either: then it is known to this process alone, and an
   * attempt whose process ends before the database has taken it is honestly `interrupted`.
   */
  append(entry: JournalEntry): boolean;
  /** What became of an attempt that the database has no outcome of; null when nobody knows. */
  find(attempt: AttemptOf): JournalEntry | null;
  /** The database has the outcome. */
  settle(attempt: AttemptOf): void;
  /** Removes the file, unless it holds what the database has not taken yet. */
  clear(): void;
}

/** Opens the journal and reads what an earlier start left. A torn last line (a crash while writing) is passed over. */
export function openOutcomeJournal(file: string): OutcomeJournal {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const entries = new Map(readEntries(file).map((entry) => [keyOf(entry), entry]));
  return {
    append(entry) {
      entries.set(keyOf(entry), entry);
      try {
        appendLine(file, JSON.stringify(entry));
        return true;
      } catch (error) {
        if (isDiskFull(error)) return false;
        throw error;
      }
    },
    find: (attempt) => entries.get(keyOf(attempt)) ?? null,
    settle: (attempt) => void entries.delete(keyOf(attempt)),
    clear() {
      if (entries.size === 0) rmSync(file, { force: true });
    },
  };
}

/** All of the line or nothing of it: half a line would spoil the one that follows. */
function appendLine(file: string, line: string): void {
  const descriptor = openSync(file, "a", 0o600);
  try {
    const before = fstatSync(descriptor).size;
    const bytes = Buffer.from(`${line}\n`);
    try {
      if (writeSync(descriptor, bytes) < bytes.byteLength)
        throw Object.assign(new Error(`only a part of a line fitted into ${file}`), { code: "ENOSPC" });
      fsyncSync(descriptor);
    } catch (error) {
      ftruncateSync(descriptor, before);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}

function keyOf({ runId, stepId, attempt }: AttemptOf): string {
  return `${runId}/${stepId}/${attempt}`;
}

function readEntries(file: string): JournalEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return line === "" ? [] : [JSON.parse(line) as JournalEntry];
      } catch {
        return [];
      }
    });
}
