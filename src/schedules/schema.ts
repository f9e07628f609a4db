import { z } from "zod";
import { durationSchema, nameSchema, textSchema, wordSchema } from "../platform/schemas.ts";
import { MISSED, OVERLAPS } from "./schedule.ts";

const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);

export const scheduleSchema = z.strictObject({
  name: nameSchema,
  runbook: textSchema.min(1),
  with: z
    .record(
      z.string(),
      z.union([scalarSchema, z.array(scalarSchema)], {
        error: "an input's value here is a text, a number, true or false, or a list of them",
      }),
    )
    .default({})
    .meta({ description: "Inputs of the runbook" }),
  cron: textSchema.min(1).meta({ description: 'Five fields, such as "30 2 * * *"' }),
  time_zone: textSchema.default("UTC").meta({ description: "Of the IANA database, such as Europe/Berlin" }),
  jitter: durationSchema
    .default(0)
    .meta({ description: "Each time is put off by up to so much, so that not everything starts at once" }),
  missed: wordSchema(MISSED)
    .default("run_once")
    .meta({ description: "After times that passed while the service was down or a guard delayed the start" }),
  overlap: wordSchema(OVERLAPS)
    .default("skip")
    .meta({ description: "While the run of an earlier time goes on" }),
});
export type ScheduleEntry = z.output<typeof scheduleSchema>;

/** A file of schedules as operators write it. */
export const schedulesFileSchema = z.strictObject({ schedules: z.array(scheduleSchema) });
