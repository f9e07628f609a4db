import type { Redaction } from "../redaction/redaction.ts";
import type { OpenedInputs } from "../runbooks/input-variables.ts";
import type { StepFacts } from "../runs/records.ts";
import type { AttemptResult } from "../runs/step-context.ts";
import type { EngineDependencies } from "./dependencies.ts";
import type { RunEnding } from "./end-run.ts";

/** Takes out the secrets of the settings, and those that the run was given. */
export function redactionOf(session: {
  readonly dependencies: Pick<EngineDependencies, "redaction">;
  readonly opened?: OpenedInputs;
}): Redaction {
  const { redaction } = session.dependencies;
  return session.opened === undefined ? redaction : redaction.including(session.opened.secrets);
}

/** What an attempt gave, as expressions and the database may have it. */
export function redactResult(redaction: Redaction, result: AttemptResult): AttemptResult {
  const { message, json, value, response } = result;
  return {
    ...result,
    message: redaction.textOrNull(message),
    json: redaction.json(json),
    value: redaction.json(value),
    response:
      response === null
        ? null
        : {
            status: response.status,
            headers: redactHeaders(redaction, response.headers),
            body: redaction.text(response.body),
          },
  };
}

function redactHeaders(redaction: Redaction, headers: Readonly<Record<string, string>>) {
  const redacted = redaction.json(headers);
  const members = typeof redacted === "object" && redacted !== null ? Object.entries(redacted) : [];
  return Object.fromEntries(members.map(([name, value]: [string, unknown]) => [name, String(value)]));
}

/** What is kept of a step. Its outputs were made by expressions, which may put together what was apart. */
export function redactFacts(redaction: Redaction, facts: StepFacts | null): StepFacts | null {
  if (facts === null) return null;
  return {
    stdout: redaction.text(facts.stdout),
    json: redaction.json(facts.json),
    value: redaction.json(facts.value),
    response: redaction.json(facts.response),
    outputs: redactMembers(redaction, facts.outputs) ?? {},
  };
}

/** What is kept of a run's end. */
export function redactEnding(redaction: Redaction, ending: RunEnding): RunEnding {
  const { message, summary, result, decision } = ending;
  return {
    ...ending,
    message: redaction.textOrNull(message),
    summary: redaction.textOrNull(summary),
    ...(result === undefined ? {} : { result: redactMembers(redaction, result) }),
    ...(decision === undefined
      ? {}
      : { decision: { ...decision, detail: redactMembers(redaction, decision.detail) ?? {} } }),
  };
}

function redactMembers(
  redaction: Redaction,
  members: Readonly<Record<string, unknown>> | null,
): Record<string, unknown> | null {
  const redacted = redaction.json(members);
  return typeof redacted === "object" && redacted !== null ? { ...redacted } : null;
}
