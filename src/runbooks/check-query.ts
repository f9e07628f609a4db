import { hasTemplate } from "../expressions/templates.ts";
import type { Path } from "../platform/yaml.ts";
import type { Checking } from "./expressions.ts";
import { type PrometheusSpec, queryVariables } from "./verbs/prometheus.ts";

/** A query with its variables, and where they stand. */
export interface QueryPlace extends Pick<PrometheusSpec, "query" | "vars"> {
  /** Of the mapping that has `vars`. */
  readonly path: Path;
  readonly queryPath: Path;
}

/** What the schema cannot say about a query: no value from outside inside its text, and every `$name` is in `vars`. */
export function checkQuery(checking: Checking, place: QueryPlace): void {
  const { query, vars, path } = place;
  const { file } = checking.draft;
  if (hasTemplate(query)) {
    const message =
      "a value inside a query would become part of it; bind it: vars: {name: ...}, and write $name in the query";
    const at = { offset: query.indexOf("${{"), length: 3 };
    checking.problems.push(file.problem(place.queryPath, "template-in-query", message, at));
    return;
  }
  checkVariables(checking, place);
  for (const [name, variable] of Object.entries(vars)) {
    if (variable.kind !== "regex_of" || !hasTemplate(variable.then)) continue;
    const message = "then is a fixed regular expression";
    checking.problems.push(file.problem([...path, "vars", name, "then"], "template-not-here", message));
  }
}

function checkVariables(checking: Checking, { path, queryPath, query, vars }: QueryPlace): void {
  const { file } = checking.draft;
  const uses = queryVariables(query);
  for (const { name, offset, isInString } of uses) {
    const isKnown = Object.hasOwn(vars, name);
    if (isKnown !== isInString) continue;
    const message = isInString
      ? `$${name} stands inside a string, where nothing replaces it; write it bare, as in instance=~$${name}`
      : `the query uses $${name}, which is not in vars`;
    const place = { offset, length: name.length + 1 };
    const code = isInString ? "variable-in-string" : "unknown-variable";
    checking.problems.push(file.problem(queryPath, code, message, place));
  }
  for (const name of Object.keys(vars)) {
    if (uses.some((use) => use.name === name)) continue;
    const message = `the query has no $${name}`;
    checking.problems.push(
      file.problem([...path, "vars", name], "unused-variable", message, { onKey: true }),
    );
  }
}
