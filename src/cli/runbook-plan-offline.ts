import { relative } from "node:path";
import { hasErrors } from "../catalog/catalog.ts";
import { loadCatalog } from "../catalog/load.ts";
import { calledNow, plannedShape } from "../http/api/shapes/plan.ts";
import { formatProblem } from "../platform/problems.ts";
import { makePlan } from "../runbooks/plan.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { loadSettings } from "../settings/load.ts";
import type { OutputFormat } from "./client/flags.ts";
import { readAnswer } from "./client/run-command.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";
import { type InputFlags, InputFlagError, readInputFlags } from "./runbook-inputs.ts";
import { planText, plannedSchema } from "./runbook-plan-text.ts";

export interface OfflinePlanOptions extends InputFlags {
  readonly configFile: string;
  readonly format: OutputFormat;
}

/**
 * What a runbook of these files would do, without a server: no guard is judged, and secrets have no seal, so that the digest of a plan
 * with secret inputs is not that of the server. Resolves with the exit code: 2 when a file or an input is wrong.
 */
export async function runbookPlanOfflineCommand(
  name: string,
  options: OfflinePlanOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const flags = { configFile: options.configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) return refuse(output, loaded.problems.map(formatProblem), "the settings cannot be used");
  const folder = relative(process.cwd(), loaded.settings.folder) || ".";
  const catalog = await loadCatalog(catalogSourceOf(loaded.settings, folder));
  if (hasErrors(catalog))
    return refuse(output, catalog.problems.map(formatProblem), "the configuration cannot be used");
  const runbook = catalog.runbooks.get(name);
  if (runbook === undefined) {
    const names = [...catalog.runbooks.keys()].sort().join(", ");
    return refuse(output, [], `there is no runbook ${name}; there are: ${names}`);
  }
  try {
    const types = new Map([...runbook.inputs].map(([input, { type }]) => [input, type]));
    const planning = makePlan(runbook, await readInputFlags(options, types), catalog);
    if (!planning.ok) {
      const below = planning.about === "inputs" ? "/inputs" : "";
      const lines = planning.errors.map(({ pointer, message }) => `  ${below}${pointer}: ${message}`);
      return refuse(output, lines, "Invalid inputs: the runbook cannot run with these inputs", "after");
    }
    const shape = plannedShape(
      { runbook, ...planning, guards: null, approval: null, expectedDuration: null },
      calledNow(catalog.runbooks, planning.plan),
    );
    output.stdout.write(
      options.format === "json"
        ? `${JSON.stringify(shape, null, 2)}\n`
        : planText(readAnswer(plannedSchema, shape)),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof InputFlagError)) throw error;
    return refuse(output, [], error.message);
  }
}

/** Writes what is wrong, on stderr; always 2. */
function refuse(
  output: CommandOutput,
  lines: readonly string[],
  message: string,
  where: "before" | "after" = "before",
): number {
  const head = `nightshift: ${printable(message)}\n`;
  const details = lines.map((line) => `${where === "after" ? printable(line) : line}\n`).join("");
  output.stderr.write(where === "after" ? head + details : details + head);
  return 2;
}
