// Plain text for people: the same with and without a terminal.

/**
 * What control characters would do to a terminal is shown instead of done: values come from alerts and from other people. Also those
 * that turn the direction of writing or have no width.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) =>
      ESCAPES.get(character) ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

const GAP = "  ";

/** Columns as wide as their widest cell, two spaces apart; one line a row, nothing at the end of a line. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => lengthOf(cells[column] ?? ""))));
  return lines
    .map((cells) => cells.map((cell, column) => cell + padding(cell, widths[column] ?? 0)))
    .map((cells) => `${cells.join(GAP).trimEnd()}\n`)
    .join("");
}

/** `name: value` lines, the values below each other; those without a value are left out. */
export function formatFacts(facts: readonly (readonly [string, string | null])[]): string {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== "");
  const width = Math.max(...known.map(([name]) => name.length)) + 1;
  return known.map(([name, value]) => `${`${name}:`.padEnd(width)} ${printable(value)}\n`).join("");
}

/** A time of the API without its fractions of a second. */
export function shortTime(time: string | null): string {
  return time === null ? "" : time.replace(/\.\d+Z$/, "Z");
}

function padding(cell: string, width: number): string {
  return " ".repeat(width - lengthOf(cell));
}

/** In characters as people count them: a terminal shows most of them in one column. */
function lengthOf(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length;
}
