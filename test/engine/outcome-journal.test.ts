import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type JournalEntry, openOutcomeJournal } from "../../src/engine/outcome-journal.ts";
import { smallDisk } from "../support/small-disk.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nightshift-journal-"));
  file = join(folder, "outcomes.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entry(attempt: number): JournalEntry {
  const end = { status: "succeeded" as const, exitCode: 0, message: null, atMs: 5 };
  return { runId: "run", stepId: "change", attempt, ...end, facts: null };
}

test("an outcome that the database did not take is known after a restart", () => {
  openOutcomeJournal(file).append(entry(1));
  const again = openOutcomeJournal(file);
  expect(again.find(entry(1))).toEqual(entry(1));
  expect(again.find(entry(2))).toBeNull();
});

test("is known in the same process too", () => {
  const journal = openOutcomeJournal(file);
  journal.append(entry(1));
  expect(journal.find(entry(1))).toEqual(entry(1));
});

test("clearing keeps what the database has not taken, and removes the file otherwise", () => {
  const journal = openOutcomeJournal(file);
  journal.append(entry(1));
  journal.append(entry(2));
  journal.settle(entry(1));
  journal.clear();
  expect(openOutcomeJournal(file).find(entry(2))).toEqual(entry(2));
  journal.settle(entry(2));
  journal.clear();
  expect(existsSync(file)).toBe(false);
});

test("on a full disk an outcome is known to the process alone, and spoils no other line", (context) => {
  const disk = smallDisk(context, 4);
  const journal = openOutcomeJournal(join(disk.folder, "outcomes.jsonl"));
  expect(journal.append(entry(1))).toBe(true);
  disk.fill();
  const long = { ...entry(2), message: "x".repeat(100_000) };
  expect(journal.append(long)).toBe(false);
  expect(journal.find(entry(2))).toEqual(long);
  disk.free();
  expect(journal.append(entry(3))).toBe(true);
  const again = openOutcomeJournal(join(disk.folder, "outcomes.jsonl"));
  expect([1, 2, 3].map((attempt) => again.find(entry(attempt))?.attempt ?? null)).toEqual([1, null, 3]);
});

test("passes over a line that was torn by a crash", () => {
  openOutcomeJournal(file).append(entry(1));
  appendFileSync(file, '{"runId":"run","stepId":"cha');
  expect(openOutcomeJournal(file).find(entry(1))).toEqual(entry(1));
});
