/** One cell of a CSV file, and the line (from 1) on which it begins. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A text that is no CSV, and where. */
export class CsvError extends Error {
  override readonly name = "CsvError";
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * The rows of a CSV text as RFC 4180 has it: cells between commas, quotes around what has commas, quotes or line breaks in it, and
 * quotes doubled inside. Empty lines are passed over. Throws {@link CsvError}.
 */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let position = text.startsWith("\ufeff") ? 1 : 0;
  let line = 1;
  let rowLine = 1;
  while (position < text.length) {
    const cell = readCell(text, position, line);
    cells.push(cell.value);
    line += cell.lineBreaks;
    position = cell.end;
    if (text.charAt(position) === ",") {
      position += 1;
      // A comma at the very end has an empty cell after it.
      if (position < text.length) continue;
      cells.push("");
    }
    if (cells.length > 1 || cells[0] !== "") rows.push({ cells, line: rowLine });
    cells = [];
    position += text.startsWith("\r\n", position) ? 2 : 1;
    line += 1;
    rowLine = line;
  }
  return rows;
}

interface Cell {
  readonly value: string;
  readonly end: number;
  readonly lineBreaks: number;
}

function readCell(text: string, start: number, line: number): Cell {
  if (text.charAt(start) !== '"') {
    const [value = ""] = /^[^,\r\n]*/.exec(text.slice(start, endOfLine(text, start))) ?? [];
    if (value.includes('"')) throw new CsvError('a cell with " in it must stand in quotes', line);
    return { value, end: start + value.length, lineBreaks: 0 };
  }
  let end = start + 1;
  while (end < text.length && (text.charAt(end) !== '"' || text.charAt(end + 1) === '"'))
    end += text.charAt(end) === '"' ? 2 : 1;
  if (end >= text.length) throw new CsvError('a cell begins with " and never ends', line);
  if (!/^(?:[,\r\n]|$)/.test(text.slice(end + 1, end + 2)))
    throw new CsvError('after the closing " of a cell there must be a comma or the end of the line', line);
  const value = text.slice(start + 1, end).replaceAll('""', '"');
  return { value, end: end + 1, lineBreaks: value.split("\n").length - 1 };
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}
