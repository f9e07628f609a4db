import { z } from "zod";
import { nameSchema, textSchema } from "../../platform/schemas.ts";

/** A mark in Grafana's graphs. */
export interface AnnotateSpec {
  /** A source of the settings of kind grafana. */
  readonly source: string;
  readonly text: string;
  readonly tags: readonly string[];
  /** An RFC 3339 time, or `now`: when the attempt is made. */
  readonly time: string;
  /** The same; null for a mark of one moment. */
  readonly timeEnd: string | null;
  /** Null: of no dashboard, for all that show annotations with these tags. */
  readonly dashboardUid: string | null;
  readonly panelId: number | null;
}

export const NOW = "now";
const TAGS_MAX = 20;

const timeSchema = textSchema
  .refine(
    (text) => text.includes("${{") || text === NOW || parseTimeMs(text) !== undefined,
    "write a time such as 2026-11-26T03:12:00Z, now, or ${{ run.cause.started_at }}",
  )
  .meta({ description: "RFC 3339, now, or a value such as ${{ run.cause.started_at }}" });

export const annotateSchema = z
  .strictObject({
    source: nameSchema.meta({
      description: "A source of the settings of kind grafana, whose api has a token",
    }),
    text: textSchema.min(1),
    tags: z.array(textSchema.min(1)).max(TAGS_MAX, `an annotation has at most ${TAGS_MAX} tags`).default([]),
    time: timeSchema.default(NOW),
    time_end: timeSchema.optional().meta({ description: "Makes it a region: from time to then" }),
    dashboard_uid: textSchema.min(1).optional().meta({ description: "Only on this dashboard" }),
    panel_id: z.int().min(1).optional().meta({ description: "Only on this panel of the dashboard" }),
  })
  .refine(
    (annotate) => annotate.panel_id === undefined || annotate.dashboard_uid !== undefined,
    "panel_id needs the dashboard_uid of its dashboard",
  )
  .transform(
    (annotate): AnnotateSpec => ({
      source: annotate.source,
      text: annotate.text,
      tags: annotate.tags,
      time: annotate.time,
      timeEnd: annotate.time_end ?? null,
      dashboardUid: annotate.dashboard_uid ?? null,
      panelId: annotate.panel_id ?? null,
    }),
  );

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Undefined for what is no RFC 3339 time. */
export function parseTimeMs(text: string): number | undefined {
  const timeMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
