import type { Request, Response } from "express";
import { z } from "zod";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { addNote, NOTES_MAX } from "../../engine/notes.ts";
import { actorOf } from "../actor.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { findRun } from "./runs.ts";
import { problemSchema } from "./shapes/common.ts";
import { noteSchema, noteShape } from "./shapes/run.ts";

const NOTE_CHARS_MAX = 10_000;

const noteBody = z.strictObject({ text: z.string().trim().min(1).max(NOTE_CHARS_MAX) });

const facts = {
  id: "addNote",
  summary: "Writes a note to a run, which also makes a further revision of its bundle",
  body: noteBody,
  answers: { 201: noteSchema },
  problems: { 409: problemSchema },
};

/** What people write to a run, for those who look at it later. */
export function runNoteRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.post("/runs/:id/notes", mayOfRun("manage_run"), facts, (request, response, { body }) =>
    addNoteTo(dependencies, body.text, request, response),
  );
  return routes;
}

async function addNoteTo(
  dependencies: EngineDependencies,
  text: string,
  request: Request,
  response: Response,
): Promise<void> {
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
