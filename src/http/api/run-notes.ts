import type { Request, Response } from "express";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { addNote, NOTES_MAX } from "../../engine/notes.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { mayOfRun, Routes } from "../routes.ts";
import { parseBody } from "./json-body.ts";
import { findRun } from "./runs.ts";
import { noteShape } from "./shapes.ts";

const NOTE_CHARS_MAX = 10_000;

const noteBody = z.strictObject({ text: z.string().trim().min(1).max(NOTE_CHARS_MAX) });

/** What people write to a run, for those who look at it later. */
export function runNoteRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.post("/runs/:id/notes", mayOfRun("manage_run"), (request, response) =>
    addNoteTo(dependencies, request, response),
  );
  return routes;
}

async function addNoteTo(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { text } = parseBody(noteBody, request);
  const run = await findRun(dependencies.store, request);
  const added = await addNote(dependencies, { runId: run.id, by: actorOf(request), text });
  switch (added.kind) {
    case "added":
      response.status(201).json(noteShape(added.note));
      return;
    case "unknown_run":
      throw notFound(`there is no run ${run.id}`);
    case "too_many":
      throw new HttpProblem(409, "Too many notes", `a run has at most ${NOTES_MAX} notes`);
  }
}
