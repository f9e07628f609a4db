import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { formatBytes } from "../platform/bytes.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { type ServerClient, ServerError } from "./client/server-client.ts";
import { formatTable, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const reportSchema = z.looseObject({
  dry_run: z.boolean(),
  removed: z.array(z.object({ kind: z.string(), count: z.number(), bytes: z.number() })),
  archive: z.object({ bytes: z.number(), max_bytes: z.number() }),
  missing: z.object({ files: z.array(z.string()), more: z.number() }),
  unknown: z.object({ count: z.number(), bytes: z.number() }),
});

const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  stage: z.string(),
  compared_runs: z.number(),
  removed: z.number(),
  report: reportSchema.nullable(),
  error: z.string().nullable(),
});
type Job = z.output<typeof jobSchema>;

export interface GcFlags extends ServerFlags {
  readonly isDryRun: boolean;
  /** Removes also files that the server's database does not know. */
  readonly removesUnknown: boolean;
}

const ASK_FIRST_MS = 50;
const ASK_EVERY_MS = 1_000;
/** What is done by then needs no words. */
const QUIET_LOOKS = 5;

/**
 * Asks the server to remove now what is too old, or to say what that would be, and follows it to its end: how far it is goes to
 * stderr. Exit code 1 when it failed, or when files are missing. The server goes on when nobody follows any more.
 */
export function adminGcCommand(flags: GcFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const body = { dry_run: flags.isDryRun, unknown: flags.removesUnknown };
    const job = await follow(client, await client.send("POST", "/api/v1/admin/gc", body), output);
    if (job.report === null)
      throw new ServerError(`the removal failed: ${job.error ?? job.status}; the server's log says more`);
    const { report } = job;
    writeAnswer(flags, output, report, () => reportText(report));
    const missing = report.missing.files.length + report.missing.more;
    if (missing > 0) output.stderr.write(`${missing} files of runs are missing in the archive\n`);
    return missing > 0 ? 1 : 0;
  });
}

async function follow(client: ServerClient, begun: unknown, output: CommandOutput): Promise<Job> {
  let job = readAnswer(jobSchema, begun);
  let told = "";
  for (let looks = 0; job.status === "running"; looks += 1) {
    const text = progressText(job);
    if (looks >= QUIET_LOOKS && text !== told) {
      output.stderr.write(`${text}\n`);
      told = text;
    }
    await delay(Math.min(ASK_EVERY_MS, ASK_FIRST_MS * 2 ** looks));
    job = readAnswer(jobSchema, await client.get(`/api/v1/admin/gc/${encodeURIComponent(job.id)}`));
  }
  return job;
}

const STAGES: ReadonlyMap<string, string> = new Map([
  ["waiting", "waiting for the end of another removal"],
  ["evidence", "looking for old evidence"],
  ["runs", "looking for old runs"],
  ["history", "looking for old alerts, deliveries and decisions"],
  ["audit", "looking for old records of the audit log"],
  ["size", "looking at the size of the archive"],
]);

function progressText({ stage, compared_runs: compared, removed }: Job): string {
  const words =
    stage === "archive"
      ? `comparing the archive with the database: ${compared} runs`
      : (STAGES.get(stage) ?? stage);
  return removed === 0 ? words : `${words}; ${removed} found so far`;
}

function reportText({
  dry_run: isDryRun,
  removed,
  archive,
  missing,
  unknown,
}: z.output<typeof reportSchema>): string {
  const rows = removed.map(({ kind, count, bytes }) => [
    kind.replaceAll("_", " "),
    String(count),
    bytes === 0 ? "" : formatBytes(bytes),
  ]);
  const head = isDryRun ? "would be removed:\n" : "removed:\n";
  const table = rows.length === 0 ? `${head}nothing\n` : head + formatTable(["WHAT", "COUNT", "SIZE"], rows);
  const lines = [
    `the archive had ${formatBytes(archive.bytes)} of ${formatBytes(archive.max_bytes)}\n`,
    ...missing.files.map((path) => `missing: ${printable(path)}\n`),
    ...(unknown.count === 0
      ? []
      : [
          `${unknown.count} folders and bundles (${formatBytes(unknown.bytes)}) are of no run that the database knows; --unknown removes them, too\n`,
        ]),
  ];
  return table + lines.join("");
}
