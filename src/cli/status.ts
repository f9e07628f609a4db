import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const statusSchema = z.object({
  version: z.string(),
  node: z.string(),
  started_at: z.string(),
  database: z.string(),
  configuration: z.object({
    revision: z.number(),
    loaded_at: z.string(),
    last_reload: z.object({ at: z.string(), ok: z.boolean(), problems: z.array(z.string()) }).nullable(),
  }),
  rules: z.number(),
  runbooks: z.number(),
  hosts: z.number(),
  queue: z.object({ depth: z.number(), oldest_at: z.string().nullable() }),
  pauses_active: z.number(),
  notices: z.object({ pending: z.number(), dead: z.number() }),
  storage: z.object({
    disk: z.object({ full: z.boolean(), free: z.number().nullable(), advice: z.string().nullable() }),
  }),
});
type Status = z.output<typeof statusSchema>;

const GIB = 1024 ** 3;

/** How the service is, in a few lines; exit code 1 when something needs a person. */
export function statusCommand(flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.get("/api/v1/status");
    const status = readAnswer(statusSchema, answer);
    writeAnswer(flags, output, answer, () => `${linesOf(status).map(printable).join("\n")}\n`);
    const troubles = troublesOf(status);
    for (const trouble of troubles) output.stderr.write(`${printable(trouble)}\n`);
    return troubles.length === 0 ? 0 : 1;
  });
}

function linesOf(status: Status): string[] {
  const { configuration, queue, storage } = status;
  const waiting = queue.oldest_at === null ? "" : `, the oldest since ${shortTime(queue.oldest_at)}`;
  const free = storage.disk.free === null ? "unknown" : `${(storage.disk.free / GIB).toFixed(1)} GiB`;
  return [
    `Nightshift ${status.version}, node ${status.node}, ${status.database}, since ${shortTime(status.started_at)}`,
    `configuration: revision ${configuration.revision} of ${shortTime(configuration.loaded_at)}; ${status.rules} rules, ${status.runbooks} runbooks, ${status.hosts} hosts`,
    `queue: ${queue.depth} waiting${waiting}`,
    `pauses: ${status.pauses_active}; notices: ${status.notices.pending} pending, ${status.notices.dead} dead`,
    `disk: ${free} free`,
  ];
}

function troublesOf({ configuration, notices, storage }: Status): string[] {
  const reload = configuration.last_reload;
  return [
    ...(reload === null || reload.ok
      ? []
      : [`the files on disk were refused at ${shortTime(reload.at)}; nightshift check says why`]),
    ...(notices.dead === 0
      ? []
      : [`${notices.dead} notices reached nobody; nightshift notice list --dead shows them`]),
    ...(storage.disk.advice === null ? [] : [storage.disk.advice]),
  ];
}
