import { z } from "zod";
import type { HttpClient, HttpResponse } from "./http-client.ts";

export interface Sample {
  readonly timeMs: number;
  /** May be NaN or infinite. */
  readonly value: number;
}

export interface Series {
  readonly labels: ReadonlyMap<string, string>;
  /** One of an instant query, several of a range query, oldest first. */
  readonly samples: readonly Sample[];
}

export interface QueryResult {
  readonly kind: "vector" | "matrix" | "scalar" | "string";
  /** A scalar is one series without labels; a string has none. */
  readonly series: readonly Series[];
  /** Prometheus' warnings, such as a part of the data that could not be reached, and what it says for information. */
  readonly warnings: readonly string[];
  /** Series that are left out, since native histograms have no single value. */
  readonly histograms: number;
}

export interface Range {
  readonly startMs: number;
  readonly endMs: number;
  /** Chosen by the length of the range when left out. */
  readonly stepMs?: number;
}

/** Prometheus' HTTP query API. Throws {@link PrometheusError}, or OutboundError where there was no answer. May be repeated. */
export interface Prometheus {
  query(query: string, timeMs: number, signal: AbortSignal): Promise<QueryResult>;
  queryRange(query: string, range: Range, signal: AbortSignal): Promise<QueryResult>;
}

/** Prometheus refused the query, or answered something that is none of its answers. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
  /** Prometheus' own `errorType` (`bad_data`, `execution`, `timeout`, …), or `bad_answer`. */
  readonly code: string;
  /** False when the query itself is wrong. */
  readonly isRetryable: boolean;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.isRetryable = code !== "bad_data" && code !== "execution";
  }
}

export interface PrometheusOptions {
  readonly http: HttpClient;
  /** With its route prefix, without `/api/v1`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export function createPrometheus(options: PrometheusOptions): Prometheus {
  return {
    query: (query, timeMs, signal) => ask("query", { query, time: seconds(timeMs) }, options, signal),
    queryRange: async (query, range, signal) => {
      const stepMs = range.stepMs ?? chooseStepMs(range.endMs - range.startMs);
      checkPoints(range, stepMs);
      const parameters = {
        query,
        start: seconds(range.startMs),
        end: seconds(range.endMs),
        step: seconds(stepMs),
      };
      return ask("query_range", parameters, options, signal);
    },
  };
}

/** Prometheus' own limit for one series. */
const POINTS_MAX = 11_000;
/** More points than a graph in a bundle has pixels are of no use. */
const POINTS_WANTED = 500;
const STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400,
] as const;

/** The smallest usual step that gives at most 500 points: 10 s for 1 h, 5 min for 1 d. At most 11,000 points up to 30 years. */
export function chooseStepMs(rangeMs: number): number {
  const wantedS = rangeMs / 1000 / POINTS_WANTED;
  return (STEPS_S.find((stepS) => stepS >= wantedS) ?? Math.ceil(wantedS / 86_400) * 86_400) * 1000;
}

function checkPoints({ startMs, endMs }: Range, stepMs: number): void {
  if (!(stepMs > 0) || endMs < startMs)
    throw new PrometheusError("bad_data", "a range has a start before its end and a step above 0");
  const points = Math.floor((endMs - startMs) / stepMs) + 1;
  if (points > POINTS_MAX)
    throw new PrometheusError(
      "bad_data",
      `a range of ${points} points is more than Prometheus' ${POINTS_MAX}; use a longer step`,
    );
}

function seconds(timeMs: number): string {
  return (timeMs / 1000).toFixed(3);
}

const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Longer queries are sent in a body: proxies refuse a URL over 8 KiB. Short ones not, since some allow only GET. */
const URL_CHARS_MAX = 4_000;

async function ask(
  endpoint: "query" | "query_range",
  parameters: Readonly<Record<string, string>>,
  { http, url, headers, timeoutMs }: PrometheusOptions,
  signal: AbortSignal,
): Promise<QueryResult> {
  const place = `${url.replace(/\/+$/, "")}/api/v1/${endpoint}`;
  const form = new URLSearchParams({ ...parameters, timeout: `${timeoutMs}ms` }).toString();
  const limits = { timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX, signal };
  const response =
    form.length <= URL_CHARS_MAX
      ? await http.request({ ...limits, method: "GET", url: `${place}?${form}`, headers: { ...headers } })
      : await http.request({
          ...limits,
          method: "POST",
          url: place,
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
          body: form,
        });
  return parseAnswer(response);
}

const pointSchema = z.tuple([z.number(), z.string()]);
/** As pairs: a label may have any name, such as `__proto__`. */
const labelsSchema = z
  .custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value))
  .transform((labels) => Object.entries(labels))
  .pipe(z.array(z.tuple([z.string(), z.string()])))
  .default([]);
const dataSchema = z.discriminatedUnion("resultType", [
  z.object({
    resultType: z.literal("vector"),
    result: z.array(z.object({ metric: labelsSchema, value: pointSchema.optional() })),
  }),
  z.object({
    resultType: z.literal("matrix"),
    result: z.array(z.object({ metric: labelsSchema, values: z.array(pointSchema).default([]) })),
  }),
  z.object({ resultType: z.literal("scalar"), result: pointSchema }),
  z.object({ resultType: z.literal("string"), result: pointSchema }),
]);
const answerSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: dataSchema,
    warnings: z.array(z.string()).default([]),
    infos: z.array(z.string()).default([]),
  }),
  z.object({
    status: z.literal("error"),
    errorType: z.string().default("unknown"),
    error: z.string().default("no reason given"),
  }),
]);

function parseAnswer(response: HttpResponse): QueryResult {
  if (response.isTruncated)
    throw new PrometheusError(
      "bad_answer",
      `Prometheus answered more than ${ANSWER_BYTES_MAX} bytes; ask for fewer series`,
    );
  const answer = answerSchema.safeParse(parseBody(response));
  if (!answer.success)
    throw new PrometheusError(
      "bad_answer",
      `status ${response.status} with a body that is no answer of Prometheus`,
      {
        cause: answer.error,
      },
    );
  if (answer.data.status === "error")
    throw new PrometheusError(answer.data.errorType, `Prometheus refused the query: ${answer.data.error}`);
  return {
    kind: answer.data.data.resultType,
    ...seriesOf(answer.data.data),
    warnings: [...answer.data.warnings, ...answer.data.infos],
  };
}

function parseBody(response: HttpResponse): unknown {
  try {
    return JSON.parse(response.body.toString("utf8")) as unknown;
  } catch (cause) {
    const said = beginningOf(response.body.toString("utf8"));
    const message = `status ${response.status} with a body that is not JSON${said === "" ? "" : `: ${said}`}`;
    throw new PrometheusError("bad_answer", message, { cause });
  }
}

const SAID_CHARS_MAX = 200;

/** One line, such as the `Unauthorized` of a proxy. */
function beginningOf(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return line.length > SAID_CHARS_MAX ? `${line.slice(0, SAID_CHARS_MAX)}…`.toWellFormed() : line;
}

type Point = z.output<typeof pointSchema>;

function seriesOf(data: z.output<typeof dataSchema>): Pick<QueryResult, "series" | "histograms"> {
  switch (data.resultType) {
    case "vector": {
      const series = data.result.flatMap(({ metric, value }) =>
        value === undefined ? [] : [toSeries(metric, [value])],
      );
      return { series, histograms: data.result.length - series.length };
    }
    case "matrix": {
      const plain = data.result.filter(({ values }) => values.length > 0);
      const series = plain.map(({ metric, values }) => toSeries(metric, values));
      return { series, histograms: data.result.length - series.length };
    }
    case "scalar":
      return { series: [toSeries([], [data.result])], histograms: 0 };
    case "string":
      return { series: [], histograms: 0 };
  }
}

function toSeries(metric: z.output<typeof labelsSchema>, points: readonly Point[]): Series {
  const samples = points.map(([timeS, text]) => ({
    timeMs: Math.round(timeS * 1000),
    value: parseValue(text),
  }));
  return { labels: new Map(metric), samples };
}

/** Go writes infinities as `+Inf` and `-Inf`. */
function parseValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}
