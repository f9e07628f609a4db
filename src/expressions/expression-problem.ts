import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { ExpressionError } from "./expression.ts";

/** The error of an expression or template that stands at `path`, with the caret inside the scalar. */
export function expressionProblem(file: YamlFile, path: Path, error: ExpressionError): FileProblem {
  return file.problem(path, `expression-${error.code}`, error.message, {
    offset: error.start,
    length: Math.max(1, error.end - error.start),
  });
}
