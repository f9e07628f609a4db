import type { z } from "zod";
import type { Clock } from "../platform/clock.ts";
import type { HttpClient, HttpResponse } from "./http-client.ts";
import { SourceApiError } from "./source-api.ts";

/** Where Alertmanager's API v2 is reached. */
export interface AlertsApiOptions {
  readonly http: HttpClient;
  /** One for each server of a high-availability pair, without a trailing path of the API. */
  readonly urls: readonly string[];
  /** Of the API below a URL: `/api/v2`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** A storm of 10,000 alerts that share the labels asked for is 10 MB. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the API, such as `/alerts?filter=...`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Asks one server. Throws OutboundError where there is no answer. */
export function requestApi(
  url: string,
  { method, path, body, signal }: ApiRequest,
  options: Omit<AlertsApiOptions, "clock">,
): Promise<HttpResponse> {
  const content = body === undefined ? {} : { "content-type": "application/json" };
  return options.http.request({
    method,
    url: `${url.replace(/\/+$/, "")}${options.path}${path}`,
    headers: { accept: "application/json", ...content, ...options.headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs: options.timeoutMs,
    bodyBytesMax: ANSWER_BYTES_MAX,
    signal,
  });
}

/** The answer as JSON of this shape. Throws SourceApiError, with what the server said, for anything else. */
export function readAnswer<Schema extends z.ZodType>(
  response: HttpResponse,
  schema: Schema,
  what: string,
): z.output<Schema> {
  const place = new URL(response.url).origin;
  checkStatus(response);
  if (response.isTruncated) throw new SourceApiError(`${place} answered more than ${ANSWER_BYTES_MAX} bytes`);
  try {
    return schema.parse(JSON.parse(response.body.toString("utf8")));
  } catch (cause) {
    throw new SourceApiError(`${place} did not answer with ${what}`, { cause });
  }
}

const REASON_CHARS_MAX = 200;

export function checkStatus(response: HttpResponse): void {
  if (response.status >= 200 && response.status < 300) return;
  const text = response.body.toString("utf8").trim().slice(0, REASON_CHARS_MAX);
  const place = new URL(response.url).origin;
  throw new SourceApiError(`${place} answered ${response.status}${text === "" ? "" : `: ${text}`}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
