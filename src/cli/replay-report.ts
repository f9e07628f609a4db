import type { Example, Tally } from "../simulation/replay-comparison.ts";
import type { ReplayResult } from "../simulation/replay.ts";

export interface ReplayFacts {
  readonly tookMs: number;
  /** Otherwise two sets of rules were compared. */
  readonly isAgainstRecorded: boolean;
}

/** For people: what was replayed, a table of decisions, and the first alerts that come to something else. */
export function replayText(result: ReplayResult, facts: ReplayFacts): string {
  return [
    ...headLines(result, facts),
    "",
    ...tableLines(result, facts),
    "",
    ...exampleLines(result),
    "",
  ].join("\n");
}

function headLines(result: ReplayResult, { tookMs }: ReplayFacts): string[] {
  const { deliveries, alerts, unchangedRepeats, unreadable, firstAtMs, lastAtMs } = result;
  if (firstAtMs === null || lastAtMs === null) return ["there are no deliveries in this time"];
  const seconds = tookMs / 1000;
  const span = `${new Date(firstAtMs).toISOString()} to ${new Date(lastAtMs).toISOString()}`;
  const speed = `in ${seconds.toFixed(1)} s, ${Math.round(deliveries / Math.max(seconds, 0.001))} deliveries/s`;
  return [
    `replayed ${counted(deliveries, "delivery", "deliveries")} with ${counted(alerts, "alert", "alerts")}, ${span} (${speed})`,
    ...(unchangedRepeats === 0
      ? []
      : [
          `${unchangedRepeats} of them only repeated what was known: their bodies are not kept, and nothing was judged for them`,
        ]),
    ...(unreadable === 0
      ? []
      : [
          `${unreadable} of them were passed over: their source is not configured any more, or they cannot be read`,
        ]),
  ];
}

function tableLines({ comparison }: ReplayResult, { isAgainstRecorded }: ReplayFacts): string[] {
  const [before, after] = isAgainstRecorded ? ["recorded", "these rules"] : ["these rules", "other rules"];
  const rows = comparison.tallies.map((tally, index) => [
    comparison.tallies[index - 1]?.rule === tally.rule && index > 0 ? "" : (tally.rule ?? "(no rule)"),
    tally.decision,
    String(tally.before),
    String(tally.after),
    differenceOf(tally),
  ]);
  const table = [["rule", "alerts that were", before, after, "difference"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

function differenceOf({ before, after }: Tally): string {
  if (before === after) return "";
  return after > before ? `+${after - before}` : String(after - before);
}

function exampleLines({ comparison }: ReplayResult): string[] {
  const { alerts, different, onlyBefore, onlyAfter, examples } = comparison;
  const left = onlyBefore + onlyAfter;
  return [
    `${counted(alerts, "alert", "alerts")} compared, ${different === 0 ? "none comes" : `${different} come`} to something else${different === 0 ? "" : ":"}`,
    ...examples.flatMap((example) => [
      `  ${new Date(example.openedAtMs).toISOString()} ${formatLabels(example)}`,
      `    - ${example.before.join(", then ") || "nothing"}`,
      `    + ${example.after.join(", then ") || "nothing"}`,
    ]),
    ...(different > examples.length ? [`  and ${different - examples.length} more`] : []),
    ...(left === 0
      ? []
      : [
          `${counted(left, "alert was", "alerts were")} left out: only one side saw ${left === 1 ? "it" : "them"} open, mostly because ${left === 1 ? "it" : "they"} fired already before`,
        ]),
  ];
}

function formatLabels({ labels }: Pick<Example, "labels">): string {
  return `{${[...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function replayJson(result: ReplayResult, { tookMs, isAgainstRecorded }: ReplayFacts): string {
  const { comparison } = result;
  const time = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());
  const document = {
    against: isAgainstRecorded ? "recorded" : "current_rules",
    deliveries: result.deliveries,
    alerts: result.alerts,
    unchanged_repeats: result.unchangedRepeats,
    unreadable: result.unreadable,
    first_at: time(result.firstAtMs),
    last_at: time(result.lastAtMs),
    took_seconds: tookMs / 1000,
    compared: comparison.alerts,
    different: comparison.different,
    only_before: comparison.onlyBefore,
    only_after: comparison.onlyAfter,
    decisions: comparison.tallies,
    examples: comparison.examples.map(({ labels, openedAtMs, before, after }) => ({
      // Pairs: a label may have any name.
      labels: [...labels],
      opened_at: time(openedAtMs),
      before,
      after,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
