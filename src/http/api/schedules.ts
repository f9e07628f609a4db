import type { Request, Response } from "express";
import { authorize } from "../../access/authorize.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RunQueue } from "../../engine/run-queue.ts";
import { startOf } from "../../engine/schedules.ts";
import { formatDurationMs } from "../../platform/durations.ts";
import type { Timer } from "../../runs/records.ts";
import type { ScheduleRecord } from "../../runs/start-records.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import { readScheduleRecords } from "../../store/schedules.ts";
import { listTimers } from "../../store/timers.ts";
import { requireIdentity } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { KNOWN, may, Routes } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { readPage } from "./paging.ts";
import { answerStart, parseStart } from "./run-starts.ts";

/** Runbooks that are run at certain times. */
export function scheduleRoutes(dependencies: EngineDependencies, queue: RunQueue): Routes {
  const routes = new Routes();
  routes.get("/schedules", may("see"), (request, response) => sendSchedules(dependencies, request, response));
  // The runbook that it is about is not in the path.
  routes.post("/schedules/:name/run", KNOWN, (request, response) =>
    runNow(dependencies, queue, request, response),
  );
  return routes;
}

async function sendSchedules(
  { store, catalog }: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const page = readPage(request, (text) => /^[a-z0-9_-]{1,64}$/.test(text));
  const [timers, records] = await Promise.all([
    listTimers(store.reader, "schedule"),
    readScheduleRecords(store.reader),
  ]);
  const names = [...catalog.current().schedules.keys()].sort();
  const left = names.filter((name) => page.after === null || name > page.after);
  const shown = left.slice(0, page.limit);
  const items = shown.flatMap((name) => {
    const schedule = catalog.current().schedules.get(name);
    const timer = timers.find((one) => one.subject === name);
    const record = records.find((one) => one.name === name);
    return schedule === undefined ? [] : [scheduleShape(schedule, timer, record)];
  });
  response.json({ items, next: left.length > shown.length ? (shown.at(-1) ?? null) : null });
}

function scheduleShape(
  schedule: Schedule,
  timer: Timer | undefined,
  record: ScheduleRecord | undefined,
): Record<string, unknown> {
  return {
    name: schedule.name,
    runbook: schedule.runbook,
    with: schedule.with,
    cron: schedule.cron.source,
    time_zone: schedule.timeZone,
    jitter: formatDurationMs(schedule.jitterMs),
    missed: schedule.missed,
    overlap: schedule.overlap,
    file: schedule.file,
    line: schedule.line,
    next_at: rfc3339(timer?.dueAtMs ?? null),
    last:
      record === undefined
        ? null
        : {
            for: rfc3339(record.forMs),
            at: rfc3339(record.atMs),
            result: record.result,
            reason: record.reason,
            text: record.text,
            run: record.runId,
          },
  };
}

/** A run now, by and with the rights of whoever asks. The times of the schedule stay as they are. */
async function runNow(
  dependencies: EngineDependencies,
  queue: RunQueue,
  request: Request,
  response: Response,
): Promise<void> {
  const name = String(request.params["name"]);
  const { schedules, runbooks } = dependencies.catalog.current();
  const schedule = schedules.get(name);
  if (schedule === undefined) throw notFound(`there is no schedule ${name.slice(0, 64)}`);
  const { runbook, locks = [] } = startOf(schedule);
  const access = runbooks.get(runbook)?.access ?? null;
  const subject = { kind: "runbook", runbook, access } as const;
  const allowed = authorize(requireIdentity(request), { permission: "start", subject, isRead: false });
  if (!allowed.isAllowed) throw new HttpProblem(403, "Not allowed", allowed.because);
  const body = parseStart(request);
  if (Object.keys(body.inputs).length > 0)
    throw new HttpProblem(422, "Invalid body", "a schedule brings its own inputs", {
      errors: [
        { pointer: "/inputs", code: "not_here", message: `start ${runbook} itself with other inputs` },
      ],
    });
  const reason = body.reason ?? `schedule ${name}, run by hand`;
  await answerStart(dependencies, queue, {
    request,
    response,
    runbook,
    body: { ...body, inputs: schedule.with, reason },
    locks,
  });
}
