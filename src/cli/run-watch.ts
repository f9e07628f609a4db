import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import type { ServerClient } from "./client/server-client.ts";
import { formatFacts, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const POLL_MS = 500;
/** The run that was watched did not succeed. */
const EXIT_NOT_SUCCEEDED = 5;
/** Nobody said yes in time. */
const EXIT_NOT_APPROVED = 6;

const watchedSchema = z.object({
  id: z.string(),
  runbook: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  summary: z.string().nullable(),
  failed_step: z.string().nullable(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  url: z.string(),
  steps: z.array(
    z.object({
      id: z.string(),
      host: z.string().nullable(),
      status: z.string(),
      attempts: z.number(),
      exit_code: z.number().nullable(),
      message: z.string().nullable(),
    }),
  ),
});
type Watched = z.output<typeof watchedSchema>;

const OVER: ReadonlySet<string> = new Set([
  "succeeded",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
  "rejected",
]);

/** Follows a run to its end: what changes goes to stderr, how it ended to stdout. */
export function runWatchCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, (client) => watchRun(client, id, flags, output));
}

/** Resolves with the exit code: 0 when it succeeded, 5 when not, 6 when nobody approved it in time. */
export async function watchRun(
  client: ServerClient,
  id: string,
  flags: ServerFlags,
  output: CommandOutput,
): Promise<number> {
  const path = `/api/v1/runs/${encodeURIComponent(id)}`;
  const seen = new Map<string, string>();
  for (;;) {
    const answer = await client.get(path);
    const run = readAnswer(watchedSchema, answer);
    for (const line of changes(run, seen)) output.stderr.write(`${line}\n`);
    if (OVER.has(run.status)) {
      writeAnswer(flags, output, answer, () => endText(run));
      return exitCodeOf(run);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** One line for whatever is other than it was; `seen` remembers it. */
function changes(run: Watched, seen: Map<string, string>): string[] {
  const note = (key: string, text: string | null): string[] => {
    if (text === null || seen.get(key) === text) return [];
    seen.set(key, text);
    return [printable(text)];
  };
  return [
    ...note("", `run ${run.id}: ${runText(run)}`),
    ...run.steps.flatMap((step) => note(step.id, stepText(step))),
  ];
}

function runText({ status, reason }: Watched): string {
  if (status === "waiting_person") return "waits for a person's yes";
  return status === "queued" && reason !== null ? `queued: ${reason}` : status.replace("_", " ");
}

function stepText({
  id,
  host,
  status,
  attempts,
  exit_code: exit,
  message,
}: Watched["steps"][number]): string | null {
  if (status === "pending") return null;
  const where = host === null ? "" : ` on ${host}`;
  const tries = attempts > 1 ? `, try ${attempts}` : "";
  const code = exit === null || exit === 0 ? "" : ` (exit ${exit})`;
  return `  ${id}${where}: ${status.replace("_", " ")}${code}${tries}${message === null ? "" : `: ${message}`}`;
}

function endText(run: Watched): string {
  const at = run.failed_step === null ? "" : ` at step ${run.failed_step}`;
  return formatFacts([
    ["run", run.id],
    ["status", `${run.status}${at}`],
    ["message", run.message],
    ["result", run.result === null ? null : JSON.stringify(run.result)],
    ["summary", run.summary],
    ["page", run.url],
  ]);
}

function exitCodeOf({ status, started_at: startedAt }: Watched): number {
  if (status === "succeeded") return 0;
  return status === "timed_out" && startedAt === null ? EXIT_NOT_APPROVED : EXIT_NOT_SUCCEEDED;
}
