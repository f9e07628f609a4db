import { z } from "zod";
import type { Labels } from "../alerts/alert.ts";
import { parseTimestampMs } from "../alerts/timestamps.ts";
import type { Clock } from "../platform/clock.ts";
import type { HttpClient, HttpResponse } from "./http-client.ts";
import { type AlertSourceApi, type SourceAlertState, SourceApiError } from "./source-api.ts";

export interface AlertsApiOptions {
  readonly http: HttpClient;
  /** One for each server of a high-availability pair, without a trailing path of the API. */
  readonly urls: readonly string[];
  /** Of the API below a URL, such as `/api/v2/alerts`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** A storm of 10,000 alerts that share the labels asked for is 10 MB. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Others add members, so unknown ones are let through. */
const alertsSchema = z.array(
  z.object({
    fingerprint: z.string(),
    endsAt: z.string(),
    status: z.object({ state: z.string() }),
  }),
);
type ListedAlert = z.output<typeof alertsSchema>[number];

/** Alertmanager's API v2 for reading alerts, which Grafana offers too. */
export function createAlertsApi(options: AlertsApiOptions): AlertSourceApi {
  return {
    async state(fingerprint, labels, signal) {
      const query = filterQuery(labels);
      const answers = await Promise.allSettled(
        options.urls.map((url) => askOne(url, { fingerprint, query, signal }, options)),
      );
      const states = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      const state = combine(states);
      if (state !== undefined) return state;
      const reasons = answers.flatMap((answer) =>
        answer.status === "rejected" ? [messageOf(answer.reason)] : [],
      );
      throw new SourceApiError(
        `no answer about alert ${fingerprint}: ${reasons.join("; ") || "no url is configured"}`,
      );
    },
  };
}

/**
 * Peers may differ: one that has just started knows no alerts yet, and a silence takes a moment to spread. Being silenced by
 * any of them keeps us from acting, firing on any of them is firing.
 */
function combine(states: readonly SourceAlertState[]): SourceAlertState | undefined {
  return (["suppressed", "firing", "gone"] as const).find((state) => states.includes(state));
}

interface Question {
  readonly fingerprint: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

async function askOne(url: string, question: Question, options: AlertsApiOptions): Promise<SourceAlertState> {
  const response = await options.http.request({
    method: "GET",
    url: `${url.replace(/\/+$/, "")}${options.path}${question.query}`,
    headers: { accept: "application/json", ...options.headers },
    timeoutMs: options.timeoutMs,
    bodyBytesMax: ANSWER_BYTES_MAX,
    signal: question.signal,
  });
  const alerts = parseAlerts(response);
  const alert = alerts.find(({ fingerprint }) => fingerprint === question.fingerprint);
  return alert === undefined ? "gone" : stateOf(alert, serverNowMs(response, options.clock));
}

function parseAlerts(response: HttpResponse): readonly ListedAlert[] {
  const place = new URL(response.url).origin;
  if (response.status !== 200) throw new SourceApiError(`${place} answered ${response.status}`);
  if (response.isTruncated) throw new SourceApiError(`${place} answered more than ${ANSWER_BYTES_MAX} bytes`);
  try {
    return alertsSchema.parse(JSON.parse(response.body.toString("utf8")));
  } catch (cause) {
    throw new SourceApiError(`${place} did not answer with a list of alerts`, { cause });
  }
}

function stateOf(alert: ListedAlert, nowMs: number): SourceAlertState {
  const endsAtMs = parseTimestampMs(alert.endsAt);
  if (endsAtMs !== undefined && endsAtMs > 0 && endsAtMs <= nowMs) return "gone";
  return alert.status.state === "suppressed" ? "suppressed" : "firing";
}

/** The server's own clock, by which it set the end, where it tells it. */
function serverNowMs(response: HttpResponse, clock: Clock): number {
  const dateMs = Date.parse(response.headers["date"] ?? "");
  return Number.isNaN(dateMs) ? clock.nowMs() : dateMs;
}

const CLASSIC_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Enough to leave a handful of alerts; the fingerprint decides. A URL has to stay below the usual limit of 8 KiB. */
const FILTERS_MAX = 8;
const FILTER_CHARS_MAX = 256;

/**
 * Matchers for some of the labels, so that the server sends few alerts. Only names that every version of the matcher grammar
 * reads without quotes, and values without control characters.
 */
function filterQuery(labels: Labels): string {
  const filters: string[] = [];
  for (const [name, value] of labels) {
    if (!CLASSIC_NAME.test(name) || value.length > FILTER_CHARS_MAX || /\p{Cc}/u.test(value)) continue;
    filters.push(`filter=${encodeURIComponent(`${name}="${value.replace(/["\\]/g, "\\$&")}"`)}`);
    if (filters.length === FILTERS_MAX) break;
  }
  return filters.length === 0 ? "" : `?${filters.join("&")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
