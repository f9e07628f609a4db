import { ExpressionError, type Reference } from "../expressions/expression.ts";
import type { Step } from "../runbooks/runbook.ts";
import { renderStep } from "../runbooks/render.ts";
import { isLeftOut } from "../runs/dry-run.ts";
import type { ShownStep } from "../runs/step-context.ts";
import type { AttemptEnded, AttemptVerdict } from "./attempt.ts";
import type { Frame } from "./frames.ts";
import { declaredTextsOf } from "./secrets.ts";
import type { RunSession } from "./session.ts";
import { inputsOf } from "./variables.ts";

// A dry run goes the way of any run; what it leaves out is `skipped` and has no results. See docs/decisions/0019.

/** What is said of a step that was left out and has said what it would do. */
const SAID = "dry run: it was not carried out; its log says what it would do";

/** What became of a step that was left out: `skipped`, unless its preview failed or the run was stopped. */
export function leftOutVerdict({ result }: AttemptEnded): AttemptVerdict {
  const common = { facts: null, retryAfterMs: null, asksPeople: false };
  return result.status === "succeeded"
    ? { ...common, status: "skipped", message: SAID }
    : { ...common, status: result.status, message: result.message };
}

/** The step with `(secret-NAME)` in the place of each secret; null where an expression does not work with that. */
export function shownStep(
  session: RunSession,
  step: Step,
  variables: Readonly<Record<string, unknown>>,
): ShownStep | null {
  const { frame, opened } = session;
  const placeholder = (name: string) => [name, `(secret-${name})`] as const;
  const secrets = Object.fromEntries(frame.runbook.secrets.map(placeholder));
  const inputs = inputsOf(session, {
    ...opened,
    secrets: new Map([...opened.secrets.keys()].map(placeholder)),
  });
  try {
    const { action, env } = renderStep(frame.body, step, { ...variables, secrets, inputs });
    return { spec: action.spec, env };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return null;
  }
}

/** In a dry run, why the step's `if` cannot be judged; null when it can. */
export function conditionLeftOut(session: RunSession, step: Step): string | null {
  return session.run.isDryRun ? leftOutValue(session, step.if?.references ?? []) : null;
}

/**
 * In a dry run, why the step cannot be carried out: it reads what a step would have given that was left out. Null when it can.
 * The loader has refused to read without a guard what may be missing in a run that is no dry run.
 */
export function inputLeftOut(session: RunSession, step: Step): string | null {
  if (!session.run.isDryRun) return null;
  const { templates } = session.frame.body;
  // Of a step that is left out nothing is judged.
  const expressions = isLeftOut(session.run, step) ? [] : [step.until, step.failIf, ...step.outputs.values()];
  return leftOutValue(session, [
    ...declaredTextsOf(step).flatMap((text) => templates.get(text)?.references ?? []),
    ...expressions.flatMap((expression) => expression?.references ?? []),
  ]);
}

function leftOutValue(session: RunSession, references: readonly Reference[]): string | null {
  for (const { path, isGuarded } of references) {
    const [root, id, field] = path;
    if (root !== "steps" || id === undefined || field === undefined || field === "status" || isGuarded)
      continue;
    if (stateOf(session, session.frame, id) !== "skipped") continue;
    return `dry run: it needs ${path.join(".")}, which only a run that carries out step ${id} has`;
  }
  return null;
}

/** By the id that the step has in its own runbook, from the innermost steps outwards. */
function stateOf(session: RunSession, frame: Frame | null, id: string): string | undefined {
  if (frame === null) return undefined;
  return session.steps.get(`${frame.around}${id}`)?.state ?? stateOf(session, frame.outer, id);
}
