import { z } from "zod";
import { isGoodEnd, needsPersonAnyway } from "./events.ts";
import type { Notice, Notifier, ThreadMemory } from "./notifier.ts";
import { postJson, type PostOptions } from "./post.ts";

// PagerDuty's Events API v2 (developer.pagerduty.com/docs/send-alert-event). One incident for each thread: later notices update it by the
// same `dedup_key`, the end of the alert resolves it.

export interface PagerDutyOptions extends PostOptions {
  readonly routingKey: string;
  readonly url: string;
  readonly threads: ThreadMemory;
}

const SUMMARY_CHARS_MAX = 1_024;
/** An event has at most 512 KB. */
const DETAIL_CHARS_MAX = 16_000;

/** `held`: a person has to look at it, so that it is not resolved by itself. */
type IncidentState = "open" | "held" | "resolved";

export function createPagerDutyNotifier(options: PagerDutyOptions): Notifier {
  const { name, url, threads } = options;
  return {
    name,
    kind: "pagerduty",
    opensIncidents: true,
    async send(notice, signal) {
      const state = await threads.find(name, notice.thread);
      // Nothing was opened, or it is not ours to close.
      if (isGoodEnd(notice.event) && state !== "open") return;
      const isHeld = state === "held" || needsPersonAnyway(notice.event);
      const next: IncidentState = isGoodEnd(notice.event) ? "resolved" : isHeld ? "held" : "open";
      // Before it is sent: an incident that was opened and forgotten would never be resolved, the other way round does no harm.
      if (next !== "resolved" && next !== state) await threads.keep(name, notice, next);
      const body = JSON.stringify(eventOf(options, notice));
      await postJson(options, { url, headers: {}, body }, signal, (answer) =>
        whyRefused(answer.body.toString(), options.routingKey),
      );
      if (next === "resolved") await threads.keep(name, notice, next);
    },
  };
}

type Severity = "critical" | "error" | "warning" | "info";

const SEVERITIES: ReadonlyMap<string, Severity> = new Map([
  ["interrupted", "critical"],
  ["worse", "critical"],
  ["ladder", "critical"],
  ["approval", "warning"],
  ["unknown", "warning"],
  ["stale", "warning"],
  ["test", "info"],
]);

function eventOf({ routingKey }: PagerDutyOptions, notice: Notice): Record<string, unknown> {
  const { event, title, text, url, runId, thread } = notice;
  const key = { routing_key: routingKey, dedup_key: `nightshift:${thread}` };
  if (isGoodEnd(event)) return { ...key, event_action: "resolve" };
  return {
    ...key,
    event_action: "trigger",
    client: "Nightshift",
    client_url: url,
    links: [{ href: url, text: "Open in Nightshift" }],
    payload: {
      summary: cut(title, SUMMARY_CHARS_MAX),
      source: new URL(url).host,
      severity: SEVERITIES.get(event) ?? "error",
      class: event,
      custom_details: { text: cut(text, DETAIL_CHARS_MAX), event, run: runId },
    },
  };
}

function cut(text: string, charsMax: number): string {
  const characters = Array.from(text.toWellFormed());
  return characters.length <= charsMax
    ? characters.join("")
    : `${characters.slice(0, charsMax - 1).join("")}…`;
}

const REASON_CHARS_MAX = 200;
const refusalSchema = z.object({ errors: z.array(z.string()).min(1) });

/** What PagerDuty says is wrong with the event, such as the length of the key; not the key itself, should it say it. */
function whyRefused(body: string, routingKey: string): string {
  try {
    const parsed = refusalSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return "";
    return ` (${parsed.data.errors.join("; ").replaceAll(routingKey, "…").slice(0, REASON_CHARS_MAX)})`;
  } catch {
    return "";
  }
}
