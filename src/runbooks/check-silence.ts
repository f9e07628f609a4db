import { readMatchers } from "../expressions/matcher-problem.ts";
import { MatcherError, parseMatchers } from "../expressions/matchers.ts";
import { hasTemplate } from "../expressions/templates.ts";
import { type Path, recordOf } from "../platform/yaml.ts";
import { pathOf, type StepDraft } from "./draft.ts";
import type { Checking } from "./expressions.ts";
import { fitsMissingLabel, silencedLabels } from "./verbs/silence.ts";

/** What the schema cannot say about the matchers of a silence: values from outside are whole values, and not all alerts fit. */
export function checkSilence(checking: Checking, step: StepDraft): void {
  const { file } = checking.draft;
  const texts = matcherTexts(step);
  const before = checking.problems.length;
  for (const { path, text } of texts) {
    const problem = templateProblem(text);
    if (problem === undefined) readMatchers(file, path, text, checking.problems);
    else {
      const at = { offset: text.indexOf("${{"), length: 3 };
      checking.problems.push(file.problem(path, "template-in-matcher", problem, at));
    }
  }
  if (checking.problems.length > before || texts.length === 0) return;
  const labels = texts.flatMap(({ text }) => silencedLabels(text));
  if (!labels.every((label) => !hasTemplate(label.value) && fitsMissingLabel(label))) return;
  const message =
    "alerts without any of these labels fit too, and Alertmanager refuses that; name at least one label with its value";
  checking.problems.push(file.problem([...pathOf(step), "silence", "matchers"], "silences-all", message));
}

/** The matchers of the step as they stand in the file. */
function matcherTexts(step: StepDraft): { readonly path: Path; readonly text: string }[] {
  const listed = recordOf(step.raw["silence"])["matchers"];
  return (Array.isArray(listed) ? listed : []).flatMap((text: unknown, index) =>
    typeof text === "string" ? [{ path: [...pathOf(step), "silence", "matchers", index], text }] : [],
  );
}

/** The values that hold templates, and where they begin in the text that stands at their path. */
export function templatedValues(
  step: StepDraft,
): { readonly path: Path; readonly value: string; readonly at: number }[] {
  return matcherTexts(step).flatMap(({ path, text }) =>
    silencedLabels(text)
      .filter(({ value }) => hasTemplate(value))
      .map(({ value }) => ({ path, value, at: Math.max(0, text.indexOf(value)) })),
  );
}

/** A value is put in once the matcher is read, so it can only stand where a whole value stands. */
function templateProblem(text: string): string | undefined {
  if (!hasTemplate(text)) return undefined;
  const inRegex =
    "a value has no place in a regular expression: write = or !=, with a matcher for each value";
  try {
    const labels = parseMatchers(text);
    if (labels.some(({ name }) => hasTemplate(name))) return "the name of a label is a fixed text";
    return labels.some(({ operator, value }) => hasTemplate(value) && operator.endsWith("~"))
      ? inRegex
      : undefined;
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    if (/[=!]~\s*"/.test(text)) return inRegex;
    return 'a value stands in quotes, such as instance = "${{ inputs.host.name }}:9100"';
  }
}
