import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import type { ServerClient } from "./client/server-client.ts";
import { formatFacts, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";
import { watchRun } from "./run-watch.ts";
import { inputSchema } from "./runbook.ts";
import { type InputFlags, InputFlagError, readInputFlags } from "./runbook-inputs.ts";
import { planText, plannedSchema } from "./runbook-plan-text.ts";
import type { Terminal } from "./terminal.ts";

export interface RunStartFlags extends ServerFlags, InputFlags {
  readonly reason: string | null;
  /** What is typed for the runbook's `confirm`. */
  readonly confirm: string | null;
  readonly planDigest: string | null;
  readonly isDryRun: boolean;
  readonly isWatched: boolean;
  /** Asks nothing. */
  readonly isSure: boolean;
}

const runbookSchema = z.object({ name: z.string(), inputs: z.array(inputSchema) });
type Input = z.output<typeof inputSchema>;

const startedSchema = z.object({
  id: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  url: z.string(),
});

/** Where questions may be asked; null in a script, and with `--yes`. */
type Person = Terminal | null;

/** Plans, shows the plan, asks where somebody sits, and starts exactly what was shown. */
export function runStartCommand(
  name: string,
  flags: RunStartFlags,
  output: CommandOutput,
  terminal: Terminal | null,
): Promise<number> {
  const person = flags.isSure ? null : terminal;
  return withInputs(flags, output, async (client) => {
    const path = `/api/v1/runbooks/${encodeURIComponent(name)}`;
    const runbook = readAnswer(runbookSchema, await client.get(path));
    const inputs = await completeInputs(
      runbook.inputs,
      await readInputFlags(flags, typesOf(runbook.inputs)),
      person,
    );
    const dryRun = flags.isDryRun ? { dry_run: true } : {};
    const planned = readAnswer(
      plannedSchema,
      await client.send("POST", `${path}/plan`, { inputs, ...dryRun }),
    );
    if (flags.format === "text") output.stderr.write(`${planText(planned)}\n`);
    const confirm = await confirmed(flags.isDryRun ? null : planned.confirm, flags, person);
    if (person !== null && !(await saysYes(person, "Start it?"))) return notStarted(output);
    const body = { inputs, ...startBody(flags, confirm), plan_digest: flags.planDigest ?? planned.digest };
    return started(client, `${path}/runs`, { ...body, ...dryRun }, flags, output);
  });
}

/** Starts the runbook of a run once more with its inputs. Secrets and files are given again. */
export function runRerunCommand(
  id: string,
  flags: RunStartFlags,
  output: CommandOutput,
  terminal: Terminal | null,
): Promise<number> {
  const person = flags.isSure ? null : terminal;
  return withInputs(flags, output, async (client) => {
    const path = `/api/v1/runs/${encodeURIComponent(id)}`;
    const before = readAnswer(rerunSchema, await client.get(path));
    const runbook = readAnswer(
      runbookSchema.extend({ confirm: z.string().nullable() }),
      await client.get(`/api/v1/runbooks/${encodeURIComponent(before.runbook)}`),
    );
    const forgotten = runbook.inputs.filter(
      (input) => input.type === "secret" && input.name in before.inputs,
    );
    const inputs = await completeInputs(
      forgotten,
      await readInputFlags(flags, typesOf(runbook.inputs)),
      person,
    );
    if (flags.format === "text")
      output.stderr.write(
        formatFacts([["runbook", before.runbook], ...factsOf({ ...before.inputs, ...inputs }, forgotten)]),
      );
    const typed = runbook.confirm === null || flags.isDryRun ? null : { input: runbook.confirm };
    const confirm = await confirmed(typed, flags, person);
    if (person !== null && !(await saysYes(person, "Start it again?"))) return notStarted(output);
    const digest = flags.planDigest === null ? {} : { plan_digest: flags.planDigest };
    const dryRun = flags.isDryRun ? { dry_run: true } : {};
    const body = { inputs, ...startBody(flags, confirm), ...digest, ...dryRun };
    return started(client, `${path}/rerun`, body, flags, output);
  });
}

const rerunSchema = z.object({ runbook: z.string(), inputs: z.record(z.string(), z.unknown()) });

function factsOf(values: Readonly<Record<string, unknown>>, hidden: readonly Input[]): [string, string][] {
  const isHidden = (name: string) => hidden.some((input) => input.name === name);
  return Object.entries(values).map(([name, value]) => [
    name,
    isHidden(name) ? "(secret)" : JSON.stringify(value),
  ]);
}

async function withInputs(
  flags: RunStartFlags,
  output: CommandOutput,
  work: (client: ServerClient) => Promise<number>,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    try {
      return await work(client);
    } catch (error) {
      if (!(error instanceof InputFlagError)) throw error;
      output.stderr.write(`nightshift: ${printable(error.message)}\n`);
      return 2;
    }
  });
}

function typesOf(inputs: readonly Input[]): ReadonlyMap<string, string> {
  return new Map(inputs.map((input) => [input.name, input.type]));
}

/** Asks for what is needed and was not given; what was given stays as it is. */
async function completeInputs(
  inputs: readonly Input[],
  given: Record<string, unknown>,
  person: Person,
): Promise<Record<string, unknown>> {
  if (person === null) return given;
  const complete = { ...given };
  for (const { name, type, title, required, default: preset, show_if: showIf } of inputs) {
    const isNeeded = required && (preset === null || preset === undefined) && showIf === null;
    if (!isNeeded || name in complete || type === "file") continue;
    const question = `${printable(title === null ? name : `${name} (${title})`)}: `;
    const answer = await (type === "secret" ? person.askHidden(question) : person.ask(question));
    if (answer !== "")
      complete[name] = LISTS.has(type) ? answer.split(",").map((part) => part.trim()) : answer;
  }
  return complete;
}

const LISTS: ReadonlySet<string> = new Set(["hosts", "multi_choice"]);

async function confirmed(
  asked: { readonly input: string } | null,
  { confirm }: RunStartFlags,
  person: Person,
): Promise<string | null> {
  if (asked === null || confirm !== null || person === null) return confirm;
  return person.ask(`Type the value of ${printable(asked.input)} to confirm: `);
}

async function saysYes(person: Terminal, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await person.ask(`${question} [y/N] `)).trim());
}

function notStarted(output: CommandOutput): number {
  output.stderr.write("nothing was started\n");
  return 1;
}

function startBody({ reason }: RunStartFlags, confirm: string | null): Record<string, string> {
  return { ...(reason === null ? {} : { reason }), ...(confirm === null ? {} : { confirm }) };
}

async function started(
  client: ServerClient,
  path: string,
  body: unknown,
  flags: RunStartFlags,
  output: CommandOutput,
): Promise<number> {
  const answer = await client.send("POST", path, body, { "idempotency-key": randomUUID() });
  const run = readAnswer(startedSchema, answer);
  if (flags.isWatched) {
    output.stderr.write(`${printable(run.url)}\n`);
    return watchRun(client, run.id, flags, output);
  }
  writeAnswer(flags, output, answer, () =>
    formatFacts([
      ["run", run.id],
      ["status", run.reason === null ? run.status : `${run.status}: ${run.reason}`],
      ["page", run.url],
    ]),
  );
  return 0;
}
