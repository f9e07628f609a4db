import type { SecureContext } from "node:tls";
import type { HttpClient } from "../outbound/http-client.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { SecretRef } from "../platform/secrets.ts";
import { createEmailNotifier } from "./email.ts";
import { createLogNotifier } from "./log.ts";
import type { Notifier, ThreadMemory } from "./notifier.ts";
import { createPagerDutyNotifier } from "./pagerduty.ts";
import type { NotifierSettings } from "./schema.ts";
import { createSlackBotNotifier, createSlackWebhookNotifier } from "./slack.ts";
import { createWebhookNotifier } from "./webhook.ts";

export interface NotifierDependencies {
  readonly log: Log;
  /** For what the administrator configured. */
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Which certificates mail servers are believed by; null for Node's own list. */
  readonly trust: SecureContext | null;
  readonly threads: ThreadMemory;
  readonly readSecret: (ref: SecretRef) => Promise<string>;
}

/** The notifiers of the settings by name. Throws what `readSecret` throws, and TypeError for a secret of a wrong form. */
export async function createNotifiers(
  settings: readonly NotifierSettings[],
  dependencies: NotifierDependencies,
): Promise<ReadonlyMap<string, Notifier>> {
  const notifiers = new Map<string, Notifier>();
  for (const each of settings) notifiers.set(each.name, await createNotifier(each, dependencies));
  return notifiers;
}

type SettingsOf<Kind extends NotifierSettings["kind"]> = Extract<NotifierSettings, { kind: Kind }>;

async function createNotifier(
  settings: NotifierSettings,
  dependencies: NotifierDependencies,
): Promise<Notifier> {
  switch (settings.kind) {
    case "log":
      return createLogNotifier(settings.name, dependencies.log);
    case "webhook":
      return createWebhook(settings, dependencies);
    case "slack":
      return createSlack(settings, dependencies);
    case "email":
      return createEmail(settings, dependencies);
    case "pagerduty": {
      const { name, timeoutMs, url } = settings;
      const routingKey = await dependencies.readSecret(settings.routingKey);
      return createPagerDutyNotifier({ ...dependencies, name, timeoutMs, url, routingKey });
    }
  }
}

async function createWebhook(
  settings: SettingsOf<"webhook">,
  dependencies: NotifierDependencies,
): Promise<Notifier> {
  const { name, timeoutMs, url, secret } = settings;
  const { readSecret } = dependencies;
  const headers: Record<string, string> = {};
  for (const [header, ref] of Object.entries(settings.headers)) headers[header] = await readSecret(ref);
  return createWebhookNotifier({
    ...dependencies,
    name,
    timeoutMs,
    url: typeof url === "string" ? url : await readSecret(url),
    headers,
    secret: secret === null ? null : await readSecret(secret),
  });
}

async function createSlack(
  settings: SettingsOf<"slack">,
  dependencies: NotifierDependencies,
): Promise<Notifier> {
  const { name, timeoutMs, webhookUrl, bot } = settings;
  const common = { ...dependencies, name, timeoutMs };
  if (bot !== null)
    return createSlackBotNotifier({ ...common, ...bot, token: await dependencies.readSecret(bot.token) });
  if (webhookUrl === null) throw new TypeError(`notifier ${name} has neither webhook_url nor token`);
  return createSlackWebhookNotifier({ ...common, url: await dependencies.readSecret(webhookUrl) });
}

async function createEmail(
  settings: SettingsOf<"email">,
  dependencies: NotifierDependencies,
): Promise<Notifier> {
  const { user, password, ...rest } = settings;
  const login =
    user === null || password === null ? null : { user, password: await dependencies.readSecret(password) };
  return createEmailNotifier({ ...dependencies, ...rest, login });
}
