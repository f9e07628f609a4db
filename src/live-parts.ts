import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { SecureContext } from "node:tls";
import { createOidcProvider, type OidcProvider } from "./access/oidc.ts";
import type { ReadSecret } from "./engine/secrets.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import { createNotifiers } from "./notify/create.ts";
import type { Notifier, ThreadMemory } from "./notify/notifier.ts";
import type { NoticeWording } from "./notify/wording.ts";
import { type OpenSources, openSources } from "./open-sources.ts";
import { createPeerHttpClient, type HttpClient } from "./outbound/http-client.ts";
import { createPrometheus, type Prometheus } from "./outbound/prometheus.ts";
import { trustAlso, TrustError } from "./outbound/trust.ts";
import type { Clock } from "./platform/clock.ts";
import type { Log } from "./platform/log.ts";
import type { Metrics } from "./platform/metrics.ts";
import { resolveSecret, type SecretReaders } from "./platform/secrets.ts";
import { readSecrets } from "./read-secrets.ts";
import { createRedaction, type Redaction } from "./redaction/redaction.ts";
import { createSecretReaders, type Settings } from "./settings/load.ts";
import { type CompiledRoute, notifierWording, notifyRoutes } from "./settings/notice-checks.ts";
import { compileRedactPatterns } from "./settings/redact-patterns.ts";

/** What follows the settings at a reload. Opened whole, secrets read, before any of it is used. */
export interface LiveParts {
  readonly settings: Settings;
  readonly sources: OpenSources;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  /** Who is told of what, and in which words. */
  readonly notifyRoutes: readonly CompiledRoute[];
  readonly notifierWording: ReadonlyMap<string, NoticeWording>;
  readonly prometheus: Prometheus | null;
  /** Which certificates are believed; null for Node's own list. */
  readonly trust: SecureContext | null;
  /** Who vouches for people; null where none is configured. */
  readonly oidc: OidcProvider | null;
  /** Secrets that runbooks may use. */
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  /** Knows every secret that was read until it is asked for. */
  readonly redaction: Redaction;
}

export interface LivePartsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "redactions">;
  /** What the receivers of notices call the first of each thread. */
  readonly threads: ThreadMemory;
  /** Gets every secret that is read. */
  readonly known: KnownSecrets;
}

const PROMETHEUS_TIMEOUT_MS = 30_000;

/** Throws SecretError for a secret, and TrustError for certificates, that cannot be read. */
export async function openLiveParts(settings: Settings, options: LivePartsOptions): Promise<LiveParts> {
  const { clock, log, metrics, known, threads } = options;
  const trust = await readTrust(settings);
  const http = createPeerHttpClient({ trust });
  const secretReaders = createSecretReaders(settings.folder);
  const readersFor = (name: string) => known.learning(name, secretReaders);
  const readSecret = (ref: Parameters<typeof resolveSecret>[0]) => resolveSecret(ref, readersFor("notifier"));
  const secrets = await readSecrets(settings, secretReaders, known);
  for (const [name, secret] of secrets)
    if (secret.kind === "unreadable")
      log.warn({ name, problem: secret.message }, "a secret cannot be used; steps that need it fail");
  const parts = {
    settings,
    sources: await openSources(settings, { http, clock, readersFor }),
    notifiers: await createNotifiers(settings.notifiers, { log, http, clock, trust, threads, readSecret }),
    notifyRoutes: notifyRoutes(settings),
    notifierWording: notifierWording(settings),
    prometheus: await openPrometheus(settings, http, readersFor("prometheus")),
    oidc: await openOidc(settings, http, readersFor("login")),
    trust,
    secrets,
  };
  const redaction = followKnown(settings, known, (pattern, count) =>
    metrics.redactions.inc({ pattern }, count),
  );
  return {
    ...parts,
    get redaction() {
      return redaction();
    },
  };
}

/** The redaction for what is known now; some secrets are read only when they are needed, such as those of hosts. */
function followKnown(
  { redact }: Settings,
  known: KnownSecrets,
  onRedacted: (pattern: string, count: number) => void,
): () => Redaction {
  const own = compileRedactPatterns(redact);
  const make = () => ({
    revision: known.revision,
    redaction: createRedaction({ known: known.list(), own, onRedacted }),
  });
  let made = make();
  return () => {
    if (made.revision !== known.revision) made = make();
    return made.redaction;
  };
}

async function readTrust({ outbound, folder }: Settings): Promise<SecureContext | null> {
  if (outbound.ca_file === undefined) return null;
  const file = resolve(folder, outbound.ca_file);
  try {
    return trustAlso(await readFile(file, "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrustError(`outbound.ca_file ${file}: ${reason}`, { cause });
  }
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

async function openOidc(
  { login }: Settings,
  http: HttpClient,
  secretReaders: SecretReaders,
): Promise<OidcProvider | null> {
  if (login?.oidc === undefined) return null;
  const { client_secret: ref } = login.oidc;
  return createOidcProvider(
    login.oidc,
    ref === undefined ? null : await resolveSecret(ref, secretReaders),
    http,
  );
}

/** Settings that a running service cannot take on: the names of those that differ. */
export function settingsThatNeedRestart(before: Settings, after: Settings): string[] {
  const fixed: Readonly<Record<string, (settings: Settings) => unknown>> = {
    "web.listen": (settings) => settings.listen,
    "web.external_url": (settings) => settings.externalUrl,
    "storage.path": (settings) => settings.storagePath,
    "storage.ballast": (settings) => settings.ballastBytes,
    keys: (settings) => settings.keys,
    limits: (settings) => settings.limits,
  };
  return Object.entries(fixed)
    .filter(([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after)))
    .map(([name]) => name);
}
