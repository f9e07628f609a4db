import type { Request, Response } from "express";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { type LogQuery, readLog } from "../../engine/read-log.ts";
import type { StepRecord } from "../../runs/records.ts";
import { readSteps } from "../../store/steps.ts";
import { openEventStream, StreamSlots } from "../event-stream.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { mayOfRun, Routes } from "../routes.ts";
import { findRun } from "./runs.ts";

const LIMIT_DEFAULT = 64 * 1024;
const LIMIT_MAX = 1024 * 1024;

const STREAMS_MAX = 100;
const LOOK_EVERY_MS = 300;

/** What a step printed, part by part, or as it comes; also while it runs. */
export function runLogRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  const slots = new StreamSlots(STREAMS_MAX);
  routes.get("/runs/:id/steps/*step/log", mayOfRun("read_evidence"), async (request, response) => {
    const query = queryOf(request);
    const step = await findStep(dependencies, request);
    response.json({ step: step.id, stream: query.stream, ...(await partOf(dependencies, step, query)) });
  });
  routes.get("/runs/:id/steps/*step/log/stream", mayOfRun("read_evidence"), (request, response) =>
    streamLog(dependencies, slots, request, response),
  );
  return routes;
}

async function findStep({ store }: EngineDependencies, request: Request): Promise<StepRecord> {
  const run = await findRun(store, request);
  const parts: unknown = request.params["step"];
  const id = Array.isArray(parts) ? parts.join("/") : String(parts);
  const step = (await readSteps(store.reader, run.id)).find((one) => one.id === id);
  if (step === undefined) throw notFound(`the run has no step ${id.slice(0, 200)}`);
  return step;
}

async function partOf(dependencies: EngineDependencies, step: StepRecord, query: LogQuery) {
  const { offset, content, totalBytes, isComplete } = await readLog(dependencies, step, query);
  // A character that is cut by the limit comes whole with the next part.
  const isLast = totalBytes !== null && offset + content.byteLength >= totalBytes && isComplete;
  const bytes = isLast ? content.byteLength : wholeCharacters(content);
  return {
    attempt: step.attempts,
    offset,
    next_offset: offset + bytes,
    total_bytes: totalBytes,
    complete: isComplete,
    content: content.subarray(0, bytes).toString("utf8"),
  };
}

/**
 * `log` events with what is new, each with the offset behind it as its id, so that a client goes on where it was cut off; `attempt` when
 * another try begins, from offset 0 again; `end` when nothing more comes.
 */
async function streamLog(
  dependencies: EngineDependencies,
  slots: StreamSlots,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request);
  const last = request.get("last-event-id");
  let offset = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : query.offset;
  let step = await findStep(dependencies, request);
  const giveBack = slots.take();
  const stream = openEventStream(request, response);
  const { gone } = stream;
  try {
    while (!gone.aborted) {
      const part = await partOf(dependencies, step, { ...query, offset });
      offset = part.next_offset;
      if (part.content !== "") stream.send({ id: String(offset), name: "log", data: part });
      else if (part.complete) return stream.send({ id: String(offset), name: "end", data: part });
      else {
        await dependencies.clock.sleep(LOOK_EVERY_MS, gone).catch(() => {});
        if (gone.aborted) return;
        const now = await findStep(dependencies, request);
        if (now.attempts > step.attempts && step.attempts > 0) {
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

function queryOf(request: Request): LogQuery {
  const { stream = "stdout" } = request.query;
  if (stream !== "stdout" && stream !== "stderr")
    throw new HttpProblem(400, "Bad request", "stream is stdout or stderr");
  return {
    stream,
    offset: numberOf(request, "offset", 0, Number.MAX_SAFE_INTEGER, 0),
    limit: numberOf(request, "limit", 4, LIMIT_MAX, LIMIT_DEFAULT),
  };
}

function numberOf(request: Request, name: string, min: number, max: number, otherwise: number): number {
  const text = request.query[name];
  if (text === undefined) return otherwise;
  const number = typeof text === "string" && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new HttpProblem(400, "Bad request", `${name} is a whole number from ${min} to ${max}`);
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
