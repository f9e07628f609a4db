/** One line of a comparison of two lists. */
export type DiffLine<Expected, Got> =
  | { readonly kind: "same"; readonly expected: Expected; readonly got: Got }
  | { readonly kind: "missing"; readonly expected: Expected }
  | { readonly kind: "surplus"; readonly got: Got };

/** Pairs beyond which the lists are compared position by position. */
const PAIRS_MAX = 250_000;

/** The shortest way from what was expected to what was got: what is in both, in order, stays. */
export function diffLists<Expected, Got>(
  expected: readonly Expected[],
  got: readonly Got[],
  fits: (expected: Expected, got: Got) => boolean,
): DiffLine<Expected, Got>[] {
  const isLong = expected.length * got.length > PAIRS_MAX;
  const lengths = isLong ? null : commonLengths(expected, got, fits);
  const lines: DiffLine<Expected, Got>[] = [];
  let left = 0;
  let right = 0;
  while (left < expected.length || right < got.length) {
    const wanted = expected[left];
    const found = got[right];
    if (wanted !== undefined && found !== undefined && fits(wanted, found)) {
      lines.push({ kind: "same", expected: wanted, got: found });
      left += 1;
      right += 1;
      continue;
    }
    const isBetterLeft =
      lengths === null
        ? left <= right
        : (lengths[left + 1]?.[right] ?? 0) >= (lengths[left]?.[right + 1] ?? 0);
    if (wanted !== undefined && (found === undefined || isBetterLeft)) {
      lines.push({ kind: "missing", expected: wanted });
      left += 1;
    } else if (found !== undefined) {
      lines.push({ kind: "surplus", got: found });
      right += 1;
    }
  }
  return lines;
}

/** The length of the longest common part of the rests of both lists, from each position on. */
function commonLengths<Expected, Got>(
  expected: readonly Expected[],
  got: readonly Got[],
  fits: (expected: Expected, got: Got) => boolean,
): number[][] {
  const lengths = Array.from({ length: expected.length + 1 }, () =>
    Array.from({ length: got.length + 1 }, () => 0),
  );
  for (let left = expected.length - 1; left >= 0; left -= 1) {
    for (let right = got.length - 1; right >= 0; right -= 1) {
      const [wanted, found] = [expected[left], got[right]];
      const isSame = wanted !== undefined && found !== undefined && fits(wanted, found);
      const row = lengths[left];
      if (row === undefined) continue;
      row[right] = isSame
        ? 1 + (lengths[left + 1]?.[right + 1] ?? 0)
        : Math.max(lengths[left + 1]?.[right] ?? 0, row[right + 1] ?? 0);
    }
  }
  return lengths;
}
