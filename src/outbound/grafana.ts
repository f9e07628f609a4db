import type { Clock } from "../platform/clock.ts";
import { createAlertsApi } from "./alerts-api.ts";
import type { HttpClient } from "./http-client.ts";
import { createAnnotationsApi } from "./annotations-api.ts";
import type { AlertSourceApi, AnnotationsApi } from "./source-api.ts";

export interface GrafanaApiOptions {
  readonly http: HttpClient;
  readonly urls: readonly string[];
  /** Of a service account that may read alert instances, create and write them for silences, and create annotations. It belongs to one organisation, and sees only that one's alerts. */
  readonly token: string | null;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** The state of alerts in Grafana's own Alertmanager, and its silences. */
export function createGrafanaApi(options: GrafanaApiOptions): AlertSourceApi {
  return createAlertsApi({ ...withHeaders(options), path: "/api/alertmanager/grafana/api/v2" });
}

/** Marks in Grafana's graphs. */
export function createGrafanaAnnotations(options: GrafanaApiOptions): AnnotationsApi {
  return createAnnotationsApi(withHeaders(options));
}

function withHeaders({ token, ...options }: GrafanaApiOptions) {
  return { ...options, headers: token === null ? {} : { authorization: `Bearer ${token}` } };
}
