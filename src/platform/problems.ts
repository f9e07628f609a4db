/** A position in a file that an operator wrote; lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a file that an operator wrote. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many characters the caret marks, at least 1. */
  readonly length: number;
  readonly severity: "error" | "warning";
  /** A stable kebab-case name, such as `unknown-key`. */
  readonly code: string;
  readonly message: string;
  /** The line of the file the position is on, empty when there is none. */
  readonly sourceLine: string;
}

/** `file:line:col: code: message`, then the source line and a caret below the place. */
export function formatProblem(problem: FileProblem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.severity === "warning" ? "warning: " : ""}${problem.code}: ${problem.message}`;
  if (problem.sourceLine === "") return head;
  const shown = problem.sourceLine.replaceAll("\t", " ");
  const caretRoom = Math.max(1, shown.length - problem.column + 1);
  const caret = `${" ".repeat(problem.column - 1)}^${"~".repeat(Math.max(0, Math.min(problem.length, caretRoom) - 1))}`;
  return `${head}\n  ${shown}\n  ${caret}`;
}

/** The closest of the known words within two edits, for "did you mean". */
export function closestWord(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
