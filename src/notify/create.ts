import type { HttpClient } from "../outbound/http-client.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { SecretRef } from "../platform/secrets.ts";
import { createLogNotifier } from "./log.ts";
import type { Notifier } from "./notifier.ts";
import type { NotifierSettings } from "./schema.ts";
import { createWebhookNotifier } from "./webhook.ts";

export interface NotifierDependencies {
  readonly log: Log;
  /** For what the administrator configured. */
  readonly http: HttpClient;
  readonly clock: Clock;
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

async function createNotifier(
  settings: NotifierSettings,
  dependencies: NotifierDependencies,
): Promise<Notifier> {
  const { log, http, clock, readSecret } = dependencies;
  switch (settings.kind) {
    case "log":
      return createLogNotifier(settings.name, log);
    case "webhook": {
      const headers: Record<string, string> = {};
      for (const [name, ref] of Object.entries(settings.headers)) headers[name] = await readSecret(ref);
      return createWebhookNotifier({
        name: settings.name,
        url: typeof settings.url === "string" ? settings.url : await readSecret(settings.url),
        headers,
        secret: settings.secret === null ? null : await readSecret(settings.secret),
        timeoutMs: settings.timeoutMs,
        http,
        clock,
      });
    }
  }
}
