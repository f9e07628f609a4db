import { z } from "zod";
import type { Labels } from "../alerts/alert.ts";
import { parseTimestampMs } from "../alerts/timestamps.ts";
import type { Clock } from "../platform/clock.ts";
import { type AlertsApiOptions, messageOf, readAnswer, requestApi } from "./alerts-request.ts";
import type { HttpResponse } from "./http-client.ts";
import { areOurs, liftSilences, makeSilence } from "./silences-api.ts";
import { type AlertSourceApi, type SourceAlertState, SourceApiError } from "./source-api.ts";

/** Others add members, so unknown ones are let through. */
const alertsSchema = z.array(
  z.object({
    fingerprint: z.string(),
    endsAt: z.string(),
    status: z.object({
      state: z.string(),
      silencedBy: z.array(z.string()).default([]),
      inhibitedBy: z.array(z.string()).default([]),
      mutedBy: z.array(z.string()).default([]),
    }),
  }),
);
type ListedAlert = z.output<typeof alertsSchema>[number];

/** Alertmanager's API v2 for reading alerts and silencing them, which Grafana offers too. */
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
    silence: (wish, signal) => makeSilence(wish, signal, options),
    unsilence: (mark, signal) => liftSilences(mark, signal, options),
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
  const { signal } = question;
  const request = { method: "GET", path: `/alerts${question.query}`, signal } as const;
  const response = await requestApi(url, request, options);
  const alerts = readAnswer(response, alertsSchema, "a list of alerts");
  const alert = alerts.find(({ fingerprint }) => fingerprint === question.fingerprint);
  if (alert === undefined || hasEnded(alert, serverNowMs(response, options.clock))) return "gone";
  const { state, silencedBy, inhibitedBy, mutedBy } = alert.status;
  if (state !== "suppressed") return "firing";
  const isOnlySilenced = silencedBy.length > 0 && inhibitedBy.length + mutedBy.length === 0;
  return isOnlySilenced && (await areOurs(url, silencedBy, signal, options)) ? "firing" : "suppressed";
}

function hasEnded(alert: ListedAlert, nowMs: number): boolean {
  const endsAtMs = parseTimestampMs(alert.endsAt);
  return endsAtMs !== undefined && endsAtMs > 0 && endsAtMs <= nowMs;
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
