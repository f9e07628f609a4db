import type { Input } from "../../api/types.ts";
import { isForgotten, type Values } from "./values.ts";

// What was typed, kept by the tab of the browser until the run has started: a reload, a step back and a login lose nothing. Secrets
// and files are never among it.

export interface Kept {
  readonly values: Values;
  readonly reason: string;
}

/** Of one person and one address of a form, so that nobody else who logs in here finds it. */
export function keptKey(person: string, runbook: string, search: string): string {
  return `nightshift.form ${person} ${runbook} ${search}`;
}

export function keep(key: string, inputs: readonly Input[], { values, reason }: Kept): void {
  const kept = inputs.filter((input) => !isForgotten(input)).map(({ name }) => [name, values[name]]);
  try {
    sessionStorage.setItem(key, JSON.stringify({ values: Object.fromEntries(kept), reason }));
  } catch {
    // A browser that keeps nothing, or has no room: the form works without.
  }
}

/** Null where nothing is kept. */
export function keptBefore(key: string): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<Kept> | null;
    return kept === null ? null : { values: kept.values ?? {}, reason: kept.reason ?? "" };
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // As above: what was not kept need not be removed.
  }
}
