import { compileMapping } from "../alerts/mapping.ts";
import type { Source } from "../engine/dependencies.ts";
import type { Prometheus } from "../outbound/prometheus.ts";
import type { AlertSourceApi } from "../outbound/source-api.ts";
import type { Settings } from "../settings/load.ts";
import { isAlertOpen } from "../store/recorded.ts";
import type { Reader } from "../store/store.ts";

/**
 * The configured sources without their secrets. One that has an `api` answers from the simulation: an alert fires for as long
 * as no delivery ended it. One without has none here either.
 */
export function simulatedSources(
  settings: Pick<Settings, "sources">,
  reader: () => Reader,
): ReadonlyMap<string, Source> {
  return new Map(
    settings.sources.map((source) => [
      source.name,
      {
        name: source.name,
        kind: source.kind,
        mapping: source.map === undefined ? null : compileMapping(source.map),
        api: source.api === undefined ? null : simulatedApi(source.name, reader),
        annotations: null,
        authKind: source.auth?.kind ?? "none",
        episodeTtlMs: source.episode_ttl,
      },
    ]),
  );
}

function simulatedApi(source: string, reader: () => Reader): AlertSourceApi {
  return {
    state: async (fingerprint) => ((await isAlertOpen(reader(), source, fingerprint)) ? "firing" : "gone"),
    // Nobody is told of an alert here.
    silence: async ({ runId }) => runId,
    unsilence: async () => {},
  };
}

/** A Prometheus that knows these queries, by their text, and has no series for any other. */
export function simulatedPrometheus(answers: ReadonlyMap<string, number>): Prometheus {
  const answer = async (query: string, timeMs: number) => {
    const value = answers.get(query);
    const series = value === undefined ? [] : [{ labels: new Map(), samples: [{ timeMs, value }] }];
    return { kind: "vector" as const, series, warnings: [], histograms: 0 };
  };
  return { query: answer, queryRange: (query, range) => answer(query, range.endMs) };
}
