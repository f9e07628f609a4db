import { closestWord } from "../platform/problems.ts";

/** More names than this are no help. */
const LISTED_MAX = 20;

/** What to write instead of a name that is not known, to be put after the sentence that says so. */
export function adviceFor(word: string, known: readonly string[]): string {
  const meant = closestWord(word, known);
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  if (known.length === 0) return "; there are none";
  return known.length > LISTED_MAX ? "" : `; there are: ${known.join(", ")}`;
}
