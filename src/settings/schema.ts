import { z } from "zod";
import { loginSchema } from "../access/login-schema.ts";
import { sourceAuthSchema } from "../access/source-auth/schema.ts";
import { SOURCE_KINDS } from "../alerts/alert.ts";
import { DEFAULT_DELIVERY_LIMITS, DEFAULT_REQUEST_LIMITS } from "../alerts/limits.ts";
import { mappingSchema } from "../alerts/mapping.ts";
import { timeIntervalsSchema } from "../intervals/schema.ts";
import { notifierSchema, notifyRouteSchema } from "../notify/schema.ts";
import {
  bytesSchema,
  countSchema,
  durationSchema,
  nameSchema,
  positiveDurationSchema,
  wordSchema,
} from "../platform/schemas.ts";
import { SECRET_NAME, secretSchema } from "../platform/secrets.ts";
import { parseListenAddress } from "./listen.ts";

const urlSchema = z
  .url({ protocol: /^https?$/, error: "write an http or https URL, such as http://prometheus:9090" })
  .transform((url) => url.replace(/\/+$/, ""));
const globsSchema = z.array(z.string().min(1)).min(1);
const duration = (text: string) => durationSchema.prefault(text);
const bytes = (text: string) => bytesSchema.prefault(text);
const count = (value: number, min = 1) => z.int().min(min).default(value);

const listenSchema = z.string().superRefine((text, context) => {
  if (parseListenAddress(text) !== undefined) return;
  context.addIssue({
    code: "custom",
    message: `"${text}" is no address to listen on; write it like 127.0.0.1:9095 or :9095`,
  });
});

const sourceSchema = z
  .strictObject({
    name: nameSchema.meta({ description: "Ends the path it posts to: /webhooks/NAME" }),
    kind: wordSchema(SOURCE_KINDS).meta({
      description: "Which API is asked; only generic may have a map. Bodies are told apart by themselves",
    }),
    auth: sourceAuthSchema
      .optional()
      .meta({ description: "Who may deliver; without it anyone who can connect" }),
    api: z
      .strictObject({
        urls: z
          .array(urlSchema)
          .min(1)
          .meta({ description: "One for each server of a high-availability pair" }),
        token: secretSchema.optional().meta({ description: "Sent as `Authorization: Bearer`" }),
      })
      .optional()
      .meta({ description: "Where the state of an alert can be asked for" }),
    episode_ttl: duration("12h").meta({ description: "Silent for so long, an open episode is asked after" }),
    map: mappingSchema.optional().meta({ description: "For kind generic: how the JSON is read" }),
  })
  .superRefine((source, context) => {
    if (source.kind === "generic" || source.map === undefined) return;
    context.addIssue({ code: "custom", path: ["map"], message: "only a source of kind generic has a map" });
  });

/** Kept by prlimit of util-linux; none is set by default. */
const stepLimitsSchema = z.strictObject({
  processes: countSchema.optional().meta({
    description:
      "Processes of the user that Nightshift runs as, those of all steps together; not kept for root",
  }),
  file_size: bytesSchema.optional().meta({ description: "Of each file that a process writes" }),
  open_files: countSchema.optional().meta({ description: "Open in one process at once" }),
  cpu: positiveDurationSchema
    .optional()
    .meta({ description: "Processor time of one process, in whole seconds; then it is killed" }),
});

/** Every limit of the service, named, with its default. */
const limitsSchema = z.strictObject({
  max_runs: count(20, 0).meta({ description: "Runs executed at once; 0 only takes alerts in" }),
  queue: count(10_000).meta({ description: "Runs that may wait for a slot" }),
  pending_deliveries: count(5_000).meta({
    description: "Deliveries that may wait for their commit; beyond it 503",
  }),
  shutdown_grace: duration("60s").meta({
    description: "At SIGTERM, how long the steps under way may take to end by themselves",
  }),
  start_within: duration("15m").meta({
    description: "A later start first asks whether the alert still fires",
  }),
  step: stepLimitsSchema.prefault({}).meta({
    description: "For each process that a step starts on this machine; needs prlimit (util-linux)",
  }),
  bundle_bytes: bytes("2GiB").meta({
    description: "Of all files of one run; beyond it its steps gather nothing more",
  }),
  spool_bytes: bytes("10GiB").meta({
    description:
      "How far the archive may be over `retention.max_bytes` until retention comes; beyond it steps gather nothing more",
  }),
  body: bytes("16MiB").meta({ description: "Of one webhook request; beyond it 413" }),
  refused_body: bytes("64KiB").meta({ description: "Read of a body whose sender is already refused" }),
  json_depth: count(DEFAULT_DELIVERY_LIMITS.depthMax).meta({ description: "Levels of nesting in one body" }),
  json_keys: count(DEFAULT_DELIVERY_LIMITS.keysMax).meta({ description: "Object members in one body" }),
  json_array_items: count(DEFAULT_DELIVERY_LIMITS.arrayItemsMax).meta({
    description: "Array items in one body",
  }),
  alerts_per_delivery: count(DEFAULT_DELIVERY_LIMITS.alertsMax).meta({
    description: "Alerts in one body; beyond it 413",
  }),
  labels_per_alert: count(DEFAULT_DELIVERY_LIMITS.labelsMax).meta({
    description: "Labels of one alert, and as many annotations",
  }),
  label_name: bytes("256B").meta({ description: "Of the name of a label or annotation" }),
  label_value: bytes("8KiB").meta({ description: "Of the value of a label" }),
  annotation: bytes("64KiB").meta({ description: "Of the value of an annotation, and of a link" }),
  header: bytes("16KiB").meta({ description: "Of all headers of one request together" }),
  headers: count(DEFAULT_REQUEST_LIMITS.headersMax).meta({ description: "Headers of one request" }),
  headers_timeout: duration("10s").meta({ description: "For the headers of one request" }),
  request_timeout: duration("30s").meta({ description: "For one whole request" }),
  keep_alive: duration("15s").meta({ description: "An idle connection is closed after it" }),
  connections: count(DEFAULT_REQUEST_LIMITS.connectionsMax).meta({
    description: "Connections at once; further ones are closed",
  }),
});

/** Told apart from a typing error, with what there is instead. */
const s3Schema = z
  .unknown()
  .refine(
    () => false,
    "not available in this version: evidence is kept in storage.path alone, within retention.max_bytes; leave it out",
  )
  .optional()
  .meta({ description: "Not available in this version" });

const archiveSchema = z
  .strictObject({ s3: s3Schema })
  .nullable()
  .default(null)
  .meta({ description: "Where evidence is kept: in this version in `storage.path` alone" });

const keyFileSchema = z.strictObject({
  file: z.string().min(1).meta({
    description: "At least 32 random bytes in base64; relative to this file. Read at the start only",
  }),
});

const keysSchema = z.strictObject({
  current: keyFileSchema.optional().meta({
    description: "Signs the audit log. Default: `keys/audit` in `storage.path`, made at the first start",
  }),
  previous: z
    .array(keyFileSchema)
    .max(20, "there are at most 20 earlier keys")
    .default([])
    .meta({ description: "Signed it before; needed to verify what they signed" }),
});

const age = (text: string, what: string) => positiveDurationSchema.prefault(text).meta({ description: what });

const retentionSchema = z.strictObject({
  runs: age("90d", "Runs with their steps; never shorter than the windows of the guards"),
  artifacts: age("30d", "Files and bundles of runs"),
  deliveries: age("30d", "Bodies of webhook requests as they were received"),
  decisions: age("90d", "What was decided on each alert; alerts go when nothing of them is left"),
  audit: age(
    "400d",
    "Records of the audit log; older ones go a day at a time, and the rest can still be verified",
  ),
  max_bytes: bytes("100GiB").meta({
    description: "Of files and bundles together; beyond it those of the oldest runs go",
  }),
  keep: z
    .array(wordSchema(["pinned"]))
    .default(["pinned"])
    .meta({ description: "What stays whatever its age" }),
});

/** Each is looked for in everything that is stored. */
const REDACT_PATTERNS_MAX = 50;

/** nightshift.yml as operators write it. */
export const settingsSchema = z.strictObject({
  web: z
    .strictObject({
      listen: listenSchema
        .default("127.0.0.1:9095")
        .meta({ description: "Address and port; `:9095` is every address of the machine" }),
      external_url: urlSchema.optional().meta({
        description: "How people reach the service; begins every link. Default: the listen address",
      }),
      insecure: z
        .boolean()
        .default(false)
        .meta({ description: "Allows listening beyond loopback without login or authentication" }),
    })
    .prefault({}),
  storage: z
    .strictObject({
      path: z.string().min(1).default("data").meta({
        description: "Folder for everything that is kept; relative to where the service is started",
      }),
      ballast: bytes("64MiB").meta({
        description:
          "Held in reserve on the disk of `path`, and given up when that is full, so that what is under way can be recorded; `0B`: none",
      }),
    })
    .prefault({}),
  keys: keysSchema.prefault({}),
  archive: archiveSchema,
  retention: retentionSchema.prefault({}),
  rules: globsSchema
    .default(["rules/*.yml"])
    .meta({ description: "Globs of rule files, relative to this file; read in the order of their names" }),
  runbooks: globsSchema
    .default(["runbooks/*.yml"])
    .meta({ description: "Globs of runbook files, relative to this file" }),
  hosts: globsSchema
    .default(["hosts.yml"])
    .meta({ description: "Globs of inventory files, relative to this file" }),
  schedules: globsSchema.optional().meta({
    description:
      "Globs of files of schedules, relative to this file. Without it `schedules.yml`, should it be there",
  }),
  sources: z
    .array(sourceSchema)
    .min(1)
    .default([
      { name: "alertmanager", kind: "alertmanager", episode_ttl: 12 * 3_600_000 },
      { name: "grafana", kind: "grafana", episode_ttl: 12 * 3_600_000 },
      { name: "generic", kind: "generic", episode_ttl: 12 * 3_600_000 },
    ])
    .meta({ description: "Who may post alerts. Default: one of each kind, named as its kind, without auth" }),
  prometheus: z
    .strictObject({
      url: urlSchema.meta({ description: "Without the path of the API, such as http://prometheus:9090" }),
      token: secretSchema.optional().meta({ description: "Sent as `Authorization: Bearer`" }),
    })
    .optional()
    .meta({ description: "For `prometheus` steps and `verify.check`" }),
  outbound: z
    .strictObject({
      ca_file: z.string().min(1).optional().meta({
        description:
          "PEM file of certificate authorities that are trusted beside Node's own, such as a company's; relative to this file",
      }),
    })
    .prefault({})
    .meta({ description: "For every connection that Nightshift makes by HTTPS" }),
  time_intervals: timeIntervalsSchema.prefault([]).meta({
    description: "Times that the guards `active` and `mute` name, in Alertmanager's format",
  }),
  notifiers: z.array(notifierSchema).default([]).meta({ description: "Ways to tell people" }),
  notify: z
    .array(notifyRouteSchema)
    .default([])
    .meta({ description: "Who hears of what. A rule in mode auto needs at least one entry" }),
  login: loginSchema.optional(),
  secrets: z
    .record(
      z
        .string()
        .regex(SECRET_NAME, "a secret's name has letters, digits and _, and begins with a letter or one _"),
      secretSchema,
    )
    .default({})
    .meta({
      description: "By name: what runbooks may use as `secrets.NAME`. Read at the start and at each reload",
    }),
  redact: z
    .strictObject({
      patterns: z
        .array(
          z.strictObject({
            name: nameSchema.meta({ description: "Stands in the text's place: `[redacted:NAME]`" }),
            regex: z.string().min(1).meta({ description: "RE2 syntax; sees one line at a time" }),
          }),
        )
        .max(REDACT_PATTERNS_MAX, `there are at most ${REDACT_PATTERNS_MAX} patterns`)
        .default([])
        .meta({ description: "What is secret beside what Nightshift knows by itself (security.md)" }),
    })
    .prefault({}),
  limits: limitsSchema.prefault({}),
});

export type SettingsFile = z.output<typeof settingsSchema>;
export type SourceSettings = SettingsFile["sources"][number];

/** Keys of the full language that this version does not have; they are told apart from typing errors. */
export const PLANNED_SETTINGS: ReadonlySet<string> = new Set(["node", "database_url"]);
