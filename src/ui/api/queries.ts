import { queryOptions } from "@tanstack/react-query";
import { get, send } from "./client.ts";
import type {
  AllStatistics,
  Alert,
  AlertDetails,
  Approval,
  ApprovalDetails,
  Artifact,
  AuditRow,
  Explanation,
  Host,
  List,
  Me,
  Notice,
  Pause,
  Plan,
  Rule,
  Run,
  Runbook,
  RunbookDetails,
  RunDetails,
  RunQueue,
  Schedule,
  Status,
  Token,
} from "./types.ts";

// What the pages ask for. It is asked again when the service says that something has changed; a run that is going on is followed by its events.

const STATUS_MS = 5_000;
/** A net: where no change is told, since the stream of changes was lost. */
const SELDOM_MS = 30_000;
export const LIVE = { meta: { isLive: true }, refetchInterval: SELDOM_MS };
/** For what has its last answer already. */
export const NOT_LIVE = { meta: {}, refetchInterval: false } as const;
const RARELY_MS = 60_000;

function list<Item>(key: string, path: string) {
  return queryOptions({
    queryKey: [key, path],
    queryFn: ({ signal }) => get<List<Item>>(path, signal),
    ...LIVE,
  });
}

export const runs = (query = "limit=50") => list<Run>("runs", `/runs?${query}`);
export const alerts = (query = "limit=50") => list<Alert>("alerts", `/alerts?${query}`);
export const approvals = (query = "limit=50") => list<Approval>("approvals", `/approvals?${query}`);
/** In their order. */
export const rules = (query = "limit=200") => list<Rule>("rules", `/rules?${query}`);
export const hosts = (query: string) => list<Host>("hosts", `/hosts?${query}`);
/** Those in force; with `history=true` also those that are over. */
export const pauses = (query = "limit=50") => list<Pause>("pauses", `/pauses?${query}`);
export const schedules = () => list<Schedule>("schedules", "/schedules?limit=200");
export const audit = (query = "limit=100") => list<AuditRow>("audit", `/audit?${query}`);
export const notices = (query: string) => list<Notice>("notices", `/notices?${query}`);
export const tokens = () => list<Token>("tokens", "/tokens?limit=100");

export const stats = (query = "days=7") =>
  queryOptions({
    queryKey: ["stats", query],
    queryFn: ({ signal }) => get<AllStatistics>(`/stats?${query}`, signal),
    refetchInterval: SELDOM_MS,
  });

export const me = () =>
  queryOptions({ queryKey: ["me"], queryFn: ({ signal }) => get<Me>("/me", signal), staleTime: 60_000 });

export const status = () =>
  queryOptions({
    queryKey: ["status"],
    queryFn: ({ signal }) => get<Status>("/status", signal),
    // What every page warns of: also how soon a lost connection is noticed where no stream is open.
    refetchInterval: STATUS_MS,
    meta: { isLive: true },
    retry: false,
  });

export const run = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => get<RunDetails>(`/runs/${id}`, signal),
    ...LIVE,
  });

/** What a queued run waits for at this moment. */
export const runQueue = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "queue"],
    queryFn: ({ signal }) => get<RunQueue>(`/runs/${id}/queue`, signal),
    ...LIVE,
    retry: false,
  });

/** It never changes: what was planned is what runs. */
export const runPlan = (id: string) =>
  queryOptions({
    queryKey: ["run-plan", id],
    queryFn: ({ signal }) => get<Plan>(`/runs/${id}/plan`, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export const artifacts = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "artifacts"],
    queryFn: ({ signal }) => get<List<Artifact>>(`/runs/${id}/artifacts?limit=200`, signal),
    ...LIVE,
    retry: false,
  });

export const runAudit = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "audit"],
    queryFn: ({ signal }) => get<List<AuditRow>>(`/runs/${id}/audit?limit=200`, signal),
    retry: false,
  });

export const alert = (id: string) =>
  queryOptions({
    queryKey: ["alert", id],
    queryFn: ({ signal }) => get<AlertDetails>(`/alerts/${id}`, signal),
    ...LIVE,
  });

/** What the rules of now would do with it; for those who may read payloads. */
export const explanation = (alertId: string) =>
  queryOptions({
    queryKey: ["explanation", alertId],
    queryFn: () => send<List<Explanation>>("POST", "/rules/explain", { alert: alertId }),
    retry: false,
  });

/** As many pages of the catalogue as are read; what comes after them is found by no search. */
const CATALOGUE_PAGES_MAX = 25;

/** Every runbook that one may see: the catalogue is searched in the browser, as it is typed. */
export const runbooks = () =>
  queryOptions({
    queryKey: ["runbooks"],
    queryFn: async ({ signal }) => {
      const items: Runbook[] = [];
      for (let page = 1, after = ""; page <= CATALOGUE_PAGES_MAX; page += 1) {
        const part = await get<List<Runbook>>(`/runbooks?limit=200${after}`, signal);
        items.push(...part.items);
        if (part.next === null) break;
        after = `&after=${encodeURIComponent(part.next)}`;
      }
      return items;
    },
    refetchInterval: RARELY_MS,
  });

export const runbook = (name: string) =>
  queryOptions({
    queryKey: ["runbook", name],
    queryFn: ({ signal }) => get<RunbookDetails>(`/runbooks/${encodeURIComponent(name)}`, signal),
  });

export const approval = (id: string) =>
  queryOptions({
    queryKey: ["approval", id],
    queryFn: ({ signal }) => get<ApprovalDetails>(`/approvals/${id}`, signal),
    ...LIVE,
  });
