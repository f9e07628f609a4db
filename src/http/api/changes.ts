import type { Request, Response } from "express";
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { readChangeMark } from "../../store/change-mark.ts";
import { openEventStream, StreamSlots } from "../event-stream.ts";
import { principalOf } from "../identity.ts";
import { ApiRoutes, KNOWN } from "../routes.ts";
import { numberParameter } from "./query.ts";
import { problemSchema } from "./shapes/common.ts";

const STREAMS_MAX = 500;
/** Of one person. */
const STREAMS_OF_ONE_MAX = 40;
/** How soon a change is told, and how often at most. */
const LOOK_EVERY_MS = 500;
const MARK_CHARS = 16;

const SECONDS_MAX = 3_600;

const changesQuery = z.strictObject({
  seconds: numberParameter(
    { min: 0, max: SECONDS_MAX, otherwise: SECONDS_MAX },
    "How long the stream lasts; whoever is still there comes back with the id of the newest event.",
  ),
});
const facts = {
  id: "followChanges",
  summary: "That something has changed, as server-sent events",
  description:
    "`changed` comes when anything was written, or another configuration is in use, at most twice a second: whoever shows a list asks for it again. " +
    "It does not say what, since that is for each to see or not. With the id of the newest event in `Last-Event-ID` the first one comes only if there was a change since.",
  query: changesQuery,
  headers: [
    { name: "Last-Event-ID", description: "The id of the newest event that is known.", schema: z.string() },
  ],
  answers: {
    200: {
      kind: "media",
      mediaTypes: ["text/event-stream"],
      description: "Events without any data of their own.",
      item: z.strictObject({}),
    },
  },
  problems: { 503: problemSchema },
} as const;

/** What changes of the configuration, told apart by a text. */
export interface ChangesDependencies extends Pick<EngineDependencies, "store" | "clock"> {
  readonly configurationMark: () => string;
}

/** That something has changed. */
export function changeRoutes(dependencies: ChangesDependencies): ApiRoutes {
  const routes = new ApiRoutes("Service");
  const slots = new StreamSlots(STREAMS_MAX, STREAMS_OF_ONE_MAX);
  const mark = sharedMark(dependencies);
  routes.get("/changes", KNOWN, facts, (request, response, { query: { seconds } }) =>
    sendChanges({ dependencies, slots, mark, seconds }, request, response),
  );
  return routes;
}

/** However many ask, the database is asked once in a while. */
function sharedMark({ store, clock, configurationMark }: ChangesDependencies): () => Promise<string> {
  let asked: { readonly atMs: number; readonly answer: Promise<string> } | null = null;
  // SQLite counts anew for each process: what was known before a restart is never what is known after it.
  const salt = randomUUID();
  const ask = async () => {
    const mark = `${salt} ${await readChangeMark(store)} ${configurationMark()}`;
    // How much a database has written is nobody's business.
    return createHash("sha256").update(mark).digest("hex").slice(0, MARK_CHARS);
  };
  return () => {
    const nowMs = clock.nowMs();
    if (asked === null || nowMs - asked.atMs >= LOOK_EVERY_MS / 2 || nowMs < asked.atMs)
      asked = { atMs: nowMs, answer: ask() };
    return asked.answer;
  };
}

interface Streaming {
  readonly dependencies: ChangesDependencies;
  readonly slots: StreamSlots;
  readonly mark: () => Promise<string>;
  readonly seconds: number;
}

async function sendChanges(
  { dependencies: { clock }, slots, mark, seconds }: Streaming,
  request: Request,
  response: Response,
): Promise<void> {
  const untilMs = clock.nowMs() + seconds * 1_000;
  let known = request.get("last-event-id") ?? "";
  const giveBack = slots.take(principalOf(request));
  const stream = openEventStream(request, response);
  try {
    while (!stream.gone.aborted) {
      const now = await mark();
      if (now !== known) stream.send({ id: now, name: "changed", data: {} });
      known = now;
      await stream.taken();
      if (clock.nowMs() >= untilMs) return;
      await clock.sleep(LOOK_EVERY_MS, stream.gone).catch(() => {});
    }
  } finally {
    stream.end();
    giveBack();
  }
}
