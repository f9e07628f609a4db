import type { Decision } from "../runs/records.ts";
import type { DecisionKind } from "../runs/reasons.ts";
import { readRun } from "../store/runs.ts";
import type { Reader } from "../store/store.ts";
import { EXPECTED_KINDS } from "./check-tests.ts";
import type { ExpectationConfig } from "./test-schema.ts";

/** A decision as tests speak of it. */
export interface Entry {
  readonly kind: DecisionKind;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly runbook: string | null;
  readonly with: Readonly<Record<string, unknown>> | null;
  /** What a person would be told; null where there is nothing to say. */
  readonly text: string | null;
}

/** Kinds that tell of deliveries and ends of alerts rather than of what was done about them. */
const UNTOLD: readonly DecisionKind[] = ["closed", "repeat"];

/** The decisions that a test can expect. */
export async function entriesOf(db: Reader, decisions: readonly Decision[]): Promise<Entry[]> {
  const told = decisions.filter(({ kind }) => !UNTOLD.includes(kind));
  const entries: Entry[] = [];
  for (const decision of told) {
    const { kind, rule, reason, detail, runId } = decision;
    const text = typeof detail["text"] === "string" ? detail["text"] : null;
    const run = runId === null ? null : await readRun(db, runId);
    const runbook = run?.runbook ?? (typeof detail["would_run"] === "string" ? detail["would_run"] : null);
    const inputs = run?.plan.inputs ?? recordOf(detail["inputs"]);
    entries.push({ kind, rule, reason, runbook, with: inputs, text });
  }
  return entries;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

/** Only what the expectation names is compared. */
export function fits(expected: ExpectationConfig, entry: Entry): boolean {
  const kind = expectedKind(expected);
  const reason = expectedReason(expected);
  const rule = expected.rule ?? expected.joined;
  if (entry.kind !== kind) return false;
  if (rule !== undefined && entry.rule !== rule) return false;
  if (reason !== undefined && entry.reason !== reason) return false;
  if (expected.runbook !== undefined && entry.runbook !== expected.runbook) return false;
  return Object.entries(expected.with ?? {}).every(([name, value]) => entry.with?.[name] === value);
}

export function expectedKind(expected: ExpectationConfig): DecisionKind {
  return EXPECTED_KINDS.find((kind) => expected[kind] !== undefined) ?? "started";
}

function expectedReason(expected: ExpectationConfig): string | undefined {
  return expected.delayed ?? expected.refused ?? expected.queued ?? expected.ignored;
}

/** As it is written in a test. */
export function formatExpectation(expected: ExpectationConfig): string {
  return flowMap(Object.entries(expected));
}

/** As a test would expect it; inputs only where the test speaks of inputs. */
export function formatEntry(entry: Entry, hasInputs: boolean): string {
  const { kind, rule, reason, runbook } = entry;
  if (kind === "no_match") return "{no_match: true}";
  if (kind === "joined") return flowMap([["joined", rule]]);
  const pairs: [string, unknown][] = rule === null ? [] : [["rule", rule]];
  if (kind === "started" || runbook !== null) pairs.push(["runbook", runbook]);
  if (hasInputs && entry.with !== null) pairs.push(["with", entry.with]);
  if (kind !== "started") pairs.push([kind, reason ?? true]);
  return flowMap(pairs);
}

function flowMap(pairs: readonly (readonly [string, unknown])[]): string {
  return `{${pairs.map(([name, value]) => `${name}: ${flowValue(value)}`).join(", ")}}`;
}

function flowValue(value: unknown): string {
  if (typeof value === "object" && value !== null) return flowMap(Object.entries(value));
  if (typeof value !== "string") return String(value);
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(true|false|null)$/.test(value)
    ? value
    : JSON.stringify(value);
}
