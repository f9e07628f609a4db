import type { Chart } from "../archive/chart.ts";
import { lineChart } from "../archive/svg-chart.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import {
  chooseStepMs,
  type Prometheus,
  PrometheusError,
  type QueryResult,
  type Series,
} from "../outbound/prometheus.ts";
import { bindPromql, PromqlError } from "../outbound/promql.ts";
import type { PrometheusSpec, Unit } from "../runbooks/verbs/prometheus.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";
import { saveEvidence } from "./save-evidence.ts";

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
    const message = "the settings name no Prometheus: add prometheus.url";
    return failed(message, { didNotStart: true, isPermanent: true });
  }
  const nowMs = context.clock.nowMs();
  const limit = AbortSignal.timeout(context.timeoutMs);
  const signal = AbortSignal.any([context.signal, limit]);
  try {
    const query = bindPromql(spec.query, spec.vars);
    const range = rangeOf(spec, context.run, nowMs);
    const asked = { query, name: spec.saveAs ?? context.step.id, range, timeMs: nowMs, unit: spec.unit };
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
  readonly unit: Unit | null;
}

/** The range ends now, and both ends lie on the step's grid as Prometheus' own UI has them. */
function rangeOf(spec: PrometheusSpec, run: StepContext["run"], nowMs: number): Asked["range"] {
  if (spec.rangeMs === null) return null;
  const wantedMs = nowMs - spec.rangeMs;
  const changeMs = run.changeStartedAtMs ?? nowMs;
  const sinceMs =
    spec.compareBeforeMs === null ? wantedMs : Math.min(wantedMs, changeMs - spec.compareBeforeMs);
  const rangeMs = nowMs - sinceMs;
  const stepMs = spec.resolutionMs ?? chooseStepMs(rangeMs);
  const endMs = Math.floor(nowMs / stepMs) * stepMs;
  return { startMs: endMs - Math.floor(rangeMs / stepMs) * stepMs, endMs, stepMs };
}

async function saveResult(context: StepContext, asked: Asked, result: QueryResult): Promise<void> {
  await save(context, `metrics/${asked.name}.json`, "application/json", resultJson(asked, result));
  if (asked.range !== null) {
    const svg = lineChart(chartOf(context, asked, asked.range, result));
    await save(context, `metrics/${asked.name}.svg`, "image/svg+xml", svg);
  }
  context.output.stdout.write(Buffer.from(listing(result)));
  for (const note of notesOf(result)) context.output.stderr.write(Buffer.from(`${note}\n`));
}

function save(context: StepContext, path: string, contentType: string, text: string): Promise<void> {
  return saveEvidence(context, path, Buffer.from(text), { contentType });
}

/** What a reader of the result must know, such as that it is not complete. */
function notesOf({ warnings, histograms }: QueryResult): string[] {
  const notes = warnings.map((warning) => `Prometheus warns: ${warning}`);
  return histograms === 0 ? notes : [...notes, `left out: ${histograms} ${HISTOGRAMS}`];
}

const HISTOGRAMS =
  "native histograms, which have no single value; use histogram_quantile() or histogram_avg() in the query";

/** Values are text, as in Prometheus' own API: JSON has no NaN. */
function resultJson({ query, timeMs, range, unit }: Asked, result: QueryResult): string {
  const { kind, series, warnings, histograms } = result;
  const iso = (atMs: number) => new Date(atMs).toISOString();
  const head = {
    query,
    ...(range === null
      ? { time: iso(timeMs) }
      : { start: iso(range.startMs), end: iso(range.endMs), step_seconds: range.stepMs / 1000 }),
    result_type: kind,
    ...(unit === null ? {} : { unit }),
    warnings,
    ...(histograms === 0 ? {} : { histograms_left_out: histograms }),
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
  result: QueryResult,
): Chart {
  const { causeStartedAtMs, changeStartedAtMs } = context.run;
  return {
    title: context.step.name ?? asked.name,
    subtitle: asked.query,
    series: result.series.map((each) => ({ name: seriesName(each), points: each.samples })),
    ...range,
    unit: asked.unit,
    alertMs: causeStartedAtMs,
    changeMs: changeStartedAtMs,
    notes: notesOf(result),
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

function judge(context: StepContext, { series, histograms }: QueryResult): AttemptResult {
  const last = series[0]?.samples.at(-1)?.value;
  // NaN and infinities have no JSON form, and no comparison with them says anything.
  const value = last !== undefined && Number.isFinite(last) ? last : null;
  const isJudgedByRunbook = context.step.until !== null || context.step.failIf !== null;
  if (last === undefined && !isJudgedByRunbook)
    return failed(histograms > 0 ? `the query gave only ${HISTOGRAMS}` : "the query gave no series");
  return succeeded({ value });
}

function describeFailure(error: unknown, context: StepContext, limit: AbortSignal): AttemptResult {
  if (context.signal.aborted) return ended("cancelled", "was stopped");
  if (error instanceof PromqlError) return failed(error.message, { didNotStart: true, isPermanent: true });
  if (error instanceof OutboundError) {
    const isTimeout = limit.aborted || error.code === "timeout";
    return isTimeout
      ? ended("timed_out", error.message)
      : failed(error.message, { didNotStart: error.didNotStart });
  }
  // What cannot be read as a query cannot be read the next time either.
  if (error instanceof PrometheusError)
    return failed(error.message, { isPermanent: error.code === "bad_data" });
  throw error;
}
