import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatFacts, formatTable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";
import { watchRun } from "./run-watch.ts";

const scheduleSchema = z.object({
  name: z.string(),
  runbook: z.string(),
  cron: z.string(),
  time_zone: z.string(),
  next_at: z.string().nullable(),
  last: z
    .object({
      at: z.string(),
      result: z.string(),
      reason: z.string().nullable(),
      text: z.string().nullable(),
    })
    .nullable(),
});

/** The schedules with their next times, and what became of the last ones. */
export function scheduleListCommand(
  flags: ServerFlags & { readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/schedules", filter: {}, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none: "there is no schedule", asText: scheduleTable }),
  );
}

function scheduleTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(scheduleSchema), items).map((schedule) => [
    schedule.name,
    schedule.runbook,
    schedule.cron,
    schedule.time_zone,
    schedule.next_at === null ? "never" : shortTime(schedule.next_at),
    lastText(schedule.last),
  ]);
  return formatTable(["NAME", "RUNBOOK", "CRON", "TIME ZONE", "NEXT", "LAST"], rows);
}

function lastText(last: z.output<typeof scheduleSchema>["last"]): string {
  if (last === null) return "";
  const why = last.text ?? last.reason;
  return `${last.result} at ${shortTime(last.at)}${why === null ? "" : `: ${why}`}`;
}

export interface ScheduleRunFlags extends ServerFlags {
  readonly confirm: string | null;
  readonly isWatched: boolean;
}

/** Starts now what a schedule would start, by whoever asks. */
export function scheduleRunCommand(
  name: string,
  flags: ScheduleRunFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const body = flags.confirm === null ? {} : { confirm: flags.confirm };
    const answer = await client.send("POST", `/api/v1/schedules/${encodeURIComponent(name)}/run`, body);
    const run = readAnswer(z.object({ id: z.string(), status: z.string(), url: z.string() }), answer);
    if (flags.isWatched) return watchRun(client, run.id, flags, output);
    writeAnswer(flags, output, answer, () =>
      formatFacts([
        ["run", run.id],
        ["status", run.status],
        ["page", run.url],
      ]),
    );
    return 0;
  });
}
