import { z } from "zod";
import {
  distinctSchema,
  durationSchema,
  granteesSchema,
  nameSchema,
  positiveDurationSchema,
  textSchema,
  timeLimitSchema,
  wordSchema,
} from "../platform/schemas.ts";
import { SECRET_NAME } from "../platform/secrets.ts";
import { assertSchema } from "./assert-schema.ts";
import { runbookGuardsSchema } from "./guards-schema.ts";
import { inputSchema } from "./input-schema.ts";
import { EFFECTS } from "./runbook.ts";
import { principalSchema } from "./principals.ts";
import { annotateSchema } from "./verbs/annotate.ts";
import { approvalCountSchema, approveSchema, askOnFailureSchema } from "./verbs/approve.ts";
import { callSchema } from "./verbs/call.ts";
import { collectSchema } from "./verbs/collect.ts";
import { commandSchema } from "./verbs/command.ts";
import { forEachSchema } from "./verbs/for-each.ts";
import { httpSchema } from "./verbs/http.ts";
import { notifySchema } from "./verbs/notify.ts";
import { prometheusSchema } from "./verbs/prometheus.ts";
import { putSchema } from "./verbs/put.ts";
import { scriptSchema, shellSchema } from "./verbs/run.ts";
import { silenceSchema } from "./verbs/silence.ts";
import { waitSchema } from "./verbs/wait.ts";

const STEPS_MAX = 200;
const RETRIES_MAX = 1_000;
const ASSERTS_MAX = 50;
export const STEP_ID = /^[a-z][a-z0-9_]{0,62}$/;

const expressionSchema = textSchema.min(1).meta({ description: "CEL expression" });

/** One step. That it has exactly one verb, and only keys that its verb knows, is checked by the loader. */
export const stepSchema = z.strictObject({
  id: textSchema.regex(STEP_ID, "a step's id has a-z, 0-9 and _, and begins with a letter").optional(),
  name: textSchema.min(1).optional(),
  if: expressionSchema.optional(),
  target: textSchema.min(1).optional().meta({ description: "A host, or ${{ inputs.NAME }}" }),
  targets: textSchema
    .regex(/^\$\{\{\s*inputs\.[a-z][a-z0-9_]*\s*\}\}$/, "write an input of type hosts: ${{ inputs.NAME }}")
    .optional()
    .meta({ description: "The step on each host of an input, all at a time" }),
  effect: wordSchema(EFFECTS).optional(),
  become: z
    .union([z.boolean(), textSchema.regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, "this is no user name")])
    .optional()
    .meta({ description: "true for root, or a user; hosts.yml says who is allowed" }),
  env: z.record(z.string(), textSchema).optional(),
  timeout: timeLimitSchema.optional().meta({ description: "Of one attempt" }),
  retries: z.int().min(0).max(RETRIES_MAX).optional().meta({ description: "Tries after the first one" }),
  delay: durationSchema.optional().meta({ description: "Between two tries; default 5s" }),
  until: expressionSchema.optional(),
  fail_if: expressionSchema.optional(),
  continue_on_error: z.boolean().optional(),
  outputs: z.record(z.string(), expressionSchema).optional(),
  on_interrupt: wordSchema(["retry", "stop"]).optional(),
  retry_on: z.array(wordSchema(["failed", "timed_out"])).optional(),
  critical: z.boolean().optional(),
  preview: scriptSchema.optional().meta({
    description: "Script that shows what the step would change; it only reads, and a dry run runs it",
  }),
  ask_on_failure: askOnFailureSchema
    .optional()
    .meta({ description: "A person is asked once the step has failed: retry, skip or stop" }),
  run: scriptSchema.optional(),
  shell: shellSchema.optional(),
  command: commandSchema.optional(),
  collect: collectSchema.optional(),
  put: putSchema.optional(),
  http: httpSchema.optional(),
  prometheus: prometheusSchema.optional(),
  wait: waitSchema.optional(),
  notify: notifySchema.optional(),
  silence: silenceSchema.optional(),
  annotate: annotateSchema.optional(),
  approve: approveSchema.optional(),
  for_each: forEachSchema(() => stepsSchema).optional(),
  runbook: callSchema.optional(),
});

export type StepEntry = z.output<typeof stepSchema>;

const stepListSchema = z
  .array(stepSchema)
  .max(STEPS_MAX, `a runbook has at most ${STEPS_MAX} steps in one list`);
/** For the steps inside of steps: their own type would have to be named in terms of itself. */
const stepsSchema: z.ZodType<readonly unknown[]> = stepListSchema;

const grantees = (description: string) => granteesSchema.optional().meta({ description });

/** A name as in `*.example.net`, or an address; without a port. */
const HTTP_HOST = /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?$|^\[?[0-9A-Fa-f:.]+\]?$/;

/** A file of runbooks/ as operators write it. */
export const runbookSchema = z.strictObject({
  name: nameSchema,
  title: textSchema.min(1).max(200).optional(),
  description: textSchema.optional().meta({ description: "Markdown, shown on the form" }),
  owner: textSchema.min(1).optional(),
  tags: z.array(textSchema.min(1)).default([]),
  inputs: z.record(z.string(), inputSchema).default({}),
  access: z
    .strictObject({
      view: grantees("Who sees it beside those below; hides it from other viewers"),
      run: grantees("Who may run it, whatever their role; nobody else"),
      approve: grantees("Who may decide on its runs; default: operators and admins"),
    })
    .optional()
    .meta({ description: "Lists of everyone, user:NAME and group:NAME" }),
  approval: z
    .strictObject({
      count: approvalCountSchema.optional(),
      when: expressionSchema
        .optional()
        .meta({ description: "Sees inputs and run.trigger; without it every start is asked for" }),
      timeout: positiveDurationSchema
        .optional()
        .meta({ description: "How long a run waits for a person's yes; default 30m" }),
      // oxlint-disable-next-line unicorn/no-thenable -- a key of the language, in a schema that nobody awaits
      then: principalSchema
        .optional()
        .meta({ description: "A second group, asked for as long again when nobody decided in time" }),
      on_timeout: wordSchema(["reject"]).optional(),
    })
    .optional()
    .meta({ description: "People who have to say yes before a run starts" }),
  confirm: z
    .strictObject({ type_value_of: textSchema.min(1).meta({ description: "Name of an input" }) })
    .optional()
    .meta({ description: "A person who starts it types the value of this input" }),
  guards: runbookGuardsSchema
    .prefault({})
    .meta({ description: "What holds for every start, whoever asks for it" }),
  asserts: z
    .array(assertSchema)
    .max(ASSERTS_MAX, `a runbook has at most ${ASSERTS_MAX} asserts`)
    .default([])
    .meta({ description: "Conditions judged at the start and again right before the steps they name" }),
  http_hosts: z
    .array(textSchema.regex(HTTP_HOST, "write a host without its port, such as *.example.net or localhost"))
    .default([])
    .meta({ description: "Hosts that http steps may reach beside those of the inventory" }),
  timeout: timeLimitSchema.optional().meta({ description: "Of the whole run; default 30m" }),
  secrets: distinctSchema(
    textSchema.regex(SECRET_NAME, "a secret's name has letters, digits and _, and begins with a letter or _"),
  )
    .default([])
    .meta({
      description:
        "Names of secrets of the settings: secrets.NAME in env, and in headers and the body of http",
    }),
  target: textSchema.min(1).optional().meta({ description: "For steps that name none" }),
  steps: stepListSchema.min(1, "a runbook needs steps"),
  on_failure: stepListSchema.default([]),
  finally: stepListSchema.default([]),
  summary: textSchema
    .min(1)
    .optional()
    .meta({ description: "Markdown with ${{ }}, written when the run ends" }),
  result: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .meta({ description: "What the caller gets when the run has succeeded; values may use ${{ }}" }),
});

export type RunbookEntry = z.output<typeof runbookSchema>;
