import type { Request, Response } from "express";
import { z } from "zod";
import { StoredLines } from "../../archive/stored-lines.ts";
import { StoredSearches } from "../../archive/stored-search.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import type { StepRecord } from "../../runs/records.ts";
import { readSteps } from "../../store/steps.ts";
import { ClientGoneError, notFound } from "../problems.ts";
import { numberOrNone } from "./query.ts";
import { findRun } from "./runs.ts";

// What the calls for a step's log have in common.

export const LOG_PATH = "/runs/:id/steps/*step/log";

/** Of every call: which log. */
export const logKeys = {
  stream: z.enum(["stdout", "stderr"], { error: "is stdout or stderr" }).default("stdout"),
  attempt: numberOrNone({ min: 1, max: 1_000_000 }, "Which try; the newest one when it is left out."),
};

export interface LogDependencies extends EngineDependencies {
  readonly storedLines: StoredLines;
  readonly searches: StoredSearches;
}

export function logDependencies(dependencies: EngineDependencies): LogDependencies {
  const storedLines = new StoredLines(dependencies.artifacts);
  return { ...dependencies, storedLines, searches: new StoredSearches(dependencies.artifacts, storedLines) };
}

/** The step of the path. Throws 404 for one that the run has not, and for an attempt that there was not. */
export async function findStep(
  { store }: Pick<EngineDependencies, "store">,
  request: Request,
  attempt: number | null,
): Promise<StepRecord> {
  const run = await findRun(store, request);
  const parts: unknown = request.params["step"];
  const id = Array.isArray(parts) ? parts.join("/") : String(parts);
  const step = (await readSteps(store.reader, run.id)).find((one) => one.id === id);
  if (step === undefined) throw notFound(`the run has no step ${id.slice(0, 200)}`);
  if (attempt !== null && attempt > step.attempts)
    throw notFound(`the step has had ${step.attempts} ${step.attempts === 1 ? "attempt" : "attempts"}`);
  return step;
}

/** Aborted when the client goes before it was answered. */
export function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new ClientGoneError("the client has gone")));
  return gone.signal;
}
