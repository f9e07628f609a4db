import type { StepRecord } from "../runs/records.ts";
import type { AlertBundleInput } from "./alert-bundle-input.ts";
import type { BundleInput } from "./bundle-input.ts";

/** The folder of a step in the run's files: `steps/01-graph`. */
export function stepFolder(step: Pick<StepRecord, "id" | "position">): string {
  const number = String(step.position + 1).padStart(2, "0");
  return `steps/${number}-${step.id.replaceAll(/[^A-Za-z0-9_.-]/g, ".")}`;
}

/** `nightshift-2026-11-23T03-12-45Z-restart-web-web-1-<run id>`: says what it is, sorts by time, safe everywhere. */
export function bundleName(input: Pick<BundleInput, "run" | "steps">): string {
  const { run } = input;
  return `nightshift-${timeInName(run.createdAtMs)}-${plain(run.runbook)}-${hostPart(input)}-${run.id}`;
}

/** `nightshift-2026-11-23T03-12-45Z-alert-HighRequestLatency-<episode id>`. */
export function alertBundleName({ episode }: Pick<AlertBundleInput, "episode">): string {
  const name = plain(episode.labels.get("alertname") ?? episode.fingerprint);
  return `nightshift-${timeInName(episode.openedAtMs)}-alert-${name}-${episode.id}`;
}

/** The folder of a run in the bundle of its alert: `runs/01-restart-web-<run id>`. */
export function runFolder(run: { readonly id: string; readonly runbook: string }, index: number): string {
  return `runs/${String(index + 1).padStart(2, "0")}-${plain(run.runbook)}-${run.id}`;
}

function timeInName(timeMs: number): string {
  return new Date(timeMs)
    .toISOString()
    .replace(/\.\d{3}Z$/, "Z")
    .replaceAll(":", "-");
}

/** The host when there is one, `none` when no step ran elsewhere, `3-hosts` for several. */
function hostPart(input: Pick<BundleInput, "run" | "steps">): string {
  const named =
    input.run.plan.hosts.length > 0
      ? input.run.plan.hosts.map((host) => host.name)
      : input.steps.flatMap((step) => (step.host === null || step.host === "local" ? [] : [step.host]));
  const hosts = [...new Set(named)];
  if (hosts.length > 1) return `${hosts.length}-hosts`;
  return hosts[0] === undefined ? "none" : plain(hosts[0]);
}

function plain(text: string): string {
  const name = text
    .replaceAll(/[^A-Za-z0-9_.-]/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, 64);
  return name === "" ? "_" : name;
}
