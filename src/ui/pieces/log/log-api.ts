import { get } from "../../api/client.ts";
import type { Log, LogMatches } from "../../api/types.ts";

export type Stream = "stdout" | "stderr";

/** Which log of which step; `attempt` null is the newest. */
export interface LogPlace {
  readonly runId: string;
  readonly stepId: string;
  readonly stream: Stream;
  readonly attempt: number | null;
}

type Asked = Readonly<Record<string, string | number | null>>;

function pathOf({ runId, stepId }: LogPlace): string {
  return `/runs/${runId}/steps/${stepId.split("/").map(encodeURIComponent).join("/")}/log`;
}

function queryOf({ stream, attempt }: LogPlace, asked: Asked): string {
  const query = new URLSearchParams({ stream });
  for (const [name, value] of Object.entries({ attempt, ...asked }))
    if (value !== null) query.set(name, String(value));
  return query.toString();
}

export function readLog(place: LogPlace, asked: Asked, signal?: AbortSignal): Promise<Log> {
  return get<Log>(`${pathOf(place)}?${queryOf(place, asked)}`, signal);
}

export function searchLog(place: LogPlace, asked: Asked, signal?: AbortSignal): Promise<LogMatches> {
  return get<LogMatches>(`${pathOf(place)}/search?${queryOf(place, asked)}`, signal);
}

/** For an EventSource: what is new behind that byte. */
export function streamUrl(place: LogPlace, offset: number): string {
  return `/api/v1${pathOf(place)}/stream?${queryOf(place, { offset })}`;
}

/** All of it as a file. */
export function rawUrl(place: LogPlace): string {
  return `/api/v1${pathOf(place)}/raw?${queryOf(place, {})}`;
}
