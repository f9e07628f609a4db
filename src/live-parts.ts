import { createNotifiers } from "./notify/create.ts";
import type { Notifier } from "./notify/notifier.ts";
import { type OpenSources, openSources } from "./open-sources.ts";
import type { HttpClient } from "./outbound/http-client.ts";
import { createPrometheus, type Prometheus } from "./outbound/prometheus.ts";
import type { Clock } from "./platform/clock.ts";
import type { Log } from "./platform/log.ts";
import { resolveSecret, type SecretReaders } from "./platform/secrets.ts";
import { createSecretReaders, type Settings } from "./settings/load.ts";

/** What follows the settings at a reload. Opened whole, secrets read, before any of it is used. */
export interface LiveParts {
  readonly settings: Settings;
  readonly sources: OpenSources;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly prometheus: Prometheus | null;
}

export interface LivePartsOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

const PROMETHEUS_TIMEOUT_MS = 30_000;

/** Throws SecretError for a secret that cannot be read. */
export async function openLiveParts(settings: Settings, options: LivePartsOptions): Promise<LiveParts> {
  const { http, clock, log } = options;
  const secretReaders = createSecretReaders(settings.folder);
  const readSecret = (ref: Parameters<typeof resolveSecret>[0]) => resolveSecret(ref, secretReaders);
  return {
    settings,
    sources: await openSources(settings, { http, clock, secretReaders }),
    notifiers: await createNotifiers(settings.notifiers, { log, http, clock, readSecret }),
    prometheus: await openPrometheus(settings, http, secretReaders),
  };
}

async function openPrometheus(
  settings: Settings,
  http: HttpClient,
  secretReaders: SecretReaders,
): Promise<Prometheus | null> {
  if (settings.prometheus === undefined) return null;
  const { url, token } = settings.prometheus;
  const headers =
    token === undefined ? {} : { authorization: `Bearer ${await resolveSecret(token, secretReaders)}` };
  return createPrometheus({ http, url, headers, timeoutMs: PROMETHEUS_TIMEOUT_MS });
}

/** Settings that a running service cannot take on: the names of those that differ. */
export function settingsThatNeedRestart(before: Settings, after: Settings): string[] {
  const fixed: Readonly<Record<string, (settings: Settings) => unknown>> = {
    "web.listen": (settings) => settings.listen,
    "web.external_url": (settings) => settings.externalUrl,
    "storage.path": (settings) => settings.storagePath,
    limits: (settings) => settings.limits,
  };
  return Object.entries(fixed)
    .filter(([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after)))
    .map(([name]) => name);
}
