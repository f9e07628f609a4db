import type { Request, Response } from "express";
import { z } from "zod";
import { authorize } from "../../access/authorize.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { RunQueue } from "../../engine/run-queue.ts";
import { startOf } from "../../engine/schedules.ts";
import { formatDurationMs } from "../../platform/durations.ts";
import type { Timer } from "../../runs/records.ts";
import { SCHEDULE_RESULTS, type ScheduleRecord } from "../../runs/start-records.ts";
import { MISSED, OVERLAPS, type Schedule } from "../../schedules/schedule.ts";
import { readScheduleRecords } from "../../store/schedules.ts";
import { listTimers } from "../../store/timers.ts";
import { requireIdentity } from "../identity.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, KNOWN, may } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { seesRunbook } from "../visibility.ts";
import { type Page, pageKeys } from "./query.ts";
import { answerStart, type StartBody, startFacts } from "./run-starts.ts";
import { anythingSchema, countSchema, idSchema, listOf, type Shape, timeSchema } from "./shapes/common.ts";
import { reasonSchema } from "./shapes/words.ts";

const scheduleSchema = z
  .object({
    name: z.string(),
    runbook: z.string(),
    with: anythingSchema,
    cron: z.string(),
    time_zone: z.string(),
    jitter: z.string(),
    missed: z.enum(MISSED),
    overlap: z.enum(OVERLAPS),
    file: z.string(),
    line: countSchema,
    next_at: timeSchema.nullable(),
    may_start: z.boolean().meta({ description: "Whether whoever asks may start it now." }),
    last: z
      .object({
        for: timeSchema,
        at: timeSchema,
        result: z.enum(SCHEDULE_RESULTS),
        reason: reasonSchema.nullable(),
        text: z.string().nullable(),
        run: idSchema.nullable(),
      })
      .nullable(),
  })
  .meta({ id: "Schedule" });

const listFacts = {
  id: "listSchedules",
  summary: "Schedules by name, with their next time and what became of the last one",
  query: z.strictObject(pageKeys((text) => /^[a-z0-9_-]{1,64}$/.test(text))),
  answers: { 200: listOf(scheduleSchema) },
};
const runFacts = { ...startFacts, id: "runSchedule", summary: "Starts what a schedule starts, now" };

/** Runbooks that are run at certain times. */
export function scheduleRoutes(dependencies: EngineDependencies, queue: RunQueue): ApiRoutes {
  const routes = new ApiRoutes("Schedules");
  routes.get("/schedules", may("see"), listFacts, (request, response, { query }) =>
    sendSchedules(dependencies, query, request, response),
  );
  // The runbook that it is about is not in the path.
  routes.post("/schedules/:name/run", KNOWN, runFacts, (request, response, { body }) =>
    runNow(dependencies, queue, { request, response, body }),
  );
  return routes;
}

async function sendSchedules(
  { store, catalog }: EngineDependencies,
  page: Page,
  request: Request,
  response: Response,
): Promise<void> {
  const [timers, records] = await Promise.all([
    listTimers(store.reader, "schedule"),
    readScheduleRecords(store.reader),
  ]);
  const current = catalog.current();
  const names = [...current.schedules.values()]
    .filter(({ runbook }) => seesRunbook(request, current, runbook))
    .map(({ name }) => name)
    .sort();
  const left = names.filter((name) => page.after === null || name > page.after);
  const shown = left.slice(0, page.limit);
  const items = shown.flatMap((name) => {
    const schedule = current.schedules.get(name);
    const timer = timers.find((one) => one.subject === name);
    const record = records.find((one) => one.name === name);
    return schedule === undefined
      ? []
      : [scheduleShape(schedule, timer, record, whyNot(request, current, schedule) === null)];
  });
  response.json({ items, next: left.length > shown.length ? (shown.at(-1) ?? null) : null });
}

function scheduleShape(
  schedule: Schedule,
  timer: Timer | undefined,
  record: ScheduleRecord | undefined,
  mayStart: boolean,
): Shape<typeof scheduleSchema> {
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
    may_start: mayStart,
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

/** Why who asks may not start what a schedule starts; null when they may. */
function whyNot(
  request: Request,
  { runbooks }: Pick<Catalog, "runbooks">,
  { runbook }: Schedule,
): string | null {
  const subject = { kind: "runbook", runbook, access: runbooks.get(runbook)?.access ?? null } as const;
  const allowed = authorize(requireIdentity(request), { permission: "start", subject, isRead: false });
  return allowed.isAllowed ? null : allowed.because;
}

/** A run now, by and with the rights of whoever asks. The times of the schedule stay as they are. */
async function runNow(
  dependencies: EngineDependencies,
  queue: RunQueue,
  {
    request,
    response,
    body,
  }: { readonly request: Request; readonly response: Response; readonly body: StartBody },
): Promise<void> {
  const name = String(request.params["name"]);
  const current = dependencies.catalog.current();
  const schedule = current.schedules.get(name);
  if (schedule === undefined) throw notFound(`there is no schedule ${name.slice(0, 64)}`);
  const { runbook, locks = [] } = startOf(schedule);
  const because = whyNot(request, current, schedule);
  if (because !== null) throw new HttpProblem(403, "Not allowed", because);
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
