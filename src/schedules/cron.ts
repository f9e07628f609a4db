import { Cron } from "croner";

/** The times of a cron expression in its time zone. */
export interface CronTimes {
  /** As written. */
  readonly source: string;
  /** The first time after that moment, in milliseconds; null when there is none. */
  nextAfter(atMs: number): number | null;
}

/** A text that is no cron expression; its message says what to write. */
export class CronError extends Error {
  override readonly name = "CronError";
}

const FIELDS = 5;

/**
 * Five fields: minute, hour, day of the month, month, day of the week. Where clocks are changed: a time that a day does not have is made up
 * for right after the gap, and one that it has twice counts once, the first time; a pattern with `*` or a step in its minutes or hours goes by what the
 * clocks show, in a gap never, in an hour that comes twice both times. Throws {@link CronError}. `timeZone` is a known one.
 */
export function compileCron(source: string, timeZone: string): CronTimes {
  const fields = source.trim().split(/\s+/);
  if (fields.length !== FIELDS)
    throw new CronError(
      `"${source}" has ${fields.length} of the five fields: minute, hour, day, month, day of the week, such as "30 2 * * *"`,
    );
  const cron = parse(fields.join(" "), timeZone);
  return { source, nextAfter: (atMs) => cron.nextRun(new Date(atMs))?.getTime() ?? null };
}

function parse(pattern: string, timezone: string): Cron {
  try {
    return new Cron(pattern, { timezone, paused: true, mode: "5-part", fixedTimeRule: "no-wildcard" });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^Cron\w+: /, "") : String(cause);
    throw new CronError(`"${pattern}" is no cron expression: ${why}`, { cause });
  }
}
