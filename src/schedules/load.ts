import { hasTemplate } from "../expressions/templates.ts";
import { zoneProblem } from "../intervals/zone.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { FileProblem } from "../platform/problems.ts";
import { recordOf, type YamlFile } from "../platform/yaml.ts";
import { compileCron, CronError, type CronTimes } from "./cron.ts";
import type { Schedule } from "./schedule.ts";
import { type ScheduleEntry, schedulesFileSchema, scheduleSchema } from "./schema.ts";

/** More would be a time of its own. */
const JITTER_MAX_MS = 24 * 3_600_000;

export interface LoadedSchedule {
  readonly schedule: Schedule;
  readonly file: YamlFile;
  readonly path: readonly (string | number)[];
}

/** The schedules of one file that are whole. Every problem is pushed, in the order of the file. */
export function loadSchedules(file: YamlFile, problems: FileProblem[]): LoadedSchedule[] {
  const found: FileProblem[] = [];
  file.validate(schedulesFileSchema, found);
  const entries: unknown = recordOf(file.value)["schedules"];
  const loaded = (Array.isArray(entries) ? entries : []).flatMap((raw: unknown, index) => {
    const entry = scheduleSchema.safeParse(raw).data;
    const path = ["schedules", index];
    if (entry === undefined) return [];
    const cron = checkEntry(entry, { file, path, problems: found });
    return cron === undefined ? [] : [{ schedule: toSchedule(entry, cron, file, path), file, path }];
  });
  problems.push(...found.toSorted((left, right) => left.line - right.line || left.column - right.column));
  return loaded;
}

interface Place {
  readonly file: YamlFile;
  readonly path: readonly (string | number)[];
  readonly problems: FileProblem[];
}

/** Its times, unless anything is wrong. */
function checkEntry(entry: ScheduleEntry, { file, path, problems }: Place): CronTimes | undefined {
  const before = problems.length;
  const report = (at: readonly string[], code: string, message: string) =>
    problems.push(file.problem([...path, ...at], code, message));
  const zone = zoneProblem(entry.time_zone);
  if (zone !== undefined) report(["time_zone"], "unknown-zone", zone);
  if (entry.jitter > JITTER_MAX_MS)
    report(["jitter"], "invalid-value", `jitter is at most ${formatDurationMs(JITTER_MAX_MS)}`);
  for (const [name, value] of Object.entries(entry.with)) {
    if (![value].flat().some((each) => typeof each === "string" && hasTemplate(each))) continue;
    const message = "a schedule knows nothing that an expression could read; write the value itself";
    report(["with", name], "template-not-here", message);
  }
  try {
    const cron = compileCron(entry.cron, zone === undefined ? entry.time_zone : "UTC");
    if (cron.nextAfter(Date.UTC(2024, 0, 1)) === null)
      report(["cron"], "never", `"${entry.cron}" names a time that never comes`);
    return problems.length === before ? cron : undefined;
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    report(["cron"], "invalid-value", error.message);
    return undefined;
  }
}

function toSchedule(
  entry: ScheduleEntry,
  cron: CronTimes,
  file: YamlFile,
  path: readonly (string | number)[],
): Schedule {
  return {
    name: entry.name,
    runbook: entry.runbook,
    with: entry.with,
    cron,
    timeZone: entry.time_zone,
    jitterMs: entry.jitter,
    missed: entry.missed,
    overlap: entry.overlap,
    file: file.file,
    line: file.problem([...path, "name"], "", "").line,
  };
}
