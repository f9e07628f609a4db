import type { FileProblem } from "../platform/problems.ts";
import { YamlFile } from "../platform/yaml.ts";
import { CsvError, parseCsv } from "./csv.ts";

/** One row of a file of options, with where it stands. */
export interface TableRow {
  readonly row: Readonly<Record<string, unknown>>;
  /** A problem at the row's column, or at the row where it has none. */
  problem(column: string, code: string, message: string): FileProblem;
}

/** More than anybody chooses from. */
const ROWS_MAX = 5_000;

/** Of one row, since it becomes part of a plan. */
const ROW_CHARS_MAX = 16 * 1024;

/** The rows of a YAML, JSON or CSV text; undefined, with what is wrong pushed, when there are none that can be used. */
export function readTable(file: string, text: string, problems: FileProblem[]): TableRow[] | undefined {
  const rows = /\.csv$/i.test(file) ? csvRows(file, text, problems) : yamlRows(file, text, problems);
  if (rows === undefined) return undefined;
  const whole = (message: string) => problemAt(file, text, 1, "invalid-options", message);
  if (rows.length === 0)
    problems.push(whole("there is no row in the file, so there would be nothing to choose"));
  if (rows.length > ROWS_MAX) problems.push(whole(`the file has more than ${ROWS_MAX} rows`));
  return rows.length === 0 || rows.length > ROWS_MAX ? undefined : rows;
}

function yamlRows(file: string, text: string, problems: FileProblem[]): TableRow[] | undefined {
  const yaml = YamlFile.parse(file, text, problems);
  if (yaml === undefined) return undefined;
  if (!Array.isArray(yaml.value)) {
    const message = "a list of rows is needed, such as - {name: db-1, region: eu}";
    problems.push(yaml.problem([], "invalid-options", message));
    return undefined;
  }
  const rows: TableRow[] = [];
  let isGood = true;
  for (const [index, row] of (yaml.value as readonly unknown[]).entries()) {
    const message = rowProblem(row);
    if (message === undefined && isRow(row))
      rows.push({
        row,
        problem: (column, code, text) => yaml.problem([index, column], code, text),
      });
    else {
      isGood = false;
      problems.push(yaml.problem([index], "invalid-options", message ?? "this is no row"));
    }
  }
  return isGood ? rows : undefined;
}

function isRow(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === "object" && row !== null && !Array.isArray(row);
}

/** What a row holds becomes part of a plan, which is JSON. */
function rowProblem(row: unknown): string | undefined {
  if (!isRow(row)) return "a row has columns, such as {name: db-1, region: eu}";
  let isJson = true;
  const text = JSON.stringify(row, (_key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) isJson = false;
    return value;
  });
  if (!isJson) return "a row cannot hold .inf or .nan; write it in quotes";
  return text.length > ROW_CHARS_MAX ? `a row has at most ${ROW_CHARS_MAX} characters` : undefined;
}

function csvRows(file: string, text: string, problems: FileProblem[]): TableRow[] | undefined {
  const at = (line: number, message: string, code = "invalid-options") =>
    problemAt(file, text, line, code, message);
  try {
    const [header, ...rows] = parseCsv(text);
    if (header === undefined) return [];
    const repeated = header.cells.find((name, index) => header.cells.indexOf(name) !== index);
    if (repeated !== undefined) {
      problems.push(at(header.line, `two columns are named "${repeated}"`));
      return undefined;
    }
    const wrong = rows.filter(({ cells }) => cells.length !== header.cells.length);
    for (const { line, cells } of wrong)
      problems.push(
        at(line, `this row has ${cells.length} cells, and the first line has ${header.cells.length}`),
      );
    if (wrong.length > 0) return undefined;
    return rows.map(({ cells, line }) => ({
      row: Object.fromEntries(header.cells.map((name, index) => [name, cells[index] ?? ""])),
      problem: (_column, code, message) => at(line, message, code),
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    problems.push(at(error.line, error.message));
    return undefined;
  }
}

function problemAt(file: string, text: string, line: number, code: string, message: string): FileProblem {
  const sourceLine = text.split("\n")[line - 1]?.replace(/\r$/, "") ?? "";
  const length = Math.max(1, sourceLine.length);
  return { file, line, column: 1, length, severity: "error", code, message, sourceLine };
}
