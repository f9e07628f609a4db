import { z } from "zod";
import { nameSchema, textSchema, wordSchema } from "../platform/schemas.ts";
import { type SecretRef, secretSchema } from "../platform/secrets.ts";
import { type EmailTls, emailSchema } from "./email-schema.ts";
import { NOTICE_EVENTS } from "./events.ts";
import { NOTIFIER_KINDS } from "./notifier.ts";
import { timeoutSchema } from "./timeout-schema.ts";

const httpUrlSchema = z.string().regex(/^https?:\/\//, "a URL begins with http:// or https://");

const webhookSchema = z.strictObject({
  url: z
    .union([httpUrlSchema, secretSchema])
    .meta({ description: "Where to post; as a secret when the URL itself is one" }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, "this is no header name"), secretSchema)
    .default({})
    .meta({ description: "Sent with each post" }),
  secret: secretSchema
    .optional()
    .meta({ description: "whsec_ and base64: signs each post (Standard Webhooks)" }),
  timeout: timeoutSchema("Of one post"),
});

const slackSchema = z
  .strictObject({
    webhook_url: secretSchema.optional().meta({
      description: "An incoming webhook: each notice is a message of its own",
    }),
    token: secretSchema.optional().meta({
      description: "Of a bot with the scope chat:write: one thread for each alert",
    }),
    channel: z
      .string()
      .regex(/^#?[^\s#@<>|]{1,80}$/, "a channel is a name such as #oncall, or an id such as C024BE91L")
      .optional()
      .meta({ description: "Where the bot posts; it must be a member" }),
    api_url: httpUrlSchema
      .default("https://slack.com/api")
      .transform((url) => url.replace(/\/+$/, ""))
      .meta({ description: "For a proxy in between" }),
    timeout: timeoutSchema("Of one call"),
  })
  .superRefine(({ webhook_url: webhookUrl, token, channel }, context) => {
    if ((webhookUrl === undefined) === (token === undefined))
      context.addIssue({ code: "custom", message: "slack has exactly one of webhook_url and token" });
    else if ((token === undefined) !== (channel === undefined))
      context.addIssue({
        code: "custom",
        path: ["channel"],
        message:
          token === undefined ? "the channel of a webhook_url is chosen in Slack" : "a token needs a channel",
      });
  });

const pagerdutySchema = z.strictObject({
  routing_key: secretSchema.meta({ description: "The integration key of a service (Events API v2)" }),
  url: httpUrlSchema.default("https://events.pagerduty.com/v2/enqueue").meta({
    description: "In the EU: https://events.eu.pagerduty.com/v2/enqueue",
  }),
  timeout: timeoutSchema("Of one post"),
});

const wordingKeys = {
  title: textSchema.min(1).optional().meta({ description: "Instead of Nightshift's own, with `${{ }}`" }),
  text: textSchema.min(1).optional().meta({ description: "Instead of Nightshift's own, with `${{ }}`" }),
};

/** One entry of `notifiers:` in nightshift.yml: a name and exactly one kind. */
export const notifierSchema = z
  .strictObject({
    name: nameSchema.meta({ description: "What `notify` and `notify:` steps call it" }),
    ...wordingKeys,
    log: z.strictObject({}).optional().meta({ description: "Writes to the service's log" }),
    webhook: webhookSchema.optional().meta({ description: "Posts JSON to a URL" }),
    slack: slackSchema.optional().meta({ description: "Posts to a channel of Slack" }),
    email: emailSchema.optional().meta({ description: "Sends mails" }),
    pagerduty: pagerdutySchema.optional().meta({ description: "Opens, updates and resolves incidents" }),
  })
  .superRefine((entry, context) => {
    const count = NOTIFIER_KINDS.filter((kind) => entry[kind] !== undefined).length;
    if (count !== 1)
      context.addIssue({
        code: "custom",
        message: "a notifier has exactly one of log, webhook, slack, email and pagerduty",
      });
  })
  .transform(
    (entry): NotifierSettings => ({
      name: entry.name,
      title: entry.title,
      text: entry.text,
      ...kindOf(entry),
    }),
  );

interface NotifierEntry {
  readonly webhook?: z.output<typeof webhookSchema> | undefined;
  readonly slack?: z.output<typeof slackSchema> | undefined;
  readonly email?: z.output<typeof emailSchema> | undefined;
  readonly pagerduty?: z.output<typeof pagerdutySchema> | undefined;
}

function kindOf({ webhook, slack, email, pagerduty }: NotifierEntry): NotifierKindSettings {
  if (webhook !== undefined) {
    const { url, headers, secret = null, timeout } = webhook;
    return { kind: "webhook", url, headers, secret, timeoutMs: timeout };
  }
  if (slack !== undefined) {
    const { webhook_url: webhookUrl, token, channel = "", api_url: apiUrl, timeout: timeoutMs } = slack;
    const bot = token === undefined ? null : { token, channel, apiUrl };
    return { kind: "slack", webhookUrl: webhookUrl ?? null, bot, timeoutMs };
  }
  if (email !== undefined) {
    const { user = null, password = null, timeout: timeoutMs, ...rest } = email;
    return { kind: "email", ...rest, user, password, timeoutMs };
  }
  if (pagerduty !== undefined)
    return {
      kind: "pagerduty",
      routingKey: pagerduty.routing_key,
      url: pagerduty.url,
      timeoutMs: pagerduty.timeout,
    };
  return { kind: "log" };
}

export type NotifierSettings = NotifierKindSettings & {
  readonly name: string;
  /** Templates, checked with the rest of the settings. */
  readonly title: string | undefined;
  readonly text: string | undefined;
};

type NotifierKindSettings =
  | { readonly kind: "log" }
  | {
      readonly kind: "webhook";
      readonly url: string | SecretRef;
      readonly headers: Readonly<Record<string, SecretRef>>;
      readonly secret: SecretRef | null;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "slack";
      /** One of both is there. */
      readonly webhookUrl: SecretRef | null;
      readonly bot: { readonly token: SecretRef; readonly channel: string; readonly apiUrl: string } | null;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "email";
      readonly host: string;
      readonly port: number;
      readonly tls: EmailTls;
      /** Both or none. */
      readonly user: string | null;
      readonly password: SecretRef | null;
      readonly from: string;
      readonly to: readonly string[];
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "pagerduty";
      readonly routingKey: SecretRef;
      readonly url: string;
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

/** One entry of `notify:`. */
export const notifyRouteSchema = z.strictObject({
  to: nameSchema.meta({ description: "Name of a notifier" }),
  events: z.array(wordSchema(NOTICE_EVENTS)).min(1),
  ...wordingKeys,
});
