import type { Labels } from "../alerts/alert.ts";
import type { Decision, Episode, StepRecord } from "../runs/records.ts";
import { rfc3339 } from "./bundle-facts.ts";
import type { AlertBundleInput, AlertBundleRun } from "./alert-bundle-input.ts";
import type { BundleInput } from "./bundle-input.ts";

// The JSON files of a bundle, in the shapes of the API: snake_case, RFC 3339 in UTC, unknown is null, nothing left out.

export function runJson(input: BundleInput): unknown {
  const { run } = input;
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
    inputs: run.plan.inputs,
    hosts: run.plan.hosts.map(({ name, address, port, user, labels }) => ({
      name,
      address,
      port,
      user,
      labels,
    })),
    plan_digest: run.planDigest,
    dry_run: run.isDryRun,
    created_at: rfc3339(run.createdAtMs),
    started_at: rfc3339(run.startedAtMs),
    finished_at: rfc3339(run.finishedAtMs),
    failed_step: run.failedStep,
    reason: run.message,
    cause: { title: run.cause.title, url: run.cause.url, started_at: rfc3339(run.cause.startedAtMs) },
    notes: input.notes.map(({ atMs, principal, text }) => ({ at: rfc3339(atMs), by: principal, text })),
    url: input.url,
    steps: input.steps.map(stepJson),
    config: { digest: run.catalogDigest, runbook_digest: run.runbookDigest },
  };
}

function stepJson(step: StepRecord): unknown {
  return {
    id: step.id,
    verb: step.verb,
    effect: step.effect,
    host: step.host,
    status: step.state,
    attempts: step.attempts,
    exit_code: step.exitCode,
    started_at: rfc3339(step.startedAtMs),
    finished_at: rfc3339(step.finishedAtMs),
  };
}

/** `meta.json` of a step: what it was, how each try ended, what later steps read of it. */
export function stepMetaJson(input: BundleInput, step: StepRecord): unknown {
  const tries = input.attempts.filter((attempt) => attempt.stepId === step.id);
  return {
    ...(stepJson(step) as object),
    section: step.section,
    message: step.message,
    value: step.facts?.value ?? null,
    outputs: step.facts?.outputs ?? {},
    tries: tries.map((attempt) => ({
      number: attempt.number,
      status: attempt.status ?? "interrupted",
      exit_code: attempt.exitCode,
      message: attempt.message,
      started_at: rfc3339(attempt.intentAtMs),
      finished_at: rfc3339(attempt.finishedAtMs),
    })),
  };
}

/** `alert.json`: the episode that started the run, and the others of its group; null when no alert did. */
export function alertJson(input: BundleInput): unknown {
  const [first, ...others] = input.episodes;
  return first === undefined
    ? null
    : { ...episodeJson(first, input), group: others.map((each) => episodeJson(each, input)) };
}

function episodeJson(episode: Episode, input: BundleInput): object {
  return {
    id: episode.id,
    source: episode.source,
    fingerprint: episode.fingerprint,
    status: episode.state,
    labels: sorted(episode.labels),
    annotations: sorted(episode.annotations),
    starts_at: episode.startsAt,
    ends_at: rfc3339(episode.endsAtMs),
    received_at: rfc3339(episode.openedAtMs),
    repeats: episode.repeats,
    url: episode.generatorUrl,
    runs: [input.run.id],
  };
}

/** `alert.json` in the bundle of an alert: what of it is the same until something happens to it. */
export function alertOfBundleJson({ episode, runs, url }: AlertBundleInput): object {
  return {
    id: episode.id,
    source: episode.source,
    fingerprint: episode.fingerprint,
    status: episode.state,
    outcome: episode.outcome,
    labels: sorted(episode.labels),
    annotations: sorted(episode.annotations),
    starts_at: episode.startsAt,
    ends_at: rfc3339(episode.endsAtMs),
    received_at: rfc3339(episode.openedAtMs),
    closed_at: rfc3339(episode.closedAtMs),
    generator_url: episode.generatorUrl,
    url,
    runs: runs.map(({ id, runbook, state, outcome, bundle }) => ({
      id,
      runbook,
      status: state,
      outcome,
      bundle: runBundleJson(bundle),
    })),
  };
}

function runBundleJson(bundle: AlertBundleRun["bundle"]): object {
  switch (bundle.kind) {
    case "stored":
      return { revision: bundle.revision, sha256: bundle.sha256 };
    case "snapshot":
      return { revision: null, complete: false };
    case "gone":
      return { revision: null, missing: bundle.why };
  }
}

/** A Map of hostile names as an object that keeps `__proto__` as a plain key. */
function sorted(labels: Labels): Record<string, string> {
  const pairs = [...labels].sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(pairs);
}

export function decisionJson(decision: Decision | null): unknown {
  if (decision === null) return null;
  return {
    id: decision.id,
    at: rfc3339(decision.atMs),
    kind: decision.kind,
    rule: decision.rule,
    reason: decision.reason,
    run: decision.runId,
    delivery: decision.deliveryId,
    detail: decision.detail,
    config: { digest: decision.catalogDigest },
  };
}

/** One event a line. */
export function auditLines(input: BundleInput): string {
  return input.events
    .map(
      ({ atMs, actor, action, detail, record }) =>
        `${JSON.stringify({ at: rfc3339(atMs), actor, action, detail, record })}\n`,
    )
    .join("");
}
