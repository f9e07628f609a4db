import type { Actor } from "../audit/entry.ts";
import { newId } from "../platform/ids.ts";
import type { RunNote } from "../runs/start-records.ts";
import { isFinal } from "../runs/states.ts";
import { readKeeping } from "../store/run-keeping.ts";
import { countRunNotes, insertRunNote } from "../store/run-notes.ts";
import { readRun } from "../store/runs.ts";
import { addAudit } from "./audit.ts";
import { addRevision } from "./bundle-revision.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** Of one run. More is a conversation, which belongs elsewhere. */
export const NOTES_MAX = 200;

export interface NewNote {
  readonly runId: string;
  readonly by: Actor;
  readonly text: string;
}

export type AddedNote =
  | { readonly kind: "added"; readonly note: RunNote }
  | { readonly kind: "unknown_run" | "too_many" };

/** Appends a note. A run that has ended gets a further revision of its bundle, unless its evidence is gone. */
export async function addNote(dependencies: EngineDependencies, wanted: NewNote): Promise<AddedNote> {
  const { store, redaction, bells, log } = dependencies;
  const added = await store.transaction(async (tx): Promise<AddedNote> => {
    const run = await readRun(tx, wanted.runId);
    if (run === null) return { kind: "unknown_run" };
    if ((await countRunNotes(tx, run.id)) >= NOTES_MAX) return { kind: "too_many" };
    const note: RunNote = {
      id: newId(),
      runId: run.id,
      principal: wanted.by.principal,
      atMs: await store.nowMs(tx),
      text: redaction.text(wanted.text),
    };
    await insertRunNote(tx, note);
    await addAudit(tx, dependencies, {
      atMs: note.atMs,
      by: wanted.by,
      action: "run.note",
      subject: { kind: "run", id: run.id },
      detail: { note: note.id },
    });
    const keeping = (await readKeeping(tx, [run.id])).get(run.id);
    const isKept = (keeping?.evidenceRemovedAtMs ?? null) === null;
    if (isFinal(run.state) && isKept) await addRevision(tx, run.id, note.atMs);
    return { kind: "added", note };
  });
  if (added.kind !== "added") return added;
  log.info({ runId: wanted.runId, principal: wanted.by.principal }, "note added");
  bells.outbox.ring();
  return added;
}
