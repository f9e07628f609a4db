import type { Request, Response } from "express";
import { z } from "zod";
import { type LogQuery, readLog } from "../../engine/read-log.ts";
import type { StepRecord } from "../../runs/records.ts";
import { openEventStream, StreamSlots } from "../event-stream.ts";
import { HttpProblem } from "../problems.ts";
import { principalOf } from "../identity.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { findStep, goneSignal, LOG_PATH, type LogDependencies, logKeys } from "./logs.ts";
import { flagParameter, numberOrNone, numberParameter } from "./query.ts";
import { problemSchema, type Shape } from "./shapes/common.ts";
import { logAttemptSchema, logPartSchema, logSchema } from "./shapes/log.ts";

const LIMIT_DEFAULT = 64 * 1024;
const LIMIT_MAX = 1024 * 1024;

const STREAMS_MAX = 100;
/** Of one person. */
const STREAMS_OF_ONE_MAX = 40;
const LOOK_EVERY_MS = 300;

const LINE = { min: 1, max: Number.MAX_SAFE_INTEGER };
const partKeys = {
  ...logKeys,
  offset: numberOrNone(
    { min: 0, max: Number.MAX_SAFE_INTEGER },
    "Byte to begin at; the first one when it is left out.",
  ),
  limit: numberParameter({ min: 4, max: LIMIT_MAX, otherwise: LIMIT_DEFAULT }, "Bytes of one part."),
};
const logQuery = z.strictObject({
  ...partKeys,
  line: numberOrNone(LINE, "Line to begin at, instead of an offset."),
  numbered: flagParameter(
    "With the numbers of lines, also where the whole log has to be read for them first: about a second for 1 GB.",
  ),
});
const readFacts = {
  id: "readLog",
  summary: "A part of what a step printed, also while it runs",
  query: logQuery,
  answers: { 200: logSchema },
  problems: { 503: problemSchema },
};
const followFacts = {
  id: "followLog",
  summary: "What a step prints, as it comes, as server-sent events",
  description:
    "`log` has what is new, with the offset behind it as its id; `attempt` says that another try has begun, from offset 0 again; " +
    "`end` that nothing more comes. With the id of the newest event in `Last-Event-ID` the stream goes on behind it.",
  query: z.strictObject(partKeys),
  headers: [{ name: "Last-Event-ID", description: "The offset behind what is known.", schema: z.string() }],
  answers: {
    200: {
      kind: "media",
      mediaTypes: ["text/event-stream"],
      description: "Events; the data of each is one of these.",
      item: z.union([logPartSchema, logAttemptSchema]),
    },
  },
  problems: { 503: problemSchema },
} as const;

/** What a step printed, part by part, or as it comes; also while it runs. */
export function runLogRoutes(dependencies: LogDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  const slots = new StreamSlots(STREAMS_MAX, STREAMS_OF_ONE_MAX);
  routes.get(LOG_PATH, mayOfRun("read_evidence"), readFacts, async (request, response, { query }) => {
    if (query.line !== null && query.offset !== null) throw twoStarts();
    const step = await findStep(dependencies, request, query.attempt);
    const { stream, numbered: isNumbered } = query;
    const wanted = { ...query, offset: query.offset ?? 0, isNumbered };
    const part = await partOf(dependencies, step, wanted, goneSignal(response));
    const log: Shape<typeof logSchema> = { step: step.id, stream, ...part };
    response.json(log);
  });
  routes.get(
    `${LOG_PATH}/stream`,
    mayOfRun("read_evidence"),
    followFacts,
    (request, response, { query: { offset, ...query } }) =>
      streamLog(dependencies, slots, {
        request,
        response,
        query: { ...query, offset: offset ?? 0, line: null, isNumbered: false },
      }),
  );
  return routes;
}

function twoStarts(): HttpProblem {
  const message = "cannot be given together with offset; give one of the two";
  return new HttpProblem(400, "Bad request", `line ${message}`, {
    errors: [{ pointer: "/line", code: "invalid", message }],
  });
}

async function partOf(
  dependencies: LogDependencies,
  step: StepRecord,
  query: LogQuery,
  signal: AbortSignal,
): Promise<Shape<typeof logPartSchema>> {
  const part = await readLog(dependencies, step, query, signal);
  const { offset, content, totalBytes, isComplete } = part;
  // A character that is cut by the limit comes whole with the next part.
  const isLast = totalBytes !== null && offset + content.byteLength >= totalBytes && isComplete;
  const bytes = isLast ? content.byteLength : wholeCharacters(content);
  return {
    attempt: query.attempt ?? step.attempts,
    offset,
    next_offset: offset + bytes,
    total_bytes: totalBytes,
    first_line: part.firstLine,
    total_lines: part.totalLines,
    complete: isComplete,
    content: content.subarray(0, bytes).toString("utf8"),
  };
}

/**
 * `log` events with what is new, each with the offset behind it as its id, so that a client goes on where it was cut off; `attempt` when
 * another try begins, from offset 0 again; `end` when nothing more comes.
 */
async function streamLog(
  dependencies: LogDependencies,
  slots: StreamSlots,
  {
    request,
    response,
    query,
  }: { readonly request: Request; readonly response: Response; readonly query: LogQuery },
): Promise<void> {
  const last = request.get("last-event-id");
  let offset = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : query.offset;
  let step = await findStep(dependencies, request, query.attempt);
  const giveBack = slots.take(principalOf(request));
  const stream = openEventStream(request, response);
  const { gone } = stream;
  try {
    while (!gone.aborted) {
      await stream.taken();
      const part = await partOf(dependencies, step, { ...query, offset }, gone);
      offset = part.next_offset;
      if (part.content !== "") stream.send({ id: String(offset), name: "log", data: part });
      else if (part.complete) return stream.send({ id: String(offset), name: "end", data: part });
      else {
        await dependencies.clock.sleep(LOOK_EVERY_MS, gone).catch(() => {});
        if (gone.aborted) return;
        const now = await findStep(dependencies, request, query.attempt);
        if (query.attempt === null && now.attempts > step.attempts && step.attempts > 0) {
          offset = 0;
          stream.send({ id: "0", name: "attempt", data: { attempt: now.attempts } });
        }
        step = now;
      }
    }
  } finally {
    stream.end();
    giveBack();
  }
}

/** Bytes without a character of UTF-8 that is cut off at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.byteLength - back : bytes.byteLength;
  }
  return bytes.byteLength;
}
