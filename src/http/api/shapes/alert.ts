import { z } from "zod";
import type { Decision, Episode } from "../../../runs/records.ts";
import type { Silence } from "../../../runs/guard-records.ts";
import { rfc3339 } from "../../times.ts";
import { anythingSchema, countSchema, idSchema, type Shape, textsSchema, timeSchema } from "./common.ts";
import {
  alertStatusSchema,
  decisionKindSchema,
  outcomeSchema,
  reasonSchema,
  runStateSchema,
} from "./words.ts";

const lastDecisionSchema = z
  .object({
    kind: decisionKindSchema,
    rule: z.string().nullable(),
    reason: reasonSchema.nullable(),
    run: idSchema.nullable(),
    runbook: z.string().nullable().meta({ description: "Of its run." }),
    run_status: runStateSchema.nullable(),
    at: timeSchema,
  })
  .meta({ id: "LastDecision", description: "What tells best what was done about an alert." });
export type LastDecisionShape = Shape<typeof lastDecisionSchema>;

export const alertSchema = z
  .object({
    id: idSchema,
    source: z.string(),
    fingerprint: z.string(),
    status: alertStatusSchema,
    outcome: outcomeSchema.nullable(),
    labels: textsSchema,
    annotations: textsSchema,
    starts_at: timeSchema,
    ends_at: timeSchema.nullable(),
    received_at: timeSchema,
    closed_at: timeSchema.nullable(),
    repeats: countSchema,
    generator_url: z.string().nullable(),
    decision: lastDecisionSchema.nullable(),
    url: z.url(),
  })
  .meta({ id: "Alert", description: "One firing period of one alert." });

const decisionSchema = z
  .object({
    at: timeSchema,
    kind: decisionKindSchema,
    rule: z.string().nullable(),
    reason: reasonSchema.nullable(),
    run: idSchema.nullable(),
    detail: anythingSchema,
  })
  .meta({ id: "Decision" });

const silenceSchema = z
  .object({
    run: idSchema,
    step: z.string().nullable().meta({ description: "Null for the one of the run's rule." }),
    source: z.string(),
    made: z.boolean().meta({ description: "Whether the source is known to have made it." }),
    asked_at: timeSchema.nullable(),
    ends_at: timeSchema,
    lifted_at: timeSchema.nullable(),
  })
  .meta({
    id: "AlertSilence",
    description: "A silence at the source of alerts, for as long as a run goes on.",
  });

export const alertDetailsSchema = alertSchema
  .extend({
    runs: z.array(idSchema),
    silences: z.array(silenceSchema),
    decisions: z.array(decisionSchema),
  })
  .meta({ id: "AlertDetails" });

export interface EpisodeDetails {
  readonly runs: readonly string[];
  readonly decisions: readonly Decision[];
  readonly silences: readonly Silence[];
  readonly last: LastDecisionShape | null;
}

export function episodeShape(
  externalUrl: string,
  episode: Episode,
  decision: LastDecisionShape | null,
): Shape<typeof alertSchema> {
  return {
    id: episode.id,
    source: episode.source,
    fingerprint: episode.fingerprint,
    status: episode.state,
    outcome: episode.outcome,
    labels: toObject(episode.labels),
    annotations: toObject(episode.annotations),
    // As the sender wrote it, to the nanosecond, where that is in UTC.
    starts_at: episode.startsAt.endsWith("Z") ? episode.startsAt : rfc3339(episode.startsAtMs),
    ends_at: rfc3339(episode.endsAtMs),
    received_at: rfc3339(episode.openedAtMs),
    closed_at: rfc3339(episode.closedAtMs),
    repeats: episode.repeats,
    generator_url: episode.generatorUrl,
    decision,
    url: `${externalUrl}/a/${episode.fingerprint}`,
  };
}

export function episodeDetailsShape(
  externalUrl: string,
  episode: Episode,
  { runs, decisions, silences, last }: EpisodeDetails,
): Shape<typeof alertDetailsSchema> {
  return {
    ...episodeShape(externalUrl, episode, last),
    runs,
    silences: silences.map(silenceShape),
    decisions: decisions.map(decisionShape),
  };
}

function silenceShape(silence: Silence): Shape<typeof silenceSchema> {
  return {
    run: silence.runId,
    step: silence.stepId,
    source: silence.source,
    made: silence.silenceId !== null,
    asked_at: rfc3339(silence.askedAtMs),
    ends_at: rfc3339(silence.endsAtMs),
    lifted_at: rfc3339(silence.liftedAtMs),
  };
}

function decisionShape(decision: Decision): Shape<typeof decisionSchema> {
  const { kind, rule, reason } = decision;
  return { at: rfc3339(decision.atMs), kind, rule, reason, run: decision.runId, detail: decision.detail };
}

/** A null-prototype object: `__proto__` is a legal label name, and must stay a key. */
function toObject(labels: ReadonlyMap<string, string>): Record<string, string> {
  const object = Object.create(null) as Record<string, string>;
  for (const [name, value] of labels) object[name] = value;
  return object;
}
