import { ExpressionError } from "../expressions/expression.ts";
import type { PlaceValue } from "../expressions/templates.ts";
import type { Action, Runbook, Step } from "./runbook.ts";
import { placeInUrl } from "./verbs/http-url.ts";
import type { PutSpec } from "./verbs/put.ts";

/** A step's own part with every `${{ }}` in it replaced by its value. */
export interface RenderedStep {
  readonly action: Action;
  readonly env: Readonly<Record<string, string>>;
}

type Templates = Runbook["templates"];
type Variables = Readonly<Record<string, unknown>>;

/**
 * What the step will do with these variables. Everything is text afterwards but the values inside `http.json`. Throws
 * ExpressionError for a value that is missing, or that has no text form where text is needed.
 */
export function renderStep(
  runbook: Pick<Runbook, "templates">,
  step: Step,
  variables: Variables,
): RenderedStep {
  const text = (source: string) => renderText(runbook.templates, source, variables);
  const env = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, text(value)]));
  return { action: renderAction(step, runbook.templates, variables), env };
}

function renderAction(step: Step, templates: Templates, variables: Variables): Action {
  const text = (source: string) => renderText(templates, source, variables);
  const { verb } = step;
  if (step.verb === "http") {
    const { payload, url, ...rest } = step.spec;
    const rendered =
      payload.kind === "json"
        ? { kind: "json" as const, json: renderTemplates(payload.json, templates, variables) }
        : mapTexts(payload, text);
    const place = renderText(templates, url, variables, placeInUrl);
    return { verb: "http", spec: { ...mapTexts(rest, text), url: place, payload: rendered } };
  }
  if (step.verb === "put") {
    const { from, ...rest } = step.spec;
    return { verb: "put", spec: { ...mapTexts(rest, text), from: renderContent(from, text, variables) } };
  }
  return { verb, spec: mapTexts(step.spec, text) } as Action;
}

/** What an input holds: its text, or the place of the file that was uploaded for it. */
function renderContent(
  from: PutSpec["from"],
  text: (source: string) => string,
  { inputs }: Variables,
): PutSpec["from"] {
  if (from.kind !== "input") return mapTexts(from, text);
  const value: unknown = Reflect.get(Object(inputs), from.input);
  if (typeof value === "string") return { kind: "text", text: value };
  if (typeof value === "object" && value !== null && "path" in value)
    return { kind: "file", path: String(value.path) };
  throw new ExpressionError("missing", `input "${from.input}" holds nothing that can be put`, 0, 0);
}

/** The text of a template, or the text itself when it has no template in it. `place`: see {@link Template.render}. */
export function renderText(
  templates: Templates,
  source: string,
  variables: Variables,
  place?: PlaceValue,
): string {
  const template = templates.get(source);
  if (template === undefined) return source;
  const value = template.render(variables, place);
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const kind = value === null ? "nothing" : Array.isArray(value) ? "a list" : "an object";
  throw new ExpressionError("type", `${source} gives ${kind} where text is needed`, 0, source.length);
}

/** A value with every template in it rendered; one that is a single expression keeps the type of its value. */
export function renderTemplates(value: unknown, templates: Templates, variables: Variables): unknown {
  return mapTexts(value, (source) => {
    const template = templates.get(source);
    return template === undefined ? source : template.render(variables);
  });
}

/** The same structure with each text replaced. */
function mapTexts<Value>(value: Value, replace: (text: string) => unknown): Value {
  if (typeof value === "string") return replace(value) as Value;
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, replace)) as Value;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mapTexts(item as unknown, replace)]);
  return Object.fromEntries(entries) as Value;
}
