import { queryOptions } from "@tanstack/react-query";
import { get, getBytes, send } from "./client.ts";
import { LIVE } from "./queries.ts";
import type { Explanation, List, RuleDetails, Source } from "./types.ts";

// What the pages about alerts and rules ask for beside the lists.

export const sources = () =>
  queryOptions({
    queryKey: ["sources"],
    queryFn: ({ signal }) => get<List<Source>>("/sources?limit=200", signal),
    staleTime: 60_000,
  });

export const rule = (name: string) =>
  queryOptions({
    queryKey: ["rule", name],
    queryFn: ({ signal }) => get<RuleDetails>(`/rules/${encodeURIComponent(name)}`, signal),
    ...LIVE,
  });

interface Explanations {
  readonly items: readonly Explanation[];
  readonly left_out: number;
}

/** What would be done with what `body` describes; the text of the body is the key. */
export const explained = (body: Readonly<Record<string, unknown>> | null) =>
  queryOptions({
    queryKey: ["explained", JSON.stringify(body)],
    queryFn: () => send<Explanations>("POST", "/rules/explain", body),
    enabled: body !== null,
    retry: false,
    staleTime: 0,
    refetchOnWindowFocus: false,
  });

/** What a replay would do; nothing is done. */
export function tryReplay(alertId: string): Promise<Explanation | null> {
  return send<Explanation | null>("POST", `/alerts/${alertId}/replay?dry_run=true`);
}

/** The body of the delivery that brought an alert, byte for byte. Throws {@link ApiError}. */
export const delivery = (alertId: string) =>
  queryOptions({
    queryKey: ["delivery", alertId],
    queryFn: ({ signal }) => getBytes(`/alerts/${alertId}/delivery`, signal),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
