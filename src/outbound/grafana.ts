import type { Clock } from "../platform/clock.ts";
import { createAlertsApi } from "./alerts-api.ts";
import type { HttpClient } from "./http-client.ts";
import type { AlertSourceApi } from "./source-api.ts";

export interface GrafanaApiOptions {
  readonly http: HttpClient;
  readonly urls: readonly string[];
  /** Of a service account that may read alert instances, and create and write them for silences. It belongs to one organisation, and sees only that one's alerts. */
  readonly token: string | null;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** The state of alerts in Grafana's own Alertmanager, and its silences. */
export function createGrafanaApi({ token, ...options }: GrafanaApiOptions): AlertSourceApi {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return createAlertsApi({ ...options, headers, path: "/api/alertmanager/grafana/api/v2" });
}
