/** More alerts than the largest storm that Alertmanager sends in one body. */
export const EXPANDED_MAX = 10_000;

const RANGE = /\{(\d+)\.\.(\d+)\}/;

/** `web-{1..3}:9100` as its three texts; leading zeros keep their width (`{01..10}`). Undefined when there are too many. */
export function expandRanges(text: string): readonly string[] | undefined {
  const found = RANGE.exec(text);
  if (found === null) return [text];
  const [whole, from = "", to = ""] = found;
  const numbers = numbersBetween(from, to);
  if (numbers === undefined) return undefined;
  const before = text.slice(0, found.index);
  const after = expandRanges(text.slice(found.index + whole.length));
  if (after === undefined || numbers.length * after.length > EXPANDED_MAX) return undefined;
  return numbers.flatMap((number) => after.map((rest) => `${before}${number}${rest}`));
}

/** Every combination of the values' ranges, the last label turning fastest. Undefined when there are too many. */
export function expandLabels(
  labels: readonly (readonly [string, string])[],
): readonly (readonly (readonly [string, string])[])[] | undefined {
  let sets: (readonly (readonly [string, string])[])[] = [[]];
  for (const [name, text] of labels) {
    const values = expandRanges(text);
    if (values === undefined || values.length * sets.length > EXPANDED_MAX) return undefined;
    sets = sets.flatMap((set) => values.map((value) => [...set, [name, value] as const]));
  }
  return sets;
}

function numbersBetween(from: string, to: string): readonly string[] | undefined {
  const first = Number(from);
  const last = Number(to);
  const count = Math.abs(last - first) + 1;
  if (!Number.isSafeInteger(count) || count > EXPANDED_MAX) return undefined;
  const step = last < first ? -1 : 1;
  const isPadded = [from, to].some((text) => text.length > 1 && text.startsWith("0"));
  const width = isPadded ? Math.max(from.length, to.length) : 0;
  return Array.from({ length: count }, (_, index) => String(first + index * step).padStart(width, "0"));
}
