import type { BundleEvent, BundleInput } from "../archive/bundle-input.ts";
import type { AuditRow } from "../audit/row.ts";
import type { Decision, Run, StepRecord } from "../runs/records.ts";
import type { RunNote } from "../runs/start-records.ts";
import { readRunAudit } from "../store/audit.ts";
import { readDecisions } from "../store/decisions.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";
import { readEpisodes } from "../store/episodes.ts";
import { readPackedArtifacts, readRunProblems } from "../store/evidence.ts";
import { readMembers } from "../store/groups.ts";
import { readNotices } from "../store/notices.ts";
import { readRunNotes } from "../store/run-notes.ts";
import { readRunbookText } from "../store/new-runs.ts";
import { readAttempts, readSteps } from "../store/steps.ts";
import type { Reader } from "../store/store.ts";
import { type EngineDependencies, runUrl } from "./dependencies.ts";

export interface Revision {
  readonly number: number;
  readonly sealedAtMs: number;
  readonly isComplete: boolean;
  readonly hasSensitive: boolean;
}

/** Everything the database knows of a run, as a bundle needs it. */
export async function readBundleInput(
  dependencies: Pick<EngineDependencies, "externalUrl" | "version">,
  db: Reader,
  run: Run,
  revision: Revision,
): Promise<BundleInput> {
  const [steps, attempts, artifacts, problems, notices, written, text, episodes, audit] = await Promise.all([
    readSteps(db, run.id),
    readAttempts(db, run.id),
    readPackedArtifacts(db, run.id),
    readRunProblems(db, run.id),
    readNotices(db, run.id),
    readRunNotes(db, run.id),
    readRunbookText(db, run.runbookDigest),
    readEpisodesOf(db, run),
    // What was done to the run later belongs to a later revision.
    readRunAudit(db, run.id, revision.sealedAtMs),
  ]);
  const decision = await readStartDecision(db, run);
  // A revision that is made late has what was there when it was asked for.
  const notes = written.filter((note) => note.atMs <= revision.sealedAtMs);
  return {
    run,
    url: runUrl(dependencies, run.id),
    episodes,
    decision,
    steps,
    attempts,
    artifacts,
    hasSensitive: revision.hasSensitive,
    problems,
    events: eventsOf(run, steps, notes, audit),
    notices: notices.map(({ state, ...notice }) => ({ ...notice, isDelivered: state === "sent" })),
    notes,
    runbookText: text?.text ?? "",
    revision: revision.number,
    sealedAtMs: revision.sealedAtMs,
    isComplete: revision.isComplete,
    version: dependencies.version,
  };
}

/** The alerts a run was for, the one that started it first. */
export async function readEpisodesOf(db: Reader, run: Run): Promise<JudgedEpisode[]> {
  const members =
    run.groupId === null ? [] : (await readMembers(db, run.groupId)).map((member) => member.episodeId);
  const first = run.trigger.episodeId;
  const ids = first === null ? members : [first, ...members.filter((id) => id !== first)];
  const episodes = await readEpisodes(db, ids);
  return ids.flatMap((id) => episodes.filter((episode) => episode.id === id));
}

async function readStartDecision(db: Reader, run: Run): Promise<Decision | null> {
  if (run.trigger.episodeId === null) return null;
  const decisions = await readDecisions(db, run.trigger.episodeId);
  return decisions.find((decision) => decision.runId === run.id) ?? null;
}

/** What was done to the run, by the audit log, and what was done to the world in its name, by what was recorded when it happened. In order. */
function eventsOf(
  run: Run,
  steps: readonly StepRecord[],
  notes: readonly RunNote[],
  audit: readonly AuditRow[],
): BundleEvent[] {
  const actor = run.trigger.principal;
  const events: BundleEvent[] = [
    ...audit.map(eventOfRecord),
    {
      atMs: run.createdAtMs,
      actor,
      action: "run.created",
      detail: { runbook: run.runbook, plan_digest: run.planDigest, dry_run: run.isDryRun },
      record: null,
    },
  ];
  if (run.startedAtMs !== null)
    events.push({ atMs: run.startedAtMs, actor, action: "run.started", detail: {}, record: null });
  // A dry run has done nothing to the world.
  for (const step of run.isDryRun ? [] : steps) {
    if (step.effect === "read" || step.startedAtMs === null) continue;
    const detail = { step: step.id, verb: step.verb, effect: step.effect, host: step.host };
    events.push({ atMs: step.startedAtMs, actor, action: "step.started", detail, record: null });
    if (step.finishedAtMs !== null)
      events.push({
        atMs: step.finishedAtMs,
        actor,
        action: "step.finished",
        detail: { ...detail, status: step.state, exit_code: step.exitCode },
        record: null,
      });
  }
  if (run.finishedAtMs !== null)
    events.push({
      atMs: run.finishedAtMs,
      actor,
      action: "run.finished",
      detail: { status: run.state, failed_step: run.failedStep },
      record: null,
    });
  for (const { atMs, principal, text } of notes)
    events.push({ atMs, actor: principal, action: "run.noted", detail: { text }, record: null });
  return events.toSorted((left, right) => left.atMs - right.atMs);
}

/** As it was signed: whoever has the key can check it without the database. Its place in the chain is not known yet when it is written. */
function eventOfRecord(row: AuditRow): BundleEvent {
  return {
    atMs: row.at,
    actor: row.principal,
    action: row.action,
    detail: JSON.parse(row.detail) as Record<string, unknown>,
    record: {
      id: row.id,
      via: row.via,
      remote_address: row.remote_address,
      key: row.key_id,
      mac: row.mac,
    },
  };
}
