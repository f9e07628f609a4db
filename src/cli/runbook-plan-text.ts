import { z } from "zod";
import { formatDurationMs } from "../platform/durations.ts";
import { formatFacts, formatTable, printable } from "./client/text.ts";

/** A planned run as the API gives it. `guards` is null where none was judged. */
export const plannedSchema = z.object({
  runbook: z.string(),
  digest: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  hosts: z.array(z.string()),
  steps: z.array(
    z.object({
      id: z.string(),
      name: z.string().nullable(),
      verb: z.string(),
      effect: z.string(),
      host: z.string().nullable(),
      if: z.string().nullable(),
      preview: z.string().nullable(),
    }),
  ),
  confirm: z.object({ input: z.string(), value: z.string() }).nullable(),
  guards: z.array(z.object({ guard: z.string(), verdict: z.string(), text: z.string() })).nullable(),
  expected_duration: z
    .object({ median_seconds: z.number(), p90_seconds: z.number(), runs: z.int() })
    .nullable(),
});

type Planned = z.output<typeof plannedSchema>;

/** What would run where, for people. */
export function planText({
  runbook,
  digest,
  inputs,
  hosts,
  steps,
  confirm,
  guards,
  expected_duration: expected,
}: Planned): string {
  const values = Object.entries(inputs).map(([name, value]) => [name, JSON.stringify(value)]);
  const stepRows = steps.map((step) => [
    step.id,
    step.verb,
    step.effect,
    step.host ?? "",
    step.if ?? "",
    step.name ?? "",
  ]);
  const guardRows = (guards ?? []).map(({ guard, verdict, text }) => [guard, verdict, text]);
  const facts = formatFacts([
    ["runbook", runbook],
    ["digest", digest],
    ["hosts", hosts.join(", ")],
    ["confirm", confirm === null ? null : `by typing the value of ${confirm.input}`],
    ["duration", durationText(expected)],
    ["guards", guards === null ? "not judged without a server" : guards.length === 0 ? "none" : null],
  ]);
  return [
    facts,
    values.length === 0 ? "" : formatTable(["INPUT", "VALUE"], values),
    formatTable(["STEP", "VERB", "EFFECT", "HOST", "IF", "NAME"], stepRows),
    ...steps.map(previewText),
    guardRows.length === 0 ? "" : formatTable(["GUARD", "VERDICT", "TEXT"], guardRows),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function durationText(expected: Planned["expected_duration"]): string {
  if (expected === null) return "not known: it takes three runs that succeeded, and a server that knows them";
  const [median, p90] = [expected.median_seconds, expected.p90_seconds].map((seconds) =>
    formatDurationMs(seconds < 10 ? Math.round(seconds * 1_000) : Math.round(seconds) * 1_000),
  );
  return `${median} in the middle, ${p90} or less in nine of ten (the last ${expected.runs} that succeeded)`;
}

/** Only shown: a dry run runs it. */
function previewText({ id, preview }: Planned["steps"][number]): string {
  if (preview === null) return "";
  const lines = preview.trimEnd().split("\n");
  return `preview of ${printable(id)}, which a dry run runs:\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`;
}
