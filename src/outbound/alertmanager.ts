import type { Clock } from "../platform/clock.ts";
import { createAlertsApi } from "./alerts-api.ts";
import type { HttpClient } from "./http-client.ts";
import type { AlertSourceApi } from "./source-api.ts";

export interface AlertmanagerApiOptions {
  readonly http: HttpClient;
  /** Of each Alertmanager of the cluster, with its route prefix: alerts are not shared among them, only silences are. */
  readonly urls: readonly string[];
  /** Such as an Authorization for a proxy before it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** The state of alerts in Alertmanager, 0.16 and later, and its silences. */
export function createAlertmanagerApi(options: AlertmanagerApiOptions): AlertSourceApi {
  return createAlertsApi({ ...options, headers: options.headers ?? {}, path: "/api/v2" });
}
