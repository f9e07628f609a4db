import type {
  Artifact,
  BundleRecord,
  Decision,
  Episode,
  Run,
  RunKeeping,
  StepRecord,
} from "../../runs/records.ts";
import type { RunNote } from "../../runs/start-records.ts";
import { rfc3339 } from "../times.ts";

// What the API says, in snake_case. Times are RFC 3339 in UTC, what is not known is null, and nothing is left out.

export function runShape(
  externalUrl: string,
  run: Run,
  steps: readonly StepRecord[] | null,
  bundle: BundleRecord | null,
): Record<string, unknown> {
  return {
    id: run.id,
    runbook: run.runbook,
    status: run.state,
    outcome: run.outcome,
    outcome_because: run.outcomeBecause,
    trigger: {
      kind: run.trigger.kind,
      rule: run.trigger.rule,
      alert: run.trigger.episodeId,
      principal: run.trigger.principal,
    },
    cause: { title: run.cause.title, url: run.cause.url, started_at: rfc3339(run.cause.startedAtMs) },
    inputs: run.plan.inputs,
    hosts: run.plan.hosts.map((host) => host.name),
    plan_digest: run.planDigest,
    created_at: rfc3339(run.createdAtMs),
    started_at: rfc3339(run.startedAtMs),
    finished_at: rfc3339(run.finishedAtMs),
    failed_step: run.failedStep,
    reason: run.state === "queued" ? run.heldReason : null,
    retry_at: run.state === "queued" ? rfc3339(run.heldUntilMs) : null,
    message: run.message,
    summary: run.summary,
    result: run.result,
    url: `${externalUrl}/runs/${run.id}`,
    ...(steps === null ? {} : { steps: steps.map(stepShape) }),
    config: { digest: run.catalogDigest },
    dry_run: run.isDryRun,
    bundle: bundle === null ? null : bundleShape(externalUrl, bundle),
  };
}

export function stepShape(step: StepRecord): Record<string, unknown> {
  return {
    id: step.id,
    section: step.section,
    verb: step.verb,
    effect: step.effect,
    host: step.host,
    status: step.state,
    attempts: step.attempts,
    exit_code: step.exitCode,
    message: step.message,
    outputs: step.facts?.outputs ?? null,
    started_at: rfc3339(step.startedAtMs),
    finished_at: rfc3339(step.finishedAtMs),
  };
}

function bundleShape(externalUrl: string, bundle: BundleRecord): Record<string, unknown> {
  const url = `${externalUrl}/api/v1/runs/${bundle.runId}/bundle.zip`;
  return {
    url,
    sha256: bundle.sha256,
    size: bundle.bytes,
    revision: bundle.revision,
    sealed_at: rfc3339(bundle.sealedAtMs),
  };
}

export function artifactShape(externalUrl: string, artifact: Artifact): Record<string, unknown> {
  const path = artifact.path.split("/").map(encodeURIComponent).join("/");
  return {
    path: artifact.path,
    size: artifact.bytes,
    sha256: artifact.sha256,
    step: artifact.stepId,
    host: artifact.host,
    content_type: artifact.contentType,
    truncated: artifact.isTruncated,
    changed: artifact.isChanged,
    sensitive: artifact.isSensitive,
    url: `${externalUrl}/api/v1/runs/${artifact.runId}/artifacts/${path}`,
  };
}

export function noteShape({ id, atMs, principal, text }: RunNote): Record<string, unknown> {
  return { id, at: rfc3339(atMs), by: principal, text };
}

/** What the API says of how long a run is kept. */
export function keepingShape(keeping: RunKeeping | undefined): Record<string, unknown> {
  const isPinned = keeping !== undefined && keeping.pinnedAtMs !== null;
  return {
    pinned: isPinned ? { at: rfc3339(keeping.pinnedAtMs), by: keeping.pinnedBy } : null,
    evidence_removed_at: rfc3339(keeping?.evidenceRemovedAtMs ?? null),
    evidence_removed_because: keeping?.evidenceRemovedBecause ?? null,
  };
}

export interface EpisodeDetails {
  readonly runs: readonly string[];
  readonly decisions: readonly Decision[];
}

export function episodeShape(
  externalUrl: string,
  episode: Episode,
  details: EpisodeDetails | null,
): Record<string, unknown> {
  return {
    id: episode.id,
    source: episode.source,
    fingerprint: episode.fingerprint,
    status: episode.state,
    outcome: episode.outcome,
    labels: toObject(episode.labels),
    annotations: toObject(episode.annotations),
    starts_at: episode.startsAt,
    ends_at: rfc3339(episode.endsAtMs),
    received_at: rfc3339(episode.openedAtMs),
    closed_at: rfc3339(episode.closedAtMs),
    repeats: episode.repeats,
    generator_url: episode.generatorUrl,
    url: `${externalUrl}/a/${episode.fingerprint}`,
    ...(details === null ? {} : { runs: details.runs, decisions: details.decisions.map(decisionShape) }),
  };
}

export function decisionShape(decision: Decision): Record<string, unknown> {
  const { kind, rule, reason } = decision;
  return { at: rfc3339(decision.atMs), kind, rule, reason, run: decision.runId, detail: decision.detail };
}

/** A null-prototype object: `__proto__` is a legal label name, and must stay a key. */
function toObject(labels: ReadonlyMap<string, string>): Record<string, string> {
  const object = Object.create(null) as Record<string, string>;
  for (const [name, value] of labels) object[name] = value;
  return object;
}
