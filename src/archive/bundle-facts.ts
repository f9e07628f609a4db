import { formatDurationMs } from "../platform/durations.ts";
import type { Episode, StepRecord } from "../runs/records.ts";
import type { BundleInput } from "./bundle-input.ts";
import { attemptLogPath, type OutputName } from "./step-output.ts";
import { stepFolder } from "./bundle-names.ts";

// Sentences and facts that README.md, summary.md and the JSON files of a bundle share.

/** RFC 3339 in UTC, null for null. */
export function rfc3339(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** `web-1`, `3 hosts`, or the machine Nightshift runs on. */
export function whereItRan(input: BundleInput): string {
  const hosts = input.run.plan.hosts.map((host) => host.name);
  if (hosts.length > 3) return `${hosts.length} hosts`;
  return hosts.length === 0 ? "this machine" : hosts.join(", ");
}

/** The alert's name, null when the run was not for an alert. */
export function alertName(episode: Episode | undefined): string | null {
  if (episode === undefined) return null;
  return episode.labels.get("alertname") ?? episode.fingerprint;
}

/** From start to end, as `12s`; null while it has not ended. */
export function tookFor(startedAtMs: number | null, finishedAtMs: number | null): string | null {
  if (startedAtMs === null || finishedAtMs === null) return null;
  const durationMs = finishedAtMs - startedAtMs;
  return formatDurationMs(durationMs < 10_000 ? durationMs : Math.round(durationMs / 1_000) * 1_000);
}

const OUTCOME_SENTENCES = {
  fixed: "the alert went away after the change and stayed away",
  no_effect: "the alert still fires, the change did not help",
  worse: "it got worse after the change",
  unknown: "nobody can say whether the change helped",
} as const;

/** What the run did for its alert, in words of ours (no text from outside). */
export function outcomeSentence(input: BundleInput): string {
  const { outcome, outcomeBecause, changeEndedAtMs, verification } = input.run;
  if (outcome !== null)
    return `${outcome.replace("_", " ")}: ${outcomeBecause ?? OUTCOME_SENTENCES[outcome]}`;
  if (changeEndedAtMs === null) return "nothing was changed";
  return verification === null || input.episodes.length === 0
    ? "the change is not verified, because no alert was behind this run"
    : "not known yet; the alert is being watched, and a later revision of this bundle will say";
}

/** What whoever has the bundle of a dry run must not take it for. */
export const DRY_RUN =
  "This was a dry run: steps that read were carried out, all others only said what they would do.";

/** The files of a step's last attempt in the bundle. */
export function shownLogPath(step: StepRecord, name: OutputName): string {
  return `${stepFolder(step)}/${name}.log`;
}

/** Says where a stored file stands in the bundle: the logs of a step's last attempt move up to the step's folder. */
export function placesInBundle(input: BundleInput): (path: string) => string {
  const lastLogs = new Map<string, string>();
  for (const step of input.steps) {
    const folder = stepFolder(step);
    for (const name of ["stdout", "stderr"] as const) {
      lastLogs.set(attemptLogPath({ folder, attempt: step.attempts }, name), `${folder}/${name}.log`);
    }
  }
  const isKnownPlace = /^(?:steps|files|metrics|responses)\//;
  return (path) => lastLogs.get(path) ?? (isKnownPlace.test(path) ? path : `files/${path}`);
}
