import type { Request, Response } from "express";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { type LogQuery, readLog } from "../../engine/read-log.ts";
import { readSteps } from "../../store/steps.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { mayOfRun, Routes } from "../routes.ts";
import { findRun } from "./runs.ts";

const LIMIT_DEFAULT = 64 * 1024;
const LIMIT_MAX = 1024 * 1024;

/** What a step printed, part by part, also while it runs. */
export function runLogRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.get("/runs/:id/steps/*step/log", mayOfRun("read_evidence"), (request, response) =>
    sendLog(dependencies, request, response),
  );
  return routes;
}

async function sendLog(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request);
  const run = await findRun(dependencies.store, request);
  const parts: unknown = request.params["step"];
  const id = Array.isArray(parts) ? parts.join("/") : String(parts);
  const step = (await readSteps(dependencies.store.reader, run.id)).find((one) => one.id === id);
  if (step === undefined) throw notFound(`the run has no step ${id.slice(0, 200)}`);
  const { offset, content, totalBytes, isComplete } = await readLog(dependencies, step, query);
  // A character that is cut by the limit comes whole with the next part.
  const isLast = totalBytes !== null && offset + content.byteLength >= totalBytes && isComplete;
  const bytes = isLast ? content.byteLength : wholeCharacters(content);
  response.json({
    step: step.id,
    stream: query.stream,
    attempt: step.attempts,
    offset,
    next_offset: offset + bytes,
    total_bytes: totalBytes,
    complete: isComplete,
    content: content.subarray(0, bytes).toString("utf8"),
  });
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
