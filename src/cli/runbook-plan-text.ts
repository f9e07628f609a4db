import { z } from "zod";
import { formatFacts, formatTable } from "./client/text.ts";

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
    }),
  ),
  confirm: z.object({ input: z.string(), value: z.string() }).nullable(),
  guards: z.array(z.object({ guard: z.string(), verdict: z.string(), text: z.string() })).nullable(),
});

/** What would run where, for people. */
export function planText({
  runbook,
  digest,
  inputs,
  hosts,
  steps,
  confirm,
  guards,
}: z.output<typeof plannedSchema>): string {
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
    ["guards", guards === null ? "not judged without a server" : guards.length === 0 ? "none" : null],
  ]);
  return [
    facts,
    values.length === 0 ? "" : formatTable(["INPUT", "VALUE"], values),
    formatTable(["STEP", "VERB", "EFFECT", "HOST", "IF", "NAME"], stepRows),
    guardRows.length === 0 ? "" : formatTable(["GUARD", "VERDICT", "TEXT"], guardRows),
  ]
    .filter((part) => part !== "")
    .join("\n");
}
