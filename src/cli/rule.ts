import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatFacts, formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const statisticsSchema = z.object({
  episodes: z.number(),
  decisions: z.array(z.object({ kind: z.string(), reason: z.string().nullable(), count: z.number() })),
  runs: z.record(z.string(), z.number()),
  outcomes: z.record(z.string(), z.number()),
  success_rate: z.number().nullable(),
  self_resolved: z.number(),
  median_seconds_to_fix: z.number().nullable(),
});
type RuleStatistics = z.output<typeof statisticsSchema>;

const ruleSchema = z.object({
  name: z.string(),
  mode: z.string(),
  position: z.number(),
  file: z.string(),
  line: z.number(),
  runbook: z.string().nullable(),
  breaker: z
    .object({ state: z.string(), opened_at: z.string().nullable(), because: z.string().nullable() })
    .nullable(),
  statistics: z.object({
    complete: z.boolean(),
    days_1: statisticsSchema,
    days_7: statisticsSchema,
    days_30: statisticsSchema,
  }),
});

const shownRuleSchema = ruleSchema.extend({ source: z.string().nullable() });

/** The rules in the order in which they are tried, with what they did in the last 7 days. */
export function ruleListCommand(
  flags: ServerFlags & { readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/rules", filter: {}, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none: "there is no rule", asText: ruleTable }),
  );
}

function ruleTable(items: readonly unknown[]): string {
  const rows = items.map((item) => {
    const rule = readAnswer(ruleSchema, item);
    const week = rule.statistics.days_7;
    return [
      String(rule.position),
      rule.name,
      rule.mode,
      rule.runbook ?? "-",
      String(week.episodes),
      String(countOf(week, "started")),
      percent(week.success_rate),
      rule.breaker?.state ?? "-",
    ];
  });
  return formatTable(
    ["#", "NAME", "MODE", "RUNBOOK", "ALERTS 7D", "STARTED 7D", "SUCCESS 7D", "BREAKER"],
    rows,
  );
}

/** One rule: where it stands, what it did, and its text. */
export function ruleShowCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.get(`/api/v1/rules/${encodeURIComponent(name)}`);
    const rule = readAnswer(shownRuleSchema, answer);
    writeAnswer(flags, output, answer, () => {
      const { days_1: day, days_7: week, days_30: month, complete } = rule.statistics;
      const behind = complete ? "" : "older alerts are still being counted; the figures will grow\n";
      const source = rule.source === null ? "" : `\n${printableLines(rule.source)}`;
      return `${factsOf(rule)}\n${statisticsTable([day, week, month])}${behind}${source}`;
    });
    return 0;
  });
}

function factsOf(rule: z.output<typeof ruleSchema>): string {
  const { breaker } = rule;
  const opened = breaker?.opened_at ?? null;
  return formatFacts([
    ["rule", rule.name],
    ["position", String(rule.position)],
    ["mode", rule.mode],
    ["runbook", rule.runbook],
    ["file", `${rule.file}:${rule.line}`],
    [
      "breaker",
      breaker === null ? null : opened === null ? breaker.state : `open since ${shortTime(opened)}`,
    ],
    ["because", breaker?.because ?? null],
  ]);
}

/** A column for each window. Ends, outcomes and decisions that never happened have no line. */
function statisticsTable(windows: readonly RuleStatistics[]): string {
  const line = (name: string, read: (statistics: RuleStatistics) => string) => [name, ...windows.map(read)];
  const countsOf = (title: string, read: (statistics: RuleStatistics) => Readonly<Record<string, number>>) =>
    Object.keys(Object.assign({}, ...windows.map(read)) as Record<string, number>)
      .filter((word) => windows.some((each) => (read(each)[word] ?? 0) > 0))
      .map((word) => line(`${title} ${word}`, (each) => String(read(each)[word] ?? 0)));
  return formatTable(
    ["", "1 DAY", "7 DAYS", "30 DAYS"],
    [
      line("alerts", (each) => String(each.episodes)),
      ...countsOf("decided", decisionCounts),
      ...countsOf("runs", (each) => each.runs),
      ...countsOf("outcome", (each) => each.outcomes),
      line("success rate", (each) => percent(each.success_rate)),
      line("resolved without a run", (each) => String(each.self_resolved)),
      line("median time to fix", (each) => timeText(each.median_seconds_to_fix)),
    ],
  );
}

function decisionCounts({ decisions }: RuleStatistics): Record<string, number> {
  return Object.fromEntries(
    decisions.map(({ kind, reason, count }) => [reason === null ? kind : `${kind}: ${reason}`, count]),
  );
}

function countOf({ decisions }: RuleStatistics, kind: string): number {
  return decisions.reduce((sum, each) => sum + (each.kind === kind ? each.count : 0), 0);
}

function percent(rate: number | null): string {
  return rate === null ? "-" : `${Math.round(rate * 100)} %`;
}

/** In the two largest units: a median is right to within 5 %. */
function timeText(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds < 60) return `${Math.round(seconds)}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
