import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { FileProblem } from "../platform/problems.ts";
import type { YamlFile } from "../platform/yaml.ts";
import type { Input } from "../runbooks/inputs.ts";
import type { Option } from "../runbooks/inputs/kind.ts";
import { isUnprintable } from "../runbooks/inputs/text.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import { adviceFor } from "./advice.ts";
import type { CatalogFile, CatalogSource } from "./catalog.ts";
import { readText } from "./files.ts";
import { readTable, type TableRow } from "./option-rows.ts";

type Runbooks = ReadonlyMap<string, { readonly runbook: Runbook; readonly file: YamlFile }>;

/** Runbooks with the options that their files have, and these files. */
export interface LoadedOptions {
  readonly runbooks: Runbooks;
  readonly files: readonly CatalogFile[];
}

const VALUE_CHARS_MAX = 1024;

/** Reads what `options_from` of any input names, each file once. An input whose file has a problem is left without rows. */
export async function readOptions(
  source: CatalogSource,
  runbooks: Runbooks,
  problems: FileProblem[],
): Promise<LoadedOptions> {
  const tables = new Map<string, TableRow[] | undefined>();
  const files: CatalogFile[] = [];
  const filled = new Map<string, { runbook: Runbook; file: YamlFile }>();
  for (const [name, { runbook, file }] of runbooks) {
    const inputs = new Map(runbook.inputs);
    for (const input of runbook.inputs.values()) {
      const from = optionsFrom(input);
      if (from === undefined) continue;
      const path = ["inputs", input.name, "options_from"];
      const place = { file, path, problems };
      const known = problems.length;
      const found = findFile(source, place, from.file);
      if (found !== undefined && !tables.has(found)) {
        const { text, sha256 } = await readText(found, problems);
        if (text === undefined)
          problems.push(file.problem([...path, "file"], "unreadable-file", `${from.file} cannot be read`));
        else files.push({ kind: "options", file: found, sha256 });
        tables.set(found, text === undefined ? undefined : readTable(found, text, problems));
      }
      const table = tables.get(found ?? "");
      const rows = table === undefined ? undefined : toOptions(place, from, table);
      if (rows !== undefined && problems.length === known) inputs.set(input.name, { ...input, rows });
    }
    filled.set(name, { runbook: { ...runbook, inputs }, file });
  }
  return { runbooks: filled, files };
}

interface OptionsFrom {
  readonly file: string;
  readonly value: string;
  readonly label?: string | undefined;
}

function optionsFrom(input: Input): OptionsFrom | undefined {
  return input.type === "choice" || input.type === "multi_choice" ? input.spec.options_from : undefined;
}

interface Place {
  readonly file: YamlFile;
  readonly path: readonly string[];
  readonly problems: FileProblem[];
}

/** Relative to the runbook's file. What is chosen from is configuration, so it stands with it and nowhere else. */
function findFile(source: CatalogSource, { file, path, problems }: Place, name: string): string | undefined {
  const report = (message: string) => {
    problems.push(file.problem([...path, "file"], "invalid-value", message));
  };
  if (!/\.(ya?ml|json|csv)$/i.test(name)) {
    report("options are read from files that end in .yml, .yaml, .json or .csv");
    return undefined;
  }
  const found = join(dirname(file.file), name);
  const isInside = [source.folder, dirname(file.file)].some((folder) => {
    const inner = relative(resolve(folder), resolve(found));
    return !inner.startsWith("..") && !isAbsolute(inner);
  });
  if (isAbsolute(name) || !isInside) {
    report("the file must be named relative to the runbook's, and stand in the folder of the configuration");
    return undefined;
  }
  return found;
}

/** Undefined, with what is wrong pushed, when a row has no value or no label that can be shown and chosen. */
function toOptions(
  { file, path, problems }: Place,
  { value: valueColumn, label: labelColumn }: OptionsFrom,
  table: readonly TableRow[],
): Option[] | undefined {
  const before = problems.length;
  const columns = [...new Set(table.flatMap(({ row }) => Object.keys(row)))];
  for (const [key, column] of [
    ["value", valueColumn],
    ["label", labelColumn ?? valueColumn],
  ] as const) {
    if (columns.includes(column)) continue;
    const message = `the file has no column "${column}"${adviceFor(column, columns)}`;
    problems.push(file.problem([...path, key], "unknown-column", message));
  }
  if (problems.length > before) return undefined;
  const options: Option[] = [];
  const values = new Set<string>();
  for (const place of table) {
    const { row } = place;
    const value = row[valueColumn];
    const label = row[labelColumn ?? valueColumn];
    const wrong =
      textProblem(value) ??
      (typeof value === "string" && values.has(value) ? "stands there twice" : undefined);
    if (wrong !== undefined)
      problems.push(place.problem(valueColumn, "invalid-options", `the value ${wrong}`));
    const wrongLabel = labelColumn === undefined ? undefined : textProblem(label);
    if (wrongLabel !== undefined)
      problems.push(place.problem(labelColumn ?? "", "invalid-options", `the label ${wrongLabel}`));
    if (typeof value !== "string" || typeof label !== "string") continue;
    values.add(value);
    options.push({ value, label, row });
  }
  return problems.length > before ? undefined : options;
}

/** The same as for texts of people: what is chosen may become an argument. */
function textProblem(text: unknown): string | undefined {
  if (text === undefined || text === null || text === "") return "is missing in this row";
  if (typeof text !== "string") return "must be text; write it in quotes";
  if (text.length > VALUE_CHARS_MAX) return `has more than ${VALUE_CHARS_MAX} characters`;
  if (isUnprintable(text)) return "has a line break or another control character in it";
  return text.startsWith("-") ? "begins with -, so it could be taken for an option" : undefined;
}
