/**
 * Places where a test may kill the process, one at every line between two durable facts. Each name says what has just
 * happened. The variable `NIGHTSHIFT_KILLPOINT=after-intent:3` kills at the third time that line is reached.
 */
export const KILL_POINTS = [
  "before-intake-commit",
  "after-intake-commit",
  "after-claim",
  "after-intent",
  "after-effect",
  "after-outcome",
  "after-last-step",
  "after-run-end",
  "after-bundle-written",
  "after-bundle-recorded",
  "after-notice-sent",
  "after-timer-claimed",
] as const;

/** Between a file of the archive and its row: when it is stored, and when it is removed. */
export const ARCHIVE_KILL_POINTS = ["after-file-stored", "after-evidence-forgotten"] as const;

/** Around a question to people: it is asked, the run waits, it is answered. */
export const PEOPLE_KILL_POINTS = ["after-asked", "after-wait-for-people", "after-answer"] as const;

const ALL = [...KILL_POINTS, ...ARCHIVE_KILL_POINTS, ...PEOPLE_KILL_POINTS] as const;
export type KillPoint = (typeof ALL)[number];

export interface KillPoints {
  reached(point: KillPoint): void;
}

/** Does nothing unless `spec` names a point. Ends the process with SIGKILL, as a crash would. */
export function createKillPoints(spec: string | undefined): KillPoints {
  if (spec === undefined || spec === "") return { reached: () => {} };
  const [name, countText] = spec.split(":");
  if (!ALL.some((point) => point === name)) {
    throw new Error(`NIGHTSHIFT_KILLPOINT=${spec}: no such kill point; there are ${ALL.join(", ")}`);
  }
  let remaining = Number(countText ?? 1);
  return {
    reached(point) {
      if (point !== name) return;
      remaining -= 1;
      if (remaining === 0) process.kill(process.pid, "SIGKILL");
    },
  };
}
