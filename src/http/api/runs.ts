import type { Request, Response } from "express";
import { cancelRun } from "../../engine/cancel-run.ts";
import type { Engine } from "../../engine/engine.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import type { Run } from "../../runs/records.ts";
import { isFinal, RUN_STATES, type RunState } from "../../runs/states.ts";
import { readNewestBundle } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import { listRuns, readRun } from "../../store/runs.ts";
import { readRunNotes } from "../../store/run-notes.ts";
import { readSteps } from "../../store/steps.ts";
import type { Store } from "../../store/store.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { readPage } from "./paging.ts";
import { KNOWN, mayOfRun, Routes } from "../routes.ts";
import { visibleRuns } from "../visibility.ts";
import { keepingShape, noteShape, runShape } from "./shapes.ts";

export interface RunRoutesDependencies {
  readonly store: Store;
  readonly engine: Engine;
  readonly engineDependencies: EngineDependencies;
  readonly externalUrl: string;
}

/** Runs: lists, details, cancellation. */
export function runRoutes(dependencies: RunRoutesDependencies): Routes {
  const routes = new Routes();
  routes.get("/runs", KNOWN, (request, response) => sendRuns(dependencies, request, response));
  routes.get("/runs/:id", mayOfRun("see"), (request, response) => sendRun(dependencies, request, response));
  routes.post("/runs/:id/cancel", mayOfRun("manage_run"), (request, response) =>
    takeCancellation(dependencies, request, response),
  );
  return routes;
}

async function sendRuns(
  { store, externalUrl, engineDependencies: { catalog } }: RunRoutesDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const page = readPage(request);
  const filter = {
    state: stateFilter(request),
    runbook: textFilter(request, "runbook"),
    episodeId: textFilter(request, "alert"),
    visible: visibleRuns(request, catalog.current()),
  };
  const runs = await listRuns(store.reader, filter, page.limit + 1, page.after);
  const shown = runs.slice(0, page.limit);
  const keeping = await readKeeping(
    store.reader,
    shown.map((run) => run.id),
  );
  const items = await Promise.all(
    shown.map(async (run) => ({
      ...runShape(externalUrl, run, null, await readNewestBundle(store.reader, run.id)),
      ...keepingShape(keeping.get(run.id)),
    })),
  );
  response.json({ items, next: runs.length > page.limit ? (shown.at(-1)?.id ?? null) : null });
}

function stateFilter(request: Request): RunState | null {
  const text = textFilter(request, "status");
  if (text === null) return null;
  const state = RUN_STATES.find((candidate) => candidate === text);
  if (state === undefined)
    throw new HttpProblem(400, "Bad request", `status is one of ${RUN_STATES.join(", ")}`);
  return state;
}

function textFilter(request: Request, name: string): string | null {
  const value = request.query[name];
  return typeof value === "string" ? value : null;
}

/** The run of the path, or 404. */
export async function findRun(store: Store, request: Request): Promise<Run> {
  const id = String(request.params["id"]);
  const run = isId(id) ? await readRun(store.reader, id) : null;
  if (run === null) throw notFound(`there is no run ${id.slice(0, 64)}`);
  return run;
}

async function sendRun(
  { store, externalUrl }: RunRoutesDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const run = await findRun(store, request);
  const [steps, bundle, keeping, notes] = await Promise.all([
    readSteps(store.reader, run.id),
    readNewestBundle(store.reader, run.id),
    readKeeping(store.reader, [run.id]),
    readRunNotes(store.reader, run.id),
  ]);
  response.json({
    ...runShape(externalUrl, run, steps, bundle),
    ...keepingShape(keeping.get(run.id)),
    notes: notes.map(noteShape),
  });
}

/** Stops a run at once if it runs here, within seconds if another node has it; one that only waits is cancelled in the database. */
async function takeCancellation(
  dependencies: RunRoutesDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, engine, engineDependencies } = dependencies;
  const run = await findRun(store, request);
  const by = actorOf(request);
  if (isFinal(run.state)) throw new HttpProblem(409, "Already over", `the run is ${run.state}`);
  await store.transaction((tx) => cancelRun(tx, engineDependencies, run, by));
  engine.dispatcher.cancel(run.id);
  engineDependencies.bells.outbox.ring();
  response
    .status(202)
    .json({ id: run.id, status: (await readRun(store.reader, run.id))?.state ?? run.state });
}
