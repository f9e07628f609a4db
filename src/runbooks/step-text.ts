import { ExpressionError } from "../expressions/expression.ts";
import { formatDurationMs } from "../platform/durations.ts";
import { renderText } from "./render.ts";
import type { Body, Specs, Step } from "./runbook.ts";

/** Enough to know what is meant; the runbook has the whole. */
const TEXT_CHARS_MAX = 500;

/**
 * What a step is, in words for people, with what is known before the run: `command systemctl restart nginx as root`. What only the
 * run will know stays as it is written, `${{ steps.look.outputs.pid }}`; so do secrets that are absent from the variables.
 */
export function stepText(
  step: Step,
  templates: Body["templates"],
  variables: Readonly<Record<string, unknown>>,
): string {
  const render = (source: string) => {
    try {
      return renderText(templates, source, variables);
    } catch (error) {
      if (error instanceof ExpressionError) return source;
      throw error;
    }
  };
  const who = step.become === null ? "" : ` as ${step.become}`;
  const text = `${wordsOf(step, render)}${who}`.replaceAll(/\s+/g, " ").trim();
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : text;
}

function wordsOf(step: Step, render: (source: string) => string): string {
  switch (step.verb) {
    case "run":
      return scriptWords(step.spec);
    case "command":
      return `command ${commandWords(step.spec, render)}`;
    case "collect":
      return `gather ${collectedThings(step.spec, render).join(", ")}`;
    case "put":
      return `write ${render(step.spec.to)}`;
    case "http":
      return `send ${step.spec.method} ${render(step.spec.url)}`;
    case "prometheus":
      return `ask Prometheus ${step.spec.query}`;
    case "wait":
      return step.spec.durationMs === null ? "wait" : `wait ${formatDurationMs(step.spec.durationMs)}`;
    case "notify":
      return `tell ${step.spec.to}: ${render(step.spec.title ?? step.spec.text)}`;
    case "silence":
      return silenceWords(step.spec, render);
    case "annotate":
      return `mark at ${step.spec.source}: ${render(step.spec.text)}`;
    case "approve":
      return approveWords(step.spec);
    case "for_each":
      return `for each of ${step.spec.input}, as ${step.spec.as}`;
    case "runbook":
      return `runbook ${step.spec.name}`;
  }
}

function scriptWords({ script, shell }: Specs["run"]): string {
  const lines = script.trimEnd().split("\n").length;
  return `script of ${lines === 1 ? "1 line" : `${lines} lines`} with ${shell}`;
}

/** As in a shell, so that it is seen where one argument ends. */
function commandWords(command: readonly string[], render: (source: string) => string): string {
  return command
    .map(render)
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

function collectedThings(
  { paths, journal, commands }: Specs["collect"],
  render: (source: string) => string,
): string[] {
  return [
    ...paths.map(render),
    ...(journal === null ? [] : [`the journal of ${render(journal.unit)}`]),
    ...commands.map((command) => `the output of ${commandWords(command, render)}`),
  ];
}

function silenceWords(
  { source, matchers, forMs }: Specs["silence"],
  render: (source: string) => string,
): string {
  const labels = matchers.map(
    ({ name, operator, value }) => `${name}${operator}${JSON.stringify(render(value))}`,
  );
  return `silence at ${source} for ${formatDurationMs(forMs)} at most: ${labels.join(", ")}`;
}

function approveWords({ from, count, message }: Specs["approve"]): string {
  const whom = from.length === 0 ? "those who may approve" : from.join(", ");
  return `ask ${whom} for the yes of ${count}${message === null ? "" : `: ${message}`}`;
}
