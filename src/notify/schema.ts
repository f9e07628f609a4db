import { z } from "zod";
import { durationSchema, nameSchema } from "../platform/schemas.ts";
import { secretSchema } from "../platform/secrets.ts";

const TIMEOUT_DEFAULT = "10s";
const TIMEOUT_MS_MAX = 60_000;

const webhookSchema = z.strictObject({
  url: z
    .union([z.string().regex(/^https?:\/\//, "a URL begins with http:// or https://"), secretSchema])
    .meta({ description: "Where to post; as a secret when the URL itself is one" }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, "this is no header name"), secretSchema)
    .default({})
    .meta({ description: "Sent with each post" }),
  secret: secretSchema
    .optional()
    .meta({ description: "whsec_ and base64: signs each post (Standard Webhooks)" }),
  timeout: durationSchema
    .refine((ms) => ms > 0 && ms <= TIMEOUT_MS_MAX, "a timeout is between 1ms and 1m")
    .prefault(TIMEOUT_DEFAULT)
    .meta({ description: "Of one post" }),
});

/** A kind that is planned. Its settings are accepted by no version yet, so the message names it rather than a key in it. */
function notYet(kind: string) {
  return z
    .unknown()
    .refine(() => false, `${kind} is not available in this version; use webhook, or log`)
    .optional()
    .meta({ description: "Not available in this version" });
}

const KINDS = ["log", "webhook", "slack", "email", "pagerduty"] as const;

/** One entry of `notifiers:` in nightshift.yml: a name and exactly one kind. */
export const notifierSchema = z
  .strictObject({
    name: nameSchema.meta({ description: "What `notify` and `notify:` steps call it" }),
    log: z.strictObject({}).optional().meta({ description: "Writes to the service's log" }),
    webhook: webhookSchema.optional().meta({ description: "Posts JSON to a URL" }),
    slack: notYet("slack"),
    email: notYet("email"),
    pagerduty: notYet("pagerduty"),
  })
  .superRefine((entry, context) => {
    const count = KINDS.filter((kind) => entry[kind] !== undefined).length;
    if (count !== 1)
      context.addIssue({ code: "custom", message: "a notifier has exactly one of log and webhook" });
  })
  .transform(
    ({ name, webhook }): NotifierSettings =>
      webhook === undefined
        ? { name, kind: "log" }
        : {
            name,
            kind: "webhook",
            url: webhook.url,
            headers: webhook.headers,
            secret: webhook.secret ?? null,
            timeoutMs: webhook.timeout,
          },
  );

type Secret = z.output<typeof secretSchema>;

export type NotifierSettings =
  | { readonly name: string; readonly kind: "log" }
  | {
      readonly name: string;
      readonly kind: "webhook";
      readonly url: string | Secret;
      readonly headers: Readonly<Record<string, Secret>>;
      readonly secret: Secret | null;
      readonly timeoutMs: number;
    };

/** `notifiers:` as a whole; names are unique. */
export const notifiersSchema = z.array(notifierSchema).superRefine((notifiers, context) => {
  for (const [index, { name }] of notifiers.entries()) {
    if (notifiers.findIndex((other) => other.name === name) < index)
      context.addIssue({
        code: "custom",
        path: [index, "name"],
        message: `there are two notifiers called ${name}`,
      });
  }
});
