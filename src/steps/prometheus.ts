import { type Chart, lineChart } from "../archive/svg-chart.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import {
  chooseStepMs,
  type Prometheus,
  PrometheusError,
  type QueryResult,
  type Series,
} from "../outbound/prometheus.ts";
import { bindPromql, PromqlError } from "../outbound/promql.ts";
import type { PrometheusSpec } from "../runbooks/verbs/prometheus.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";

/**
 * `prometheus`: an instant or range query. Its result is kept as `metrics/<name>.json`, a range as a chart beside it; its
 * value is the last one of the first series. No series at all is a failure unless the runbook judges the result itself.
 */
export async function queryPrometheus(
  context: StepContext,
  spec: PrometheusSpec,
  prometheus: Prometheus | null,
): Promise<AttemptResult> {
  if (prometheus === null) {
    return failed("the settings name no Prometheus: add prometheus.url", { didNotStart: true });
  }
  const nowMs = context.clock.nowMs();
  const limit = AbortSignal.timeout(context.timeoutMs);
  const signal = AbortSignal.any([context.signal, limit]);
  try {
    const query = bindPromql(spec.query, spec.vars);
    const asked = { query, name: spec.saveAs ?? context.step.id, range: rangeOf(spec, nowMs), timeMs: nowMs };
    const result =
      asked.range === null
        ? await prometheus.query(query, nowMs, signal)
        : await prometheus.queryRange(query, asked.range, signal);
    await saveResult(context, asked, result);
    return judge(context, result);
  } catch (error) {
    return describeFailure(error, context, limit);
  }
}

interface Asked {
  readonly query: string;
  readonly name: string;
  readonly timeMs: number;
  readonly range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | null;
}

/** The range ends now, and both ends lie on the step's grid as Prometheus' own UI has them. */
function rangeOf(spec: PrometheusSpec, nowMs: number): Asked["range"] {
  if (spec.rangeMs === null) return null;
  const stepMs = spec.resolutionMs ?? chooseStepMs(spec.rangeMs);
  const endMs = Math.floor(nowMs / stepMs) * stepMs;
  return { startMs: endMs - Math.floor(spec.rangeMs / stepMs) * stepMs, endMs, stepMs };
}

async function saveResult(context: StepContext, asked: Asked, result: QueryResult): Promise<void> {
  await save(context, `metrics/${asked.name}.json`, "application/json", resultJson(asked, result));
  if (asked.range !== null) {
    const svg = lineChart(chartOf(context, asked, asked.range, result));
    await save(context, `metrics/${asked.name}.svg`, "image/svg+xml", svg);
  }
  context.output.stdout.write(Buffer.from(listing(result)));
  for (const warning of result.warnings) context.output.stderr.write(Buffer.from(`warning: ${warning}\n`));
}

async function save(context: StepContext, path: string, contentType: string, text: string): Promise<void> {
  const file = await context.createEvidence(path);
  try {
    await file.write(Buffer.from(text));
    await file.commit({ contentType });
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Values are text, as in Prometheus' own API: JSON has no NaN. */
function resultJson({ query, timeMs, range }: Asked, { kind, series, warnings }: QueryResult): string {
  const iso = (atMs: number) => new Date(atMs).toISOString();
  const head = {
    query,
    ...(range === null
      ? { time: iso(timeMs) }
      : { start: iso(range.startMs), end: iso(range.endMs), step_seconds: range.stepMs / 1000 }),
    result_type: kind,
    warnings,
    result: series.map(({ labels, samples }) => ({
      metric: Object.fromEntries(labels),
      values: samples.map((sample) => [sample.timeMs / 1000, String(sample.value)]),
    })),
  };
  return `${JSON.stringify(head)}\n`;
}

function chartOf(
  context: StepContext,
  asked: Asked,
  range: NonNullable<Asked["range"]>,
  { series }: QueryResult,
): Chart {
  const { causeStartedAtMs } = context.run;
  return {
    title: context.step.name ?? asked.name,
    subtitle: asked.query,
    series: series.map((each) => ({ name: seriesName(each), points: each.samples })),
    ...range,
    mark: causeStartedAtMs === null ? null : { timeMs: causeStartedAtMs, label: "alert since" },
  };
}

/** As Prometheus writes it: `http_requests_total{instance="web-1:9100"}`. */
function seriesName({ labels }: Series): string {
  const pairs = [...labels]
    .filter(([name]) => name !== "__name__")
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const metric = labels.get("__name__") ?? "";
  return pairs.length === 0 && metric !== "" ? metric : `${metric}{${pairs.join(", ")}}`;
}

const LISTED_MAX = 100;

function listing({ series }: QueryResult): string {
  const lines = series
    .slice(0, LISTED_MAX)
    .map((each) => `${seriesName(each)} ${each.samples.at(-1)?.value ?? "no value"}`);
  const rest = series.length - lines.length;
  return [...lines, ...(rest > 0 ? [`and ${rest} more series`] : []), ""].join("\n");
}

function judge(context: StepContext, { series }: QueryResult): AttemptResult {
  const last = series[0]?.samples.at(-1)?.value;
  // NaN and infinities have no JSON form, and no comparison with them says anything.
  const value = last !== undefined && Number.isFinite(last) ? last : null;
  const isJudgedByRunbook = context.step.until !== null || context.step.failIf !== null;
  if (last === undefined && !isJudgedByRunbook) return failed("the query gave no series");
  return succeeded({ value });
}

function describeFailure(error: unknown, context: StepContext, limit: AbortSignal): AttemptResult {
  if (context.signal.aborted) return ended("cancelled", "was stopped");
  if (error instanceof PromqlError) return failed(error.message, { didNotStart: true });
  if (error instanceof OutboundError) {
    const isTimeout = limit.aborted || error.code === "timeout";
    return isTimeout
      ? ended("timed_out", error.message)
      : failed(error.message, { didNotStart: error.didNotStart });
  }
  if (error instanceof PrometheusError) return failed(error.message);
  throw error;
}
