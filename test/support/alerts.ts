/** One alert of an Alertmanager payload, as a test wants it. */
export interface TestAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: "firing" | "resolved";
  readonly startsAt?: string;
  readonly endsAt?: string;
}

/** A webhook body as Alertmanager 0.31 sends it; fingerprints are left to the service. */
export function alertmanagerBody(alerts: readonly TestAlert[]): string {
  const items = alerts.map((alert) => ({
    status: alert.status ?? "firing",
    labels: alert.labels,
    annotations: alert.annotations ?? {},
    startsAt: alert.startsAt ?? new Date().toISOString(),
    endsAt: alert.status === "resolved" ? (alert.endsAt ?? new Date().toISOString()) : "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.example.net/graph",
  }));
  return JSON.stringify({
    receiver: "nightshift",
    status: items.some((item) => item.status === "firing") ? "firing" : "resolved",
    alerts: items,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.example.net",
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
  });
}

/** Posts alerts to a running service. */
export function postAlerts(
  url: string,
  alerts: readonly TestAlert[],
  source = "alertmanager",
): Promise<Response> {
  return fetch(`${url}/webhooks/${source}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: alertmanagerBody(alerts),
  });
}

export interface RunJson {
  readonly id: string;
  readonly status: string;
  readonly dry_run: boolean;
  readonly outcome: string | null;
  readonly outcome_because: string | null;
  readonly message: string | null;
  readonly summary: string | null;
  readonly failed_step: string | null;
  readonly trigger: { readonly rule: string | null; readonly alert: string | null };
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly attempts: number;
    readonly exit_code: number | null;
    readonly message: string | null;
    readonly outputs: Readonly<Record<string, unknown>> | null;
  }[];
  readonly bundle: { readonly sha256: string; readonly revision: number; readonly url: string } | null;
}

/** The runs of a service, newest first. */
export async function listRuns(url: string): Promise<RunJson[]> {
  const response = await fetch(`${url}/api/v1/runs?limit=200`);
  return ((await response.json()) as { items: RunJson[] }).items;
}

export async function readRun(url: string, id: string): Promise<RunJson> {
  return (await (await fetch(`${url}/api/v1/runs/${id}`)).json()) as RunJson;
}

export function isOver(run: { readonly status: string }): boolean {
  return !["queued", "running", "waiting_person"].includes(run.status);
}
