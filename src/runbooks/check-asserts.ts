import type { Expression } from "../expressions/expression.ts";
import { hasTemplate } from "../expressions/templates.ts";
import { closestWord } from "../platform/problems.ts";
import { type Path, recordOf } from "../platform/yaml.ts";
import { type AssertEntry, assertSchema } from "./assert-schema.ts";
import { checkQuery } from "./check-query.ts";
import { type Checking, checkExpression, checkTemplate } from "./expressions.ts";
import type { Assert } from "./runbook.ts";

/** Compiles the asserts of a runbook. Problems are pushed; an assert that has one is left out. */
export function compileAsserts(checking: Checking): Assert[] {
  const entries = checking.draft.raw["asserts"];
  if (!Array.isArray(entries)) return [];
  checkNames(checking, entries);
  return entries.flatMap((raw: unknown, index) => {
    const entry = checking.draft.entry?.asserts[index] ?? assertSchema.safeParse(raw).data;
    return compileAssert(checking, ["asserts", index], raw, entry) ?? [];
  });
}

function compileAssert(
  checking: Checking,
  path: Path,
  raw: unknown,
  entry: AssertEntry | undefined,
): Assert | undefined {
  const { expect, before, name, message, prometheus } = recordOf(raw);
  for (const [key, text] of Object.entries({ name, message }))
    if (typeof text === "string" && hasTemplate(text))
      report(checking, [...path, key], "template-not-here", `an assert's ${key} is a fixed text`);
  checkSteps(checking, [...path, "before"], before);
  const compiled = compileExpect(checking, [...path, "expect"], expect, prometheus !== undefined);
  if (entry === undefined) return undefined;
  checkAssertQuery(checking, path, entry, prometheus);
  if (compiled === undefined) return undefined;
  return {
    name: entry.name,
    prometheus: entry.prometheus ?? null,
    expect: compiled,
    before: entry.before,
    message: entry.message,
  };
}

function report(checking: Checking, path: Path, code: string, message: string): void {
  checking.problems.push(checking.draft.file.problem(path, code, message));
}

function checkNames(checking: Checking, entries: readonly unknown[]): void {
  const names = entries.map((entry) => recordOf(entry)["name"]);
  for (const [index, name] of names.entries())
    if (typeof name === "string" && names.indexOf(name) !== index)
      report(
        checking,
        ["asserts", index, "name"],
        "repeated-name",
        `an earlier assert has the name "${name}" already`,
      );
}

function checkSteps(checking: Checking, path: Path, before: unknown): void {
  const known = checking.draft.steps.map((step) => step.id);
  for (const [index, id] of Array.isArray(before) ? before.entries() : []) {
    if (typeof id !== "string" || known.includes(id)) continue;
    const meant = closestWord(id, known);
    const advice = meant === undefined ? `steps: ${known.join(", ") || "none"}` : `did you mean "${meant}"?`;
    report(checking, [...path, index], "unknown-step", `there is no step "${id}"; ${advice}`);
  }
}

function compileExpect(
  checking: Checking,
  path: Path,
  text: unknown,
  hasValue: boolean,
): Expression | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  const place = { kind: "assert", hasValue } as const;
  return checkExpression(checking, { path, text, place, present: [] }, "bool");
}

function checkAssertQuery(checking: Checking, path: Path, entry: AssertEntry, raw: unknown): void {
  if (entry.prometheus === undefined) return;
  const { query, vars } = entry.prometheus;
  const at = [...path, "prometheus"];
  checkQuery(checking, { path: at, queryPath: typeof raw === "string" ? at : [...at, "query"], query, vars });
  const place = { kind: "assert", hasValue: false } as const;
  for (const [name, variable] of Object.entries(vars)) {
    const inner = variable.kind === "regex_of" ? ["regex_of"] : [];
    const source = { path: [...at, "vars", name, ...inner], text: variable.value, place, present: [] };
    checkTemplate(checking, source, true);
  }
}
