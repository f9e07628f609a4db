const CONTEXT_LINES = 3;
/** Beyond it the table of the comparison would take too much memory: all of both is shown. */
const CELLS_MAX = 16_000_000;

type Line = { readonly kind: " " | "-" | "+"; readonly text: string };

/** The lines that differ between two texts, with some around them, as `diff -u` shows them; each line ends with a line feed. */
export function lineDiff(before: string, after: string): string {
  const lines = compare(toLines(before), toLines(after));
  const isNear = Array.from({ length: lines.length }, () => false);
  for (const [index, line] of lines.entries())
    if (line.kind !== " ") isNear.fill(true, Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1);
  const shown: string[] = [];
  let [oldLine, newLine, isOpen] = [1, 1, false];
  for (const [index, { kind, text }] of lines.entries()) {
    if (isNear[index] === true) {
      if (!isOpen) shown.push(`@@ -${oldLine} +${newLine} @@\n`);
      shown.push(`${kind}${text}\n`);
    }
    isOpen = isNear[index] === true;
    if (kind !== "+") oldLine += 1;
    if (kind !== "-") newLine += 1;
  }
  return shown.join("");
}

/** A text that does not end with a line feed says so, since that may be all the difference. */
function toLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines.push("\\ no line feed at the end");
  return lines;
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end += 1;
  const same = (texts: readonly string[]): Line[] => texts.map((text) => ({ kind: " ", text }));
  return [
    ...same(before.slice(0, start)),
    ...compareMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(end === 0 ? [] : before.slice(-end)),
  ];
}

/** By the longest common subsequence. */
function compareMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const removed = before.map((text): Line => ({ kind: "-", text }));
  const added = after.map((text): Line => ({ kind: "+", text }));
  const width = after.length + 1;
  if ((before.length + 1) * width > CELLS_MAX || before.length === 0 || after.length === 0)
    return [...removed, ...added];
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]];
    if (old !== undefined && old === fresh) {
      lines.push({ kind: " ", text: old });
      [row, column] = [row + 1, column + 1];
    } else if (old !== undefined && (fresh === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ kind: "-", text: old });
      row += 1;
    } else {
      lines.push({ kind: "+", text: fresh ?? "" });
      column += 1;
    }
  }
  return lines;
}
