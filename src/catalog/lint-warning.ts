import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { LintCode } from "./lint-codes.ts";

/** What lints of one file have at hand. */
export interface Linted {
  readonly file: YamlFile;
  readonly problems: FileProblem[];
}

/** Warns at a path of the file, or with `onKey` at its last key. */
export function warn(
  { file, problems }: Linted,
  path: Path,
  code: LintCode,
  message: string,
  onKey = false,
): void {
  problems.push(file.problem(path, code, message, { onKey, severity: "warning" }));
}
