import type { Request, Response } from "express";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { changesBetween, progressOf, type RunChange, type RunView } from "../../runs/progress.ts";
import { isFinal } from "../../runs/states.ts";
import { readNewestBundle } from "../../store/evidence.ts";
import { readRun } from "../../store/runs.ts";
import { readRunNotes } from "../../store/run-notes.ts";
import { readSteps } from "../../store/steps.ts";
import { type EventStream, openEventStream, StreamSlots } from "../event-stream.ts";
import { empty } from "../operation.ts";
import { principalOf } from "../identity.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { runPermissions } from "../visibility.ts";
import { readRunExtras } from "./run-extras.ts";
import { findRun } from "./runs.ts";
import { problemSchema } from "./shapes/common.ts";
import {
  runDetailsSchema,
  runDetailsShape,
  runSchema,
  runShape,
  stepSchema,
  stepShape,
} from "./shapes/run.ts";

const STREAMS_MAX = 100;
/** Of one person. */
const STREAMS_OF_ONE_MAX = 40;
const LOOK_EVERY_MS = 300;

const facts = {
  id: "followRun",
  summary: "What happens to a run, while it happens, as server-sent events",
  description:
    "`snapshot` has the run with its steps, then come `run` and `step` as they change, and `end` with the run and its steps. " +
    "With the id of the newest event in `Last-Event-ID` only what is new is sent.",
  headers: [
    { name: "Last-Event-ID", description: "The id of the newest event that is known.", schema: z.string() },
  ],
  answers: {
    200: {
      kind: "media",
      mediaTypes: ["text/event-stream"],
      description: "Events; the data of each is one of these.",
      item: z.union([runDetailsSchema, runSchema, stepSchema]),
    },
    204: empty("The run is over and its end is known: do not come back."),
  },
  problems: { 503: problemSchema },
} as const;

/** What happens to a run, while it happens. */
export function runEventRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  const slots = new StreamSlots(STREAMS_MAX, STREAMS_OF_ONE_MAX);
  routes.get("/runs/:id/events", mayOfRun("see"), facts, (request, response) =>
    sendEvents(dependencies, slots, request, response),
  );
  return routes;
}

/**
 * `snapshot` is the whole run, the first event of whoever does not know its present state; then `run` and `step` as they change; `end` when
 * it has ended, and the stream with it. Ids are progress: a client that comes back with the newest one gets only what is new, 204 when nothing
 * will come any more. The stream of whoever may no longer see the run breaks off.
 */
async function sendEvents(
  dependencies: EngineDependencies,
  slots: StreamSlots,
  request: Request,
  response: Response,
): Promise<void> {
  const { id } = await findRun(dependencies.store, request);
  let view = await viewOf(dependencies, id);
  if (view === null) return void response.status(204).end();
  const isKnown = request.get("last-event-id") === String(progressOf(view));
  if (isKnown && isFinal(view.run.state)) return void response.status(204).end();
  const giveBack = slots.take(principalOf(request));
  const stream = openEventStream(request, response);
  try {
    if (!isKnown) await send(dependencies, request, stream, view, { id: progressOf(view), kind: "snapshot" });
    while (!isFinal(view.run.state)) {
      await dependencies.clock.sleep(LOOK_EVERY_MS, stream.gone).catch(() => {});
      if (stream.gone.aborted) return;
      const after = await viewOf(dependencies, id);
      if (after === null) break;
      for (const change of changesBetween(view, after))
        await send(dependencies, request, stream, after, change);
      view = after;
    }
    await send(dependencies, request, stream, view, { id: progressOf(view), kind: "end" });
  } finally {
    stream.end();
    giveBack();
  }
}

/** The run is read first: when it has ended, so have the steps that are read after it. Null when it is gone. */
async function viewOf({ store }: EngineDependencies, id: string): Promise<RunView | null> {
  const run = await readRun(store.reader, id);
  if (run === null) return null;
  const steps = await readSteps(store.reader, id);
  const bundle = await readNewestBundle(store.reader, id);
  return { run, steps, revision: bundle?.revision ?? 0 };
}

async function send(
  dependencies: EngineDependencies,
  request: Request,
  stream: EventStream,
  { run, steps }: RunView,
  change: RunChange | { readonly id: number; readonly kind: "snapshot" | "end" },
): Promise<void> {
  const { store, externalUrl } = dependencies;
  const id = String(change.id);
  switch (change.kind) {
    case "step":
      stream.send({ id, name: "step", data: stepShape(change.step) });
      return;
    case "run":
      stream.send({ id, name: "run", data: runShape(externalUrl, run, await readRunExtras(store, run.id)) });
      return;
    case "snapshot":
    case "end": {
      const notes = await readRunNotes(store.reader, run.id);
      const permissions = runPermissions(request, dependencies, run);
      const extras = { ...(await readRunExtras(store, run.id)), steps, notes, permissions };
      stream.send({ id, name: change.kind, data: runDetailsShape(externalUrl, run, extras) });
    }
  }
}
