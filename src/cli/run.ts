import { z } from "zod";
import { writeList } from "./client/list.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import type { ServerClient } from "./client/server-client.ts";
import { formatFacts, formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const runSchema = z.object({
  id: z.string(),
  runbook: z.string(),
  status: z.string(),
  dry_run: z.boolean(),
  outcome: z.string().nullable(),
  outcome_because: z.string().nullable(),
  trigger: z.object({ principal: z.string() }),
  cause: z.object({ title: z.string() }),
  hosts: z.array(z.string()),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  failed_step: z.string().nullable(),
  message: z.string().nullable(),
  url: z.string(),
  bundle: z.object({ url: z.string() }).nullable(),
});

const queueSchema = z.object({
  reason: z.string().nullable(),
  ahead: z.number(),
  running: z.number(),
  slots: z.number(),
  held_by: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      run: z.object({ id: z.string(), runbook: z.string() }).nullable(),
    }),
  ),
});

const stepSchema = z.object({
  id: z.string(),
  verb: z.string(),
  effect: z.string(),
  host: z.string().nullable(),
  status: z.string(),
  attempts: z.number(),
  exit_code: z.number().nullable(),
  message: z.string().nullable(),
});

export interface RunListFlags extends ServerFlags {
  readonly status: string | null;
  readonly runbook: string | null;
  /** Id of the alert that started it. */
  readonly alert: string | null;
  readonly limit: number;
}

export function runListCommand(flags: RunListFlags, output: CommandOutput): Promise<number> {
  const { status, runbook, alert, limit } = flags;
  return withServer(flags, output, (client) =>
    writeList(
      client,
      flags,
      output,
      { path: "/runs", filter: { status, runbook, alert }, limit },
      { none: "there is no such run", asText: runTable },
    ),
  );
}

export function runViewCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.get(`/api/v1/runs/${encodeURIComponent(id)}`);
    const run = readAnswer(runSchema.extend({ steps: z.array(stepSchema) }), answer);
    const waits = run.status === "queued" && flags.format === "text" ? await waitsFor(client, run.id) : [];
    writeAnswer(flags, output, answer, () => runFacts(run, waits) + stepTable(run.steps));
    return 0;
  });
}

export function runCancelCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", `/api/v1/runs/${encodeURIComponent(id)}/cancel`, {});
    const { status } = readAnswer(z.object({ status: z.string() }), answer);
    writeAnswer(flags, output, answer, () =>
      status === "cancelled" ? "cancelled\n" : `asked to stop; the run is ${printable(status)}\n`,
    );
    return 0;
  });
}

function runTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(runSchema), items).map((run) => [
    run.id,
    statusOf(run),
    run.outcome ?? "",
    run.runbook,
    run.hosts.join(","),
    shortTime(run.created_at),
    run.cause.title,
  ]);
  return formatTable(["ID", "STATUS", "OUTCOME", "RUNBOOK", "HOSTS", "CREATED", "WHY"], rows);
}

function statusOf(run: z.output<typeof runSchema>): string {
  return run.dry_run ? `${run.status} (dry run)` : run.status;
}

/** What a queued run waits for, a fact a line. */
async function waitsFor(client: ServerClient, id: string): Promise<[string, string][]> {
  const queue = readAnswer(queueSchema, await client.get(`/api/v1/runs/${encodeURIComponent(id)}/queue`));
  const held = queue.held_by.map(({ kind, name, run }) => {
    const what = kind === "rule" || kind === "runbook" ? `a place of ${kind} ${name}` : `${kind} ${name}`;
    return run === null
      ? `${what}, taken by a run that you may not see`
      : `${what}, taken by run ${run.id} of ${run.runbook}`;
  });
  const slots = `${queue.ahead} before it, ${queue.running} at work (limits.max_runs ${queue.slots})`;
  return [...held, ...(queue.reason === null ? [slots] : [])].map((text) => ["waits for", text]);
}

function runFacts(run: z.output<typeof runSchema>, waits: readonly [string, string][]): string {
  const because = run.outcome_because === null ? "" : `: ${run.outcome_because}`;
  return formatFacts([
    ["run", run.id],
    ["runbook", run.runbook],
    ["status", run.failed_step === null ? statusOf(run) : `${statusOf(run)} at step ${run.failed_step}`],
    ...waits,
    ["message", run.message],
    ["outcome", run.outcome === null ? null : `${run.outcome}${because}`],
    ["why", run.cause.title],
    ["by", run.trigger.principal],
    ["hosts", run.hosts.join(", ")],
    ["created", shortTime(run.created_at)],
    ["started", shortTime(run.started_at)],
    ["finished", shortTime(run.finished_at)],
    ["page", run.url],
    ["bundle", run.bundle?.url ?? null],
  ]);
}

function stepTable(steps: readonly z.output<typeof stepSchema>[]): string {
  if (steps.length === 0) return "";
  const rows = steps.map((step) => [
    step.id,
    step.verb,
    step.effect,
    step.host ?? "",
    step.status,
    String(step.attempts),
    step.exit_code === null ? "" : String(step.exit_code),
    step.message ?? "",
  ]);
  return `\n${formatTable(["STEP", "VERB", "EFFECT", "HOST", "STATUS", "ATTEMPTS", "EXIT", "MESSAGE"], rows)}`;
}
