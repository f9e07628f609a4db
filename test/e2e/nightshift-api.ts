import { listRuns, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";

export interface AlertJson {
  readonly id: string;
  readonly fingerprint: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly starts_at: string;
  readonly repeats: number;
  readonly runs: readonly string[];
  readonly decisions: readonly {
    readonly kind: string;
    readonly rule: string | null;
    readonly reason: string | null;
    readonly run: string | null;
  }[];
}

async function readJson<Json>(url: string): Promise<Json> {
  const response = await fetch(url, { headers: { accept: "application/json" } });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as Json;
}

/** The one alert of this name that was received, with its decisions. */
export async function readAlert(url: string, alertname: string): Promise<AlertJson> {
  const { items } = await readJson<{ items: AlertJson[] }>(`${url}/api/v1/alerts`);
  const [alert, ...others] = items.filter((item) => item.labels["alertname"] === alertname);
  if (alert === undefined) throw new Error(`no alert ${alertname} was received`);
  if (others.length > 0) throw new Error(`${alertname} became ${others.length + 1} alerts, not one`);
  return readJson(`${url}/api/v1/alerts/${alert.id}`);
}

type RunJson = Awaited<ReturnType<typeof readRun>>;

const WITHIN_MS = 45_000;

/** The run of the rule, as soon as it is as wanted. */
export async function untilRun(
  url: string,
  rule: string,
  what: string,
  isWanted: (run: RunJson) => boolean,
): Promise<RunJson> {
  const isIt = (run: RunJson) => run.trigger.rule === rule && isWanted(run);
  const found = await waitFor(`${rule}: ${what}`, async () => (await listRuns(url)).find(isIt), WITHIN_MS);
  return readRun(url, found.id);
}
