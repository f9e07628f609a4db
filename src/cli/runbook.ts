import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatFacts, formatTable, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";
import { type InputFlags, InputFlagError, readInputFlags } from "./runbook-inputs.ts";
import { planText, plannedSchema } from "./runbook-plan-text.ts";

export const inputSchema = z.object({
  name: z.string(),
  type: z.string(),
  title: z.string().nullable(),
  required: z.boolean(),
  default: z.unknown(),
  show_if: z.string().nullable(),
});

const runbookSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  owner: z.string().nullable(),
  tags: z.array(z.string()),
  inputs: z.array(inputSchema),
});

const shownRunbookSchema = runbookSchema.extend({
  file: z.string(),
  digest: z.string(),
  steps: z.array(
    z.object({ id: z.string(), name: z.string().nullable(), verb: z.string(), effect: z.string() }),
  ),
});

/** The runbooks by name, with the inputs that they take. */
export function runbookListCommand(
  flags: ServerFlags & { readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/runbooks", filter: {}, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none: "there is no runbook", asText: runbookTable }),
  );
}

function runbookTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(runbookSchema), items).map((runbook) => [
    runbook.name,
    runbook.title,
    runbook.owner ?? "",
    runbook.tags.join(","),
    runbook.inputs.map((input) => input.name).join(","),
  ]);
  return formatTable(["NAME", "TITLE", "OWNER", "TAGS", "INPUTS"], rows);
}

/** One runbook: its inputs, its steps, what it is for. */
export function runbookShowCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.get(`/api/v1/runbooks/${encodeURIComponent(name)}`);
    const runbook = readAnswer(shownRunbookSchema, answer);
    writeAnswer(flags, output, answer, () => runbookText(runbook));
    return 0;
  });
}

function runbookText(runbook: z.output<typeof shownRunbookSchema>): string {
  const facts = formatFacts([
    ["runbook", runbook.name],
    ["title", runbook.title],
    ["owner", runbook.owner],
    ["tags", runbook.tags.join(", ")],
    ["file", runbook.file],
    ["digest", runbook.digest],
  ]);
  const inputs = runbook.inputs.map((input) => [
    input.name,
    input.type,
    needText(input),
    input.default === null || input.default === undefined ? "" : JSON.stringify(input.default),
    input.title ?? "",
  ]);
  const steps = runbook.steps.map((step) => [step.id, step.verb, step.effect, step.name ?? ""]);
  return [
    facts,
    inputs.length === 0 ? "" : formatTable(["INPUT", "TYPE", "NEEDED", "DEFAULT", "TITLE"], inputs),
    formatTable(["STEP", "VERB", "EFFECT", "NAME"], steps),
    runbook.description === "" ? "" : `${runbook.description.trim().split("\n").map(printable).join("\n")}\n`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function needText({ required, show_if: showIf, default: preset }: z.output<typeof inputSchema>): string {
  if (showIf !== null) return `if ${showIf}`;
  return required && (preset === null || preset === undefined) ? "yes" : "no";
}

/** What a start of a runbook with these inputs would do, and what speaks against it now. Nothing is started. */
export function runbookPlanCommand(
  name: string,
  flags: ServerFlags & InputFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const path = `/api/v1/runbooks/${encodeURIComponent(name)}`;
    const runbook = readAnswer(runbookSchema, await client.get(path));
    const types = new Map(runbook.inputs.map((input) => [input.name, input.type]));
    try {
      const inputs = await readInputFlags(flags, types);
      const answer = await client.send("POST", `${path}/plan`, { inputs });
      writeAnswer(flags, output, answer, () => planText(readAnswer(plannedSchema, answer)));
      return 0;
    } catch (error) {
      if (!(error instanceof InputFlagError)) throw error;
      output.stderr.write(`nightshift: ${printable(error.message)}\n`);
      return 2;
    }
  });
}
