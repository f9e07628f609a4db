import { compileRe2, type Re2, Re2Error, type Re2Limits } from "../expressions/re2.ts";
import type { LineSearch } from "../redaction/clean-lines.ts";

/**
 * What patterns that are looked for together may cost. One look for ten of them takes as long as for one (130 µs for 32 KiB, 1.4 ms one by
 * one); but the states of an automaton multiply, and with fifteen that look at hexadecimal text it took 20 times as long.
 */
const TOGETHER: Re2Limits = { programSizeMax: 250, stateWorkMax: 10_000 };
/** The first texts build the states that later ones find. Then a text that is too much tells of states that never end. */
const REFUSALS_MAX = 8;

/** By pattern: a search in many lines for as many of them as go together. What cannot be searched so has none. */
export function searchInLines(regexes: readonly string[]): Map<string, LineSearch> {
  return together(regexes.filter(holdsInLines));
}

/**
 * Whether a match in one line is a match among many lines, where `^` and `$` look at each of them. Not so where the beginning of
 * the whole text is meant; and quoting without an end would swallow what stands behind the pattern.
 */
export function holdsInLines(regex: string): boolean {
  return !/\\[AzQ]|\(\?\w*-\w*m/.test(regex);
}

function together(regexes: readonly string[]): Map<string, LineSearch> {
  if (regexes.length === 0) return new Map();
  const each = regexes.map((regex) => compileRe2(`(?m:${regex})`));
  const [only] = each;
  if (each.length === 1 && only !== undefined) return new Map(regexes.map((regex) => [regex, only]));
  try {
    const search = oneLook(compileRe2(each.map(({ pattern }) => pattern).join("|"), TOGETHER), each);
    return new Map(regexes.map((regex) => [regex, search]));
  } catch (error) {
    if (!(error instanceof Re2Error)) throw error;
    const middle = Math.ceil(regexes.length / 2);
    return new Map([...together(regexes.slice(0, middle)), ...together(regexes.slice(middle))]);
  }
}

/** One look for all of them, until it proves to be more work than a look for each. */
function oneLook(all: Re2, each: readonly Re2[]): LineSearch {
  let refusals = 0;
  return {
    isFoundIn(lines) {
      if (refusals < REFUSALS_MAX) {
        try {
          return all.isFoundIn(lines);
        } catch (error) {
          if (!(error instanceof Re2Error)) throw error;
          refusals += 1;
        }
      }
      return each.some((search) => search.isFoundIn(lines));
    },
  };
}
