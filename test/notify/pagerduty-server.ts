import { startServer } from "../outbound/http-server.ts";

export const ROUTING_KEY = "R0".repeat(16);

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: string;
  readonly dedup_key: string;
  readonly links?: readonly { readonly href: string; readonly text: string }[];
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: string;
    readonly custom_details: Readonly<Record<string, unknown>>;
  };
}

export interface Incident {
  readonly key: string;
  status: "triggered" | "resolved";
  /** Of each trigger. */
  readonly summaries: string[];
}

/** PagerDuty's Events API v2: 202, one open incident a key, 400 with `errors`, 429. */
export async function startPagerDuty() {
  const incidents: Incident[] = [];
  const events: PagerDutyEvent[] = [];
  const answers: { status: number; headers?: Record<string, string> }[] = [];
  const server = await startServer((response, request) => {
    const prepared = answers.shift();
    if (prepared !== undefined) return response.writeHead(prepared.status, prepared.headers).end();
    const event = JSON.parse(request.body) as PagerDutyEvent;
    const errors = problemsWith(event);
    if (errors.length > 0) {
      const body = { status: "invalid event", message: "Event object is invalid", errors };
      return response.writeHead(400).end(JSON.stringify(body));
    }
    events.push(event);
    const open = incidents.find(({ key, status }) => key === event.dedup_key && status === "triggered");
    if (event.event_action === "resolve") {
      if (open !== undefined) open.status = "resolved";
    } else if (open !== undefined) open.summaries.push(event.payload?.summary ?? "");
    else
      incidents.push({
        key: event.dedup_key,
        status: "triggered",
        summaries: [event.payload?.summary ?? ""],
      });
    const body = { status: "success", message: "Event processed", dedup_key: event.dedup_key };
    response.writeHead(202).end(JSON.stringify(body));
  });
  return { ...server, eventsUrl: `${server.url}/v2/enqueue`, incidents, events, answers };
}

function problemsWith({
  routing_key: key,
  event_action: action,
  dedup_key: dedup,
  payload,
}: PagerDutyEvent): string[] {
  const problems: string[] = [];
  if (key.length !== 32) problems.push("Length of 'routing_key' is incorrect (should be 32 characters)");
  if (!["trigger", "acknowledge", "resolve"].includes(action)) problems.push("'event_action' is invalid");
  if (dedup.length > 255) problems.push("'dedup_key' is too long");
  if (action !== "trigger") return problems;
  if (payload === undefined || payload.summary === "" || payload.source === "")
    problems.push("'payload' is missing");
  if ((payload?.summary.length ?? 0) > 1_024) problems.push("'payload.summary' is too long");
  if (!["critical", "error", "warning", "info"].includes(payload?.severity ?? ""))
    problems.push("'payload.severity' is invalid");
  return problems;
}
