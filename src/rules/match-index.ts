import type { Labels } from "../alerts/alert.ts";
import type { Matcher } from "../expressions/matchers.ts";
import type { Rule } from "./rule.ts";

/** Finds the few rules that may match an alert without looking at the others. */
export interface MatchIndex {
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[];
  /** Positions in `rules`, ascending. Every rule whose matchers fit the labels is among them. */
  candidates(labels: Labels): readonly number[];
}

/** Values of a label, and the positions of the rules that need one of them. */
type Postings = Map<string, Map<string, number[]>>;

/**
 * Puts each rule under the one of its equalities (`=`, or `=~` with literals only) that the fewest other rules have;
 * rules without any are tried for every alert.
 */
export function buildMatchIndex(rules: readonly Rule[]): MatchIndex {
  const frequencies = countValues(rules);
  const postings: Postings = new Map();
  const residual: number[] = [];
  for (const [position, rule] of rules.entries()) {
    const key = rarest(rule.matchers, frequencies);
    if (key === undefined) residual.push(position);
    else for (const value of key.values) post(postings, key.name, value, position);
  }
  return { rules, candidates: (labels) => candidates(postings, residual, labels) };
}

function candidates(postings: Postings, residual: readonly number[], labels: Labels): readonly number[] {
  const found: (readonly number[])[] = residual.length === 0 ? [] : [residual];
  for (const [name, value] of labels) {
    const positions = postings.get(name)?.get(value);
    if (positions !== undefined) found.push(positions);
  }
  if (found.length <= 1) return found[0] ?? [];
  return found.flat().sort((left, right) => left - right);
}

/** A matcher that only some values fit, none of them the empty one of a missing label. */
interface Equality {
  readonly name: string;
  readonly values: ReadonlySet<string>;
}

function equalities(matchers: readonly Matcher[]): Equality[] {
  return matchers.flatMap(({ name, values }) =>
    values === null || values.has("") ? [] : [{ name, values }],
  );
}

function countValues(rules: readonly Rule[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const rule of rules)
    for (const { name, values } of equalities(rule.matchers)) {
      const ofName = counts.get(name) ?? new Map<string, number>();
      counts.set(name, ofName);
      for (const value of values) ofName.set(value, (ofName.get(value) ?? 0) + 1);
    }
  return counts;
}

function rarest(
  matchers: readonly Matcher[],
  frequencies: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Equality | undefined {
  let best: Equality | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const equality of equalities(matchers)) {
    const ofName = frequencies.get(equality.name);
    const most = Math.max(...[...equality.values].map((value) => ofName?.get(value) ?? 0));
    if (most >= fewest) continue;
    best = equality;
    fewest = most;
  }
  return best;
}

function post(postings: Postings, name: string, value: string, position: number): void {
  const ofName = postings.get(name) ?? new Map<string, number[]>();
  postings.set(name, ofName);
  const positions = ofName.get(value);
  if (positions === undefined) ofName.set(value, [position]);
  else positions.push(position);
}
