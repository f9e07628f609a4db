import type { Request, Response } from "express";
import { Readable } from "node:stream";
import { z } from "zod";
import { stepFolder } from "../../archive/bundle-names.ts";
import { rawRunning } from "../../archive/running-raw.ts";
import { keyOfLog, type StoredLog } from "../../archive/stored-lines.ts";
import { findLog, type LogChoice } from "../../engine/read-log.ts";
import { sha256 } from "../../platform/digest.ts";
import type { StepRecord } from "../../runs/records.ts";
import { readArtifact } from "../../store/evidence.ts";
import { downloadAnswers, downloadHeaders, downloadProblems } from "../download-facts.ts";
import { type Download, sendDownload, sendGrowing } from "../downloads.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { findStep, goneSignal, LOG_PATH, type LogDependencies, logKeys } from "./logs.ts";

const CONTENT_TYPE = "text/plain; charset=utf-8";

const rawFacts = {
  id: "downloadLog",
  summary: "All that is kept of what a step printed, as a file",
  description:
    "While the step runs it is what there is by now, without a length, an ETag and ranges, and a line says where nothing is kept.",
  query: z.strictObject(logKeys),
  headers: downloadHeaders,
  answers: downloadAnswers("The log.", ["text/plain"]),
  problems: downloadProblems,
};

/** A step's log as one file. */
export function runLogRawRoutes(dependencies: LogDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.get(`${LOG_PATH}/raw`, mayOfRun("read_evidence"), rawFacts, async (request, response, { query }) => {
    const step = await findStep(dependencies, request, query.attempt);
    await sendLog(dependencies, step, query, request, response);
  });
  return routes;
}

async function sendLog(
  dependencies: LogDependencies,
  step: StepRecord,
  choice: LogChoice,
  request: Request,
  response: Response,
): Promise<void> {
  const source = await findLog(dependencies, step, choice);
  const fileName = fileNameOf(step, choice);
  switch (source.kind) {
    case "stored":
      return sendDownload(request, response, await downloadOf(dependencies, source.log, fileName));
    case "running": {
      const content = rawRunning(source.output, choice.stream, goneSignal(response));
      return sendGrowing(request, response, {
        fileName,
        contentType: CONTENT_TYPE,
        content: Readable.from(content),
      });
    }
    case "nothing":
      return sendGrowing(request, response, {
        fileName,
        contentType: CONTENT_TYPE,
        content: Readable.from([]),
      });
  }
}

/** `01-graph.stdout.log`, `01-graph.attempt-1.stdout.log`. */
function fileNameOf(step: StepRecord, { stream, attempt }: LogChoice): string {
  const name = stepFolder(step).split("/").at(-1) ?? "step";
  return `${name}${attempt === null ? "" : `.attempt-${attempt}`}.${stream}.log`;
}

async function downloadOf(
  { store, artifacts }: LogDependencies,
  log: StoredLog,
  fileName: string,
): Promise<Download> {
  const known = await readArtifact(store.reader, log.runId, log.path);
  return {
    fileName,
    contentType: CONTENT_TYPE,
    bytes: log.bytes,
    // A stored file never changes.
    tag: known?.sha256 ?? sha256(keyOfLog(log)),
    sha256: known?.sha256 ?? null,
    isAttachment: true,
    open: (range) => artifacts.read(log.runId, log.path, range),
  };
}
