import { ExpressionError } from "../expressions/cel.ts";
import { type AssertResult, judgeAssert } from "../guards/assert.ts";
import type { Verdict } from "../guards/verdict.ts";
import type { QueryVariable } from "../runbooks/verbs/prometheus.ts";
import { bindPromql } from "../outbound/promql.ts";
import { inputsForExpressions, type Plan } from "../runbooks/plan.ts";
import { renderText } from "../runbooks/render.ts";
import type { Assert, Runbook, Step } from "../runbooks/runbook.ts";
import { type RunSession, stopReason } from "./session.ts";
import { inputsOf } from "./variables.ts";
import { changesSystem } from "../runbooks/verbs.ts";

// Conditions of a runbook. Those over inputs are guards like any other; those that ask Prometheus are measured when the run
// has its turn, and again right before the steps they are about. What is not known does not hold.

/** How long Prometheus is given for one answer. */
const QUERY_TIMEOUT_MS = 30_000;

type Refusal = Extract<Verdict, { kind: "refuses" }>;

/** What the asserts say that need nothing but the inputs. */
export function judgeInputAsserts(runbook: Pick<Runbook, "asserts">, plan: Plan): Verdict[] {
  const asserts = runbook.asserts.filter((assert) => assert.prometheus === null);
  if (asserts.length === 0) return [];
  const inputs = inputsForExpressions(plan, plan);
  return asserts.map((assert) => judgeAssert({ assert, result: evaluate(assert, inputs, null) }));
}

/** Before the first step: the first assert that does not hold; null when all do, or when the run is to stop anyway. */
export function measureAtStart(session: RunSession): Promise<Refusal | null> {
  return measure(session, session.frame.runbook.asserts);
}

/**
 * Right before an attempt of a step: the first assert about it that does not hold. One that names no steps is about every
 * step that changes something, but for those that clean up.
 */
export function measureBefore(session: RunSession, step: Step): Promise<Refusal | null> {
  const { runbook, body, around } = session.frame;
  const { asserts } = runbook;
  const isMeant = (assert: Assert) =>
    assert.before.length === 0
      ? changesSystem(step) && body.steps.includes(step)
      : assert.before.includes(step.id.slice(around.length));
  return measure(session, asserts.filter(isMeant));
}

async function measure(session: RunSession, asserts: readonly Assert[]): Promise<Refusal | null> {
  const measured = asserts.filter((assert) => assert.prometheus !== null);
  if (measured.length === 0) return null;
  const results = await Promise.all(measured.map((assert) => ask(session, assert)));
  if (stopReason(session) !== null) return null;
  const verdicts = measured.map((assert, index) =>
    judgeAssert({ assert, result: results[index] ?? { kind: "unknown", why: "it was not measured" } }),
  );
  return verdicts.find((verdict) => verdict.kind === "refuses") ?? null;
}

async function ask(session: RunSession, assert: Assert): Promise<AssertResult> {
  const { dependencies, frame, stop } = session;
  const { runbook } = frame;
  const inputs = inputsOf(session);
  const { prometheus, clock } = dependencies;
  if (assert.prometheus === null || prometheus === null)
    return unknown("the settings name no Prometheus: add prometheus.url");
  const { query, vars } = assert.prometheus;
  try {
    const text = (source: string) => renderText(runbook.templates, source, { inputs });
    const bound = bindPromql(query, renderVariables(vars, text));
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(QUERY_TIMEOUT_MS)]);
    const { series } = await prometheus.query(bound, clock.nowMs(), signal);
    const value = series[0]?.samples.at(-1)?.value;
    if (value === undefined) return unknown("the query gave no series");
    if (series.length > 1) return unknown(`the query gave ${series.length} series; it has to give one`);
    // No comparison with NaN says anything.
    if (!Number.isFinite(value)) return unknown(`the query gave ${value}`);
    return evaluate(assert, inputs, value);
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  }
}

function renderVariables(
  vars: Readonly<Record<string, QueryVariable>>,
  text: (source: string) => string,
): Record<string, QueryVariable> {
  const rendered = Object.entries(vars).map(([name, variable]) => [
    name,
    { ...variable, value: text(variable.value) },
  ]);
  return Object.fromEntries(rendered) as Record<string, QueryVariable>;
}

/** `value`: the query's answer; null where there is no query. */
function evaluate(
  assert: Assert,
  inputs: Readonly<Record<string, unknown>>,
  value: number | null,
): AssertResult {
  try {
    const holds = assert.expect.evaluate(value === null ? { inputs } : { inputs, value });
    return holds === true ? { kind: "holds" } : { kind: "fails", value };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return unknown(error.message);
  }
}

function unknown(why: string): AssertResult {
  return { kind: "unknown", why };
}
