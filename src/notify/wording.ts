import { ExpressionError, type Scope } from "../expressions/cel.ts";
import { compileTemplate, type Template } from "../expressions/templates.ts";

/** How somebody wants to be told; null: in Nightshift's own words. */
export interface NoticeWording {
  readonly title: Template | null;
  readonly text: Template | null;
}

/** What `title` and `text` of the settings may use. What is not known of a notice is missing: it is then told in our own words. */
export const NOTICE_SCOPE: Scope = {
  notice: { fields: { event: "string", title: "string", text: "string", url: "string" } },
  run: {
    fields: {
      id: "string",
      runbook: "string",
      status: "string",
      outcome: "string",
      failed_step: "string",
      message: "string",
      rule: "string",
      principal: "string",
      hosts: "list<string>",
    },
  },
  alert: {
    fields: {
      status: "string",
      labels: "map<string, string>",
      annotations: "map<string, string>",
      fingerprint: "string",
      source: "string",
    },
  },
};

/** Throws ExpressionError, with offsets in the text that is wrong. */
export function compileWording(source: {
  readonly title?: string | undefined;
  readonly text?: string | undefined;
}): NoticeWording {
  const compile = (text: string | undefined) =>
    text === undefined ? null : compileTemplate(text, NOTICE_SCOPE);
  return { title: compile(source.title), text: compile(source.text) };
}

/** The text, or the one that is there without it: somebody must be told even if a label that the template names is missing. */
export function wordOr(
  template: Template | null,
  own: string,
  variables: Readonly<Record<string, unknown>>,
): string {
  if (template === null) return own;
  try {
    const rendered = template.render(variables);
    if (typeof rendered === "string") return rendered === "" ? own : rendered;
    return rendered === null || rendered === undefined ? own : JSON.stringify(rendered);
  } catch (error) {
    if (error instanceof ExpressionError) return own;
    throw error;
  }
}
