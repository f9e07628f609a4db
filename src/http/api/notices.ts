import type { Request, Response } from "express";
import { z } from "zod";
import { closestWord } from "../../platform/problems.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { retryNotice, sendTestNotice } from "../../engine/send-notice.ts";
import { NotifierError } from "../../notify/notifier.ts";
import { isId } from "../../platform/ids.ts";
import { listNotices, NOTICE_STATES, type NoticeRecord, readNotice } from "../../store/notices.ts";
import { readRun } from "../../store/runs.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { seesRun, visibleRuns } from "../visibility.ts";
import { pageKeys, wordParameter } from "./query.ts";
import { countSchema, idSchema, listOf, problemSchema, type Shape, timeSchema } from "./shapes/common.ts";

const noticeSchema = z
  .object({
    id: idSchema,
    notifier: z.string(),
    event: z.string(),
    title: z.string(),
    run: idSchema.nullable(),
    url: z.string(),
    status: z.enum(NOTICE_STATES),
    attempts: countSchema,
    sent_at: timeSchema.nullable(),
    given_up_at: timeSchema.nullable(),
    next_try_at: timeSchema.nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: "Notice" });

const listQuery = z.strictObject({
  ...pageKeys(),
  status: wordParameter(NOTICE_STATES, "Only those that are so."),
});
const listFacts = {
  id: "listNotices",
  summary: "What people were told, newest first",
  query: listQuery,
  answers: { 200: listOf(noticeSchema) },
};
const retryFacts = {
  id: "retryNotice",
  summary: "Tries a notice once more that was given up",
  answers: { 200: noticeSchema },
  problems: { 409: problemSchema },
};
const testFacts = {
  id: "testNotifier",
  summary: "Sends a notice that says it is a test",
  answers: { 200: z.object({ notifier: z.string(), kind: z.string(), sent: z.boolean() }) },
  problems: { 502: problemSchema },
};

/** Longer than one notifier's timeout and a resolve after it. */
const TEST_TIMEOUT_MS = 25_000;

/** What people were told, what could not be told, and another try of it. */
export function noticeRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Notices");
  routes.get("/notices", may("see"), listFacts, (request, response, { query }) =>
    sendNotices(dependencies, query, request, response),
  );
  routes.post("/notices/:id/retry", may("operate"), retryFacts, (request, response) =>
    retry(dependencies, request, response),
  );
  routes.post("/notifiers/:name/test", may("operate"), testFacts, (request, response) =>
    test(dependencies, request, response),
  );
  return routes;
}

/** Newest first; with `?status=` only those. */
async function sendNotices(
  dependencies: EngineDependencies,
  { limit, after, status }: z.output<typeof listQuery>,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, redaction } = dependencies;
  const notices = await listNotices(store.reader, status, limit + 1, after);
  const shown = notices.slice(0, limit);
  const seen = await seenAmong(dependencies, request, shown);
  response.json({
    items: seen.map((notice) => noticeShape({ ...notice, title: redaction.text(notice.title) })),
    next: notices.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

/** Those that are not about a run, or about one that whoever asks may see. */
async function seenAmong(
  dependencies: EngineDependencies,
  request: Request,
  notices: readonly NoticeRecord[],
): Promise<NoticeRecord[]> {
  if (visibleRuns(request, dependencies.catalog.current()) === null) return [...notices];
  const isSeen = await Promise.all(
    notices.map(async ({ runId }) => {
      const run = runId === null ? null : await readRun(dependencies.store.reader, runId);
      return runId === null || (run !== null && seesRun(request, dependencies, run));
    }),
  );
  return notices.filter((_, index) => isSeen[index]);
}

async function retry(dependencies: EngineDependencies, request: Request, response: Response): Promise<void> {
  const { store, redaction } = dependencies;
  const id = String(request.params["id"]);
  const before = isId(id) ? await readNotice(store.reader, id) : null;
  if (before === null) throw notFound(`there is no notice ${id.slice(0, 64)}`);
  if (!(await retryNotice(dependencies, before, actorOf(request))))
    throw new HttpProblem(
      409,
      "Not given up",
      `notice ${id} is ${before.state}; only a dead one can be tried again`,
    );
  const after = (await readNotice(store.reader, id)) ?? before;
  response.json(noticeShape({ ...after, title: redaction.text(after.title) }));
}

async function test(dependencies: EngineDependencies, request: Request, response: Response): Promise<void> {
  const name = String(request.params["name"]);
  const notifier = dependencies.notifiers.get(name);
  if (notifier === undefined) {
    const meant = closestWord(name, [...dependencies.notifiers.keys()]);
    const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
    throw notFound(`there is no notifier ${name.slice(0, 64)}${advice}`);
  }
  const asked = { by: actorOf(request), signal: AbortSignal.timeout(TEST_TIMEOUT_MS) };
  try {
    await sendTestNotice(dependencies, notifier, asked);
  } catch (error) {
    if (!(error instanceof NotifierError)) throw error;
    throw new HttpProblem(502, "Not delivered", dependencies.redaction.text(error.message));
  }
  response.json({ notifier: name, kind: notifier.kind, sent: true });
}

function noticeShape(notice: NoticeRecord): Shape<typeof noticeSchema> {
  const { id, to, event, title, runId, url, state, atMs, attempts, message } = notice;
  return {
    id,
    notifier: to,
    event,
    title,
    run: runId,
    url,
    status: state,
    attempts,
    sent_at: state === "sent" ? rfc3339(atMs) : null,
    given_up_at: state === "dead" ? rfc3339(atMs) : null,
    next_try_at: state === "pending" ? rfc3339(atMs) : null,
    error: message,
  };
}
