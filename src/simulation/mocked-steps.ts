import { type AttemptResult, type StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "../steps/attempt-result.ts";
import { judgeAnswer } from "../steps/http.ts";
import { judgeExit, parseJson } from "../steps/process.ts";
import type { MockConfig } from "./test-schema.ts";

/** What each step gives; a list is one for each attempt, the last of it for all further ones. */
export type Mocks = Readonly<Record<string, MockConfig | readonly MockConfig[]>>;

/** Ends attempts as the mocks say. A step without one succeeds and gives nothing. */
export function mockedSteps(mocks: Mocks): (context: StepContext) => Promise<AttemptResult> {
  const attempts = new Map<string, number>();
  return async (context) => {
    const { id } = context.step;
    const attempt = attempts.get(id) ?? 0;
    attempts.set(id, attempt + 1);
    const mock = Object.hasOwn(mocks, id) ? mockOf(mocks[id], attempt) : undefined;
    context.output.stdout.write(Buffer.from(mock?.stdout ?? ""));
    return resultOf(context, mock ?? {});
  };
}

/** The mock of an attempt, counted from 0. */
export function mockOf(
  mocked: MockConfig | readonly MockConfig[] | undefined,
  attempt: number,
): MockConfig | undefined {
  return isList(mocked) ? mocked[Math.min(attempt, mocked.length - 1)] : mocked;
}

function isList(mocked: MockConfig | readonly MockConfig[] | undefined): mocked is readonly MockConfig[] {
  return Array.isArray(mocked);
}

function resultOf(context: StepContext, mock: MockConfig): AttemptResult {
  const own = ownResult(context, mock);
  const result = { ...own, json: mock.json ?? own.json, value: mock.value ?? own.value };
  const { status } = mock;
  if (status === undefined || typeof status === "number" || status === "succeeded") return result;
  const { message: _, status: __, ...facts } = result;
  const text = `${status}, as the test says`;
  return status === "failed" ? failed(text, facts) : ended(status, text, facts);
}

/** What the verb itself would make of it. */
function ownResult(context: StepContext, mock: MockConfig): AttemptResult {
  const stdout = mock.stdout ?? "";
  switch (context.step.verb) {
    case "run":
    case "command":
      return judgeExit(mock.exit_code ?? 0, parseJson(stdout));
    case "http": {
      const status = typeof mock.status === "number" ? mock.status : 200;
      const response = { status, headers: {}, body: stdout };
      return judgeAnswer(context.step, { response, json: parseJson(stdout) });
    }
    case "put":
      return succeeded({ json: { changed: true } });
    case "collect":
    case "prometheus":
    case "wait":
    case "notify":
    case "silence":
    case "annotate":
    case "approve":
    case "for_each":
    case "runbook":
      return succeeded();
  }
}
