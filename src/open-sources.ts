import { resolveSourceAuth } from "./access/source-auth/resolve.ts";
import { compileMapping, type MappingSource } from "./alerts/mapping.ts";
import type { Source } from "./engine/dependencies.ts";
import type { WebhookSource } from "./http/webhooks/webhooks.ts";
import { createAlertmanagerApi } from "./outbound/alertmanager.ts";
import { createGrafanaAnnotations, createGrafanaApi } from "./outbound/grafana.ts";
import type { HttpClient } from "./outbound/http-client.ts";
import type { Clock } from "./platform/clock.ts";
import { resolveSecret, type SecretReaders } from "./platform/secrets.ts";
import type { Settings } from "./settings/load.ts";
import type { SourceSettings } from "./settings/schema.ts";

/** The configured sources with their secrets as read, for each part that needs them. */
export interface OpenSources {
  readonly engine: ReadonlyMap<string, Source>;
  readonly webhooks: ReadonlyMap<string, WebhookSource>;
  /** As written: a worker that reads a large body compiles them itself. */
  readonly mappings: ReadonlyMap<string, MappingSource>;
}

export interface SourceParts {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Reads the secrets of the source of this name. */
  readonly readersFor: (name: string) => SecretReaders;
}

const API_TIMEOUT_MS = 5_000;

/** Reads the secrets and compiles the mappings. Throws SecretError or MappingError. */
export async function openSources(settings: Settings, parts: SourceParts): Promise<OpenSources> {
  const engine = new Map<string, Source>();
  const webhooks = new Map<string, WebhookSource>();
  const mappings = new Map<string, MappingSource>();
  for (const each of settings.sources) {
    const source: Source = {
      name: each.name,
      kind: each.kind,
      authKind: each.auth?.kind ?? "none",
      mapping: each.map === undefined ? null : compileMapping(each.map),
      ...(await openApi(each, parts)),
      episodeTtlMs: each.episode_ttl,
    };
    const auth =
      each.auth === undefined
        ? ({ kind: "none" } as const)
        : await resolveSourceAuth(each.auth, parts.readersFor(`source-${each.name}`));
    engine.set(each.name, source);
    webhooks.set(each.name, { source, auth });
    if (each.map !== undefined) mappings.set(each.name, each.map);
  }
  return { engine, webhooks, mappings };
}

async function openApi(
  source: SourceSettings,
  { http, clock, readersFor }: SourceParts,
): Promise<Pick<Source, "api" | "annotations">> {
  if (source.api === undefined) return { api: null, annotations: null };
  const { urls } = source.api;
  const token =
    source.api.token === undefined
      ? null
      : await resolveSecret(source.api.token, readersFor(`source-${source.name}`));
  const shared = { http, urls, clock, timeoutMs: API_TIMEOUT_MS };
  if (source.kind === "grafana") {
    const options = { ...shared, token };
    return {
      api: createGrafanaApi(options),
      annotations: token === null ? null : createGrafanaAnnotations(options),
    };
  }
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return { api: createAlertmanagerApi({ ...shared, headers }), annotations: null };
}
