import { z } from "zod";
import { writeList } from "./client/list.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatFacts, formatTable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const alertSchema = z.object({
  id: z.string(),
  source: z.string(),
  fingerprint: z.string(),
  status: z.string(),
  outcome: z.string().nullable(),
  // Read as pairs: __proto__ is a legal name of a label.
  labels: z.unknown().transform(pairsOf),
  annotations: z.unknown().transform(pairsOf),
  starts_at: z.string(),
  ends_at: z.string().nullable(),
  received_at: z.string(),
  repeats: z.number(),
  url: z.string(),
});

const decisionSchema = z.object({
  at: z.string(),
  kind: z.string(),
  rule: z.string().nullable(),
  reason: z.string().nullable(),
  run: z.string().nullable(),
  detail: z.object({ text: z.string().optional() }),
});

export function alertListCommand(
  flags: ServerFlags & {
    readonly limit: number;
    readonly status: string | null;
    /** Matchers of labels; empty for all. */
    readonly matchers: readonly string[];
  },
  output: CommandOutput,
): Promise<number> {
  const { status, matchers, limit } = flags;
  const filter = { status, filter: matchers.length === 0 ? null : matchers.join(",") };
  const query = { path: "/alerts", filter, limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, {
      none: status === null && matchers.length === 0 ? "no alert was received yet" : "no alert fits",
      asText: alertTable,
    }),
  );
}

export function alertShowCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.get(`/api/v1/alerts/${encodeURIComponent(id)}`);
    const alert = readAnswer(alertSchema.extend({ decisions: z.array(decisionSchema) }), answer);
    writeAnswer(flags, output, answer, () => alertFacts(alert) + decisionTable(alert.decisions));
    return 0;
  });
}

function pairsOf(value: unknown): [string, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([name, text]) => [name, String(text)]);
}

function alertTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(alertSchema), items).map((alert) => [
    alert.id,
    alert.status,
    alert.outcome ?? "",
    alert.source,
    shortTime(alert.received_at),
    formatPairs(alert.labels),
  ]);
  return formatTable(["ID", "STATUS", "OUTCOME", "SOURCE", "RECEIVED", "LABELS"], rows);
}

function alertFacts(alert: z.output<typeof alertSchema>): string {
  return formatFacts([
    ["alert", alert.id],
    ["fingerprint", alert.fingerprint],
    ["status", alert.status],
    ["outcome", alert.outcome],
    ["source", alert.source],
    ["labels", formatPairs(alert.labels)],
    ["annotations", formatPairs(alert.annotations)],
    ["starts", alert.starts_at],
    ["received", `${shortTime(alert.received_at)}, repeated ${alert.repeats} times`],
    ["ends", shortTime(alert.ends_at)],
    ["page", alert.url],
  ]);
}

function decisionTable(decisions: readonly z.output<typeof decisionSchema>[]): string {
  if (decisions.length === 0) return "";
  const rows = decisions.map((decision) => [
    shortTime(decision.at),
    decision.kind,
    decision.rule ?? "",
    decision.reason ?? "",
    decision.run ?? "",
    decision.detail.text ?? "",
  ]);
  return `\n${formatTable(["WHEN", "DECISION", "RULE", "REASON", "RUN", "TEXT"], rows)}`;
}

function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
}
