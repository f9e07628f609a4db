import { z } from "zod";
import type { Permission } from "../../../access/authorize.ts";
import { VERBS } from "../../../runbooks/runbook.ts";
import {
  type BundleRecord,
  type Run,
  type RunKeeping,
  SECTIONS,
  type StepRecord,
} from "../../../runs/records.ts";
import type { RunNote } from "../../../runs/start-records.ts";
import { STEP_STATES } from "../../../runs/states.ts";
import { rfc3339 } from "../../times.ts";
import { anythingSchema, countSchema, digestSchema, idSchema, type Shape, timeSchema } from "./common.ts";
import {
  effectSchema,
  permissionSchema,
  outcomeSchema,
  principalSchema,
  reasonSchema,
  runStateSchema,
  triggerKindSchema,
} from "./words.ts";

const bundleSchema = z
  .object({
    url: z.url(),
    sha256: digestSchema,
    size: countSchema,
    revision: countSchema,
    sealed_at: timeSchema,
  })
  .meta({ id: "Bundle" });

export const keepingSchema = z.object({
  pinned: z.object({ at: timeSchema, by: principalSchema.nullable() }).nullable(),
  evidence_removed_at: timeSchema.nullable(),
  evidence_removed_because: z.enum(["age", "archive_full"]).nullable(),
});

export const runSchema = z
  .object({
    id: idSchema,
    runbook: z.string(),
    status: runStateSchema,
    outcome: outcomeSchema.nullable(),
    outcome_because: z.string().nullable(),
    trigger: z.object({
      kind: triggerKindSchema,
      rule: z.string().nullable(),
      alert: idSchema.nullable(),
      principal: principalSchema,
    }),
    cause: z.object({ title: z.string(), url: z.string(), started_at: timeSchema }),
    inputs: anythingSchema,
    hosts: z.array(z.string()),
    plan_digest: z.string(),
    created_at: timeSchema,
    started_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
    failed_step: z.string().nullable(),
    reason: reasonSchema.nullable().meta({ description: "What it waits for while it is queued." }),
    retry_at: timeSchema.nullable(),
    message: z.string().nullable(),
    summary: z.string().nullable(),
    result: anythingSchema.nullable(),
    url: z.url(),
    config: z.object({ digest: digestSchema }),
    dry_run: z.boolean(),
    bundle: bundleSchema.nullable(),
    ...keepingSchema.shape,
  })
  .meta({ id: "Run" });

export const stepSchema = z
  .object({
    id: z.string(),
    section: z.enum(SECTIONS),
    verb: z.enum(VERBS),
    effect: effectSchema,
    host: z.string().nullable(),
    status: z.enum(STEP_STATES),
    attempts: countSchema,
    exit_code: z.int().nullable(),
    message: z.string().nullable(),
    outputs: anythingSchema.nullable(),
    started_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: "RunStep" });

export const noteSchema = z
  .object({ id: idSchema, at: timeSchema, by: principalSchema, text: z.string() })
  .meta({ id: "Note" });

export const runDetailsSchema = runSchema
  .extend({
    steps: z.array(stepSchema),
    notes: z.array(noteSchema),
    permissions: z
      .array(permissionSchema)
      .meta({ description: "What whoever asks may do with this run; `start` is to run it again." }),
  })
  .meta({ id: "RunDetails" });

/** What else is known of a run beside its own record. */
export interface RunExtras {
  readonly bundle: BundleRecord | null;
  readonly keeping: RunKeeping | undefined;
}

export function runShape(
  externalUrl: string,
  run: Run,
  { bundle, keeping }: RunExtras,
): Shape<typeof runSchema> {
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
    config: { digest: run.catalogDigest },
    dry_run: run.isDryRun,
    bundle: bundle === null ? null : bundleShape(externalUrl, bundle),
    ...keepingShape(keeping),
  };
}

export function runDetailsShape(
  externalUrl: string,
  run: Run,
  {
    steps,
    notes,
    permissions,
    ...extras
  }: RunExtras & {
    readonly steps: readonly StepRecord[];
    readonly notes: readonly RunNote[];
    readonly permissions: readonly Permission[];
  },
): Shape<typeof runDetailsSchema> {
  return {
    ...runShape(externalUrl, run, extras),
    steps: steps.map(stepShape),
    notes: notes.map(noteShape),
    permissions: [...permissions],
  };
}

export function stepShape(step: StepRecord): Shape<typeof stepSchema> {
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

function bundleShape(externalUrl: string, bundle: BundleRecord): Shape<typeof bundleSchema> {
  const url = `${externalUrl}/api/v1/runs/${bundle.runId}/bundle.zip`;
  return {
    url,
    sha256: bundle.sha256,
    size: bundle.bytes,
    revision: bundle.revision,
    sealed_at: rfc3339(bundle.sealedAtMs),
  };
}

export function noteShape({ id, atMs, principal, text }: RunNote): Shape<typeof noteSchema> {
  return { id, at: rfc3339(atMs), by: principal, text };
}

/** What the API says of how long a run is kept. */
export function keepingShape(keeping: RunKeeping | undefined): Shape<typeof keepingSchema> {
  const pinnedAtMs = keeping?.pinnedAtMs ?? null;
  return {
    pinned: pinnedAtMs === null ? null : { at: rfc3339(pinnedAtMs), by: keeping?.pinnedBy ?? null },
    evidence_removed_at: rfc3339(keeping?.evidenceRemovedAtMs ?? null),
    evidence_removed_because: keeping?.evidenceRemovedBecause ?? null,
  };
}
