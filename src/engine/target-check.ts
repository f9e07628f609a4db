import { bindPromql } from "../outbound/promql.ts";
import type { Prometheus } from "../outbound/prometheus.ts";
import type { JudgedEpisode } from "../store/episode-row.ts";

const QUERY_TIMEOUT_MS = 30_000;
const UP = "up{job=$job,instance=$instance}";
/** A target that was measured within this time and is not any more has gone; one that never was is another Prometheus' own. */
const WAS_UP = "present_over_time(up{job=$job,instance=$instance}[1h])";

/**
 * An alert also goes away when nothing measures its target any more: an exporter that died, a target that was removed, a
 * Prometheus that does not answer. Says why its end is no recovery; null when nothing speaks against one, or when the
 * alert does not name its target by `job` and `instance`.
 */
export async function findUnmeasured(
  prometheus: Prometheus | null,
  episodes: readonly JudgedEpisode[],
  nowMs: number,
): Promise<string | null> {
  if (prometheus === null) return null;
  for (const { labels } of episodes) {
    const job = labels.get("job");
    const instance = labels.get("instance");
    if (job === undefined || instance === undefined) continue;
    const values = {
      job: { kind: "text", value: job },
      instance: { kind: "text", value: instance },
    } as const;
    const target = `the target ${instance} of job ${job}`;
    try {
      const up = await lastValue(prometheus, bindPromql(UP, values), nowMs);
      if (up === 0) return `${target} is down: the alert may have gone only because nothing is measured`;
      if (up !== null) continue;
      const wasUp = await lastValue(prometheus, bindPromql(WAS_UP, values), nowMs);
      if (wasUp !== null)
        return `${target} is no longer there: the alert may have gone only because nothing is measured`;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `Prometheus could not be asked whether ${target} is still measured: ${why}`;
    }
  }
  return null;
}

async function lastValue(prometheus: Prometheus, query: string, nowMs: number): Promise<number | null> {
  const answer = await prometheus.query(query, nowMs, AbortSignal.timeout(QUERY_TIMEOUT_MS));
  return answer.series[0]?.samples.at(-1)?.value ?? null;
}
