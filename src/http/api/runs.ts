import type { Request, Response } from "express";
import { z } from "zod";
import { cancelRun } from "../../engine/cancel-run.ts";
import type { Engine } from "../../engine/engine.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { isId } from "../../platform/ids.ts";
import { type Run, TRIGGER_KINDS } from "../../runs/records.ts";
import { isFinal, OUTCOMES, RUN_STATES } from "../../runs/states.ts";
import { readNewestBundle } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import { listRuns, readRun } from "../../store/runs.ts";
import { readRunNotes } from "../../store/run-notes.ts";
import { readSteps } from "../../store/steps.ts";
import type { Store } from "../../store/store.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, KNOWN, mayOfRun } from "../routes.ts";
import { runPermissions, visibleRuns } from "../visibility.ts";
import { pageKeys, textParameter, wordParameter } from "./query.ts";
import { readRunExtras } from "./run-extras.ts";
import { idSchema, listOf, problemSchema } from "./shapes/common.ts";
import { runDetailsSchema, runDetailsShape, runSchema, runShape } from "./shapes/run.ts";
import { runStateSchema } from "./shapes/words.ts";

export interface RunRoutesDependencies {
  readonly store: Store;
  readonly engine: Engine;
  readonly engineDependencies: EngineDependencies;
  readonly externalUrl: string;
}

const runsQuery = z.strictObject({
  ...pageKeys(),
  status: wordParameter(RUN_STATES, "Only runs that are so."),
  outcome: wordParameter(OUTCOMES, "Only runs with this outcome."),
  trigger: wordParameter(TRIGGER_KINDS, "Only runs that were started so."),
  runbook: textParameter("Only runs of this runbook."),
  rule: textParameter("Only runs that this rule started."),
  host: textParameter("Only runs with a step that may change this host."),
  alert: textParameter("Only runs of the alert with this id."),
});
const listFacts = {
  id: "listRuns",
  summary: "Runs that whoever asks may see, newest first",
  query: runsQuery,
  answers: { 200: listOf(runSchema) },
};
const getFacts = {
  id: "getRun",
  summary: "One run, with its steps and notes",
  answers: { 200: runDetailsSchema },
};
const cancelFacts = {
  id: "cancelRun",
  summary: "Stops a run, or takes it out of the queue",
  answers: { 202: z.object({ id: idSchema, status: runStateSchema }) },
  problems: { 409: problemSchema },
};

/** Runs: lists, details, cancellation. */
export function runRoutes(dependencies: RunRoutesDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.get("/runs", KNOWN, listFacts, (request, response, { query }) =>
    sendRuns(dependencies, query, request, response),
  );
  routes.get("/runs/:id", mayOfRun("see"), getFacts, (request, response) =>
    sendRun(dependencies, request, response),
  );
  routes.post("/runs/:id/cancel", mayOfRun("manage_run"), cancelFacts, (request, response) =>
    takeCancellation(dependencies, request, response),
  );
  return routes;
}

async function sendRuns(
  { store, externalUrl, engineDependencies: { catalog } }: RunRoutesDependencies,
  { status, outcome, trigger, runbook, rule, host, alert, ...page }: z.output<typeof runsQuery>,
  request: Request,
  response: Response,
): Promise<void> {
  const filter = {
    state: status,
    outcome,
    trigger,
    runbook,
    rule,
    host,
    episodeId: alert,
    visible: visibleRuns(request, catalog.current()),
  };
  const runs = await listRuns(store.reader, filter, page.limit + 1, page.after);
  const shown = runs.slice(0, page.limit);
  const keeping = await readKeeping(
    store.reader,
    shown.map((run) => run.id),
  );
  const items = await Promise.all(
    shown.map(async (run) => {
      const bundle = await readNewestBundle(store.reader, run.id);
      return runShape(externalUrl, run, { bundle, keeping: keeping.get(run.id) });
    }),
  );
  response.json({ items, next: runs.length > page.limit ? (shown.at(-1)?.id ?? null) : null });
}

/** The run of the path, or 404. */
export async function findRun(store: Store, request: Request): Promise<Run> {
  const id = String(request.params["id"]);
  const run = isId(id) ? await readRun(store.reader, id) : null;
  if (run === null) throw notFound(`there is no run ${id.slice(0, 64)}`);
  return run;
}

async function sendRun(
  { store, externalUrl, engineDependencies }: RunRoutesDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const run = await findRun(store, request);
  const permissions = runPermissions(request, engineDependencies, run);
  const [steps, extras, notes] = await Promise.all([
    readSteps(store.reader, run.id),
    readRunExtras(store, run.id),
    readRunNotes(store.reader, run.id),
  ]);
  response.json(runDetailsShape(externalUrl, run, { ...extras, steps, notes, permissions }));
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
