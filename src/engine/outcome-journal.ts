import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
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
  /** Durable when it returns. */
  append(entry: JournalEntry): void;
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
      const descriptor = openSync(file, "a", 0o600);
      try {
        writeSync(descriptor, `${JSON.stringify(entry)}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      entries.set(keyOf(entry), entry);
    },
    find: (attempt) => entries.get(keyOf(attempt)) ?? null,
    settle: (attempt) => void entries.delete(keyOf(attempt)),
    clear() {
      if (entries.size === 0) rmSync(file, { force: true });
    },
  };
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
