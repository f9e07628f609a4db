import type { Request, Response } from "express";
import { closestWord } from "../../platform/problems.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { retryNotice, sendTestNotice } from "../../engine/send-notice.ts";
import { NotifierError } from "../../notify/notifier.ts";
import { isId } from "../../platform/ids.ts";
import { listNotices, NOTICE_STATES, type NoticeRecord, readNotice } from "../../store/notices.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { may, Routes } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { nothingSchema } from "./control-schemas.ts";
import { parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";

/** Longer than one notifier's timeout and a resolve after it. */
const TEST_TIMEOUT_MS = 25_000;

/** What people were told, what could not be told, and another try of it. */
export function noticeRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.get("/notices", may("see"), (request, response) => sendNotices(dependencies, request, response));
  routes.post("/notices/:id/retry", may("operate"), (request, response) =>
    retry(dependencies, request, response),
  );
  routes.post("/notifiers/:name/test", may("operate"), (request, response) =>
    test(dependencies, request, response),
  );
  return routes;
}

/** Newest first; with `?status=` only those. */
async function sendNotices(
  { store, redaction }: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { limit, after } = readPage(request);
  const { status } = request.query;
  const state = NOTICE_STATES.find((candidate) => candidate === status);
  if (status !== undefined && state === undefined)
    throw new HttpProblem(400, "Bad request", `status is one of ${NOTICE_STATES.join(", ")}`);
  const notices = await listNotices(store.reader, state ?? null, limit + 1, after);
  const shown = notices.slice(0, limit);
  response.json({
    items: shown.map((notice) => noticeShape({ ...notice, title: redaction.text(notice.title) })),
    next: notices.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

async function retry(dependencies: EngineDependencies, request: Request, response: Response): Promise<void> {
  const { store, redaction } = dependencies;
  parseBody(nothingSchema, request);
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
  parseBody(nothingSchema, request);
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

function noticeShape(notice: NoticeRecord): Record<string, unknown> {
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
