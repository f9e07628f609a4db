import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

export interface ExplainOptions {
  /** `name=value`, of an alert that somebody thinks of. */
  readonly labels: readonly string[];
  /** A webhook's body, as it was or would be posted. */
  readonly file: string | null;
  /** The id of a received alert. */
  readonly alert: string | null;
  readonly source: string | null;
  /** RFC 3339; null for now. */
  readonly at: string | null;
}

/** One explained alert, as far as it is shown to people. */
export const explanationSchema = z.object({
  at: z.string(),
  alert: z.object({ source: z.string(), labels: z.record(z.string(), z.string()) }),
  rules: z.array(
    z.object({
      position: z.number(),
      rule: z.string(),
      mode: z.string(),
      verdict: z.string(),
      because: z.string(),
      guards: z.array(z.object({ guard: z.string(), verdict: z.string(), text: z.string() })),
    }),
  ),
  decisions: z.array(
    z.object({
      kind: z.string(),
      rule: z.string().nullable(),
      reason: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
  runs: z.array(
    z.object({
      rule: z.string().nullable(),
      runbook: z.string(),
      status: z.string(),
      inputs: z.record(z.string(), z.unknown()),
      steps: z.array(z.object({ id: z.string(), effect: z.string(), host: z.string().nullable() })),
    }),
  ),
});
type ExplanationJson = z.output<typeof explanationSchema>;
const answerSchema = z.object({ items: z.array(explanationSchema), left_out: z.number() });

/** Asks the service what it would do with an alert, and why; it does none of it. */
export async function explainCommand(
  options: ExplainOptions,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  const body = await bodyOf(options);
  if (typeof body === "string") {
    output.stderr.write(`nightshift: ${body}\n`);
    return 2;
  }
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", "/api/v1/rules/explain", body);
    const { items, left_out: leftOut } = readAnswer(answerSchema, answer);
    const more = leftOut === 0 ? "" : `and ${leftOut} more alerts of the payload\n`;
    writeAnswer(flags, output, answer, () => `${items.map(explanationText).join("\n")}${more}`);
    return 0;
  });
}

/** A text says what is wrong with the call. */
async function bodyOf(options: ExplainOptions): Promise<Record<string, unknown> | string> {
  const { labels, file, alert, source, at } = options;
  const common = { ...(source === null ? {} : { source }), ...(at === null ? {} : { at }) };
  const given = [labels.length > 0, file !== null, alert !== null].filter(Boolean).length;
  if (given !== 1) return "say which alert: LABEL=VALUE ..., --file PAYLOAD.json or --alert ID";
  if (alert !== null) return { ...common, alert };
  if (file !== null) {
    try {
      return { ...common, payload: JSON.parse(await readFile(file, "utf8")) as unknown };
    } catch (error) {
      return `${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const wrong = labels.find((label) => !/^[^=]+=/.test(label));
  if (wrong !== undefined) return `"${wrong}" is no label; write it like instance=web-1`;
  const pairs = labels.map((label) => [
    label.slice(0, label.indexOf("=")),
    label.slice(label.indexOf("=") + 1),
  ]);
  return { ...common, labels: Object.fromEntries(pairs) as Record<string, string> };
}

/** An explanation for people. */
export function explanationText(explanation: ExplanationJson): string {
  const { alert, rules, decisions, runs } = explanation;
  const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const head = `{${labels.join(", ")}} from ${alert.source} at ${shortTime(explanation.at)}`;
  const table = formatTable(
    ["#", "RULE", "MODE", "VERDICT", "BECAUSE"],
    rules.map((rule) => [
      String(rule.position),
      rule.rule,
      rule.mode,
      rule.verdict.replaceAll("_", " "),
      rule.because,
    ]),
  );
  const guards = rules.flatMap((rule) =>
    rule.guards.map((guard) => [rule.rule, guard.guard, guard.verdict, guard.text]),
  );
  const guardTable =
    guards.length === 0 ? "" : `\n${formatTable(["RULE", "GUARD", "VERDICT", "TEXT"], guards)}`;
  const decided = decisions.map(decisionText).join("");
  return `${printable(head)}\n\n${table}${guardTable}\n${decided}${runs.map(runText).join("")}`;
}

function decisionText({ kind, rule, reason, detail }: ExplanationJson["decisions"][number]): string {
  const retryAt = detail["retry_at"];
  const parts = [
    kind.replaceAll("_", " "),
    ...(rule === null ? [] : [`by rule ${rule}`]),
    ...(reason === null ? [] : [`because of ${reason}`]),
    ...(typeof retryAt === "string" ? [`again at ${shortTime(retryAt)}`] : []),
  ];
  return `would be: ${printable(parts.join(", "))}\n`;
}

function runText({ runbook, inputs, steps }: ExplanationJson["runs"][number]): string {
  const values = Object.entries(inputs).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const lines = steps.map(
    (step) => `  ${step.id} (${step.effect}${step.host === null ? "" : ` on ${step.host}`})`,
  );
  return `would run: ${printable([runbook, ...values].join(" "))}\n${lines.map((line) => `${printable(line)}\n`).join("")}`;
}
