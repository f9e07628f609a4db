import { readdir, rm } from "node:fs/promises";
import { isId } from "../platform/ids.ts";
import { readSweptRuns } from "../store/archive-rows.ts";
import { type EngineDependencies, workFolder } from "./dependencies.ts";

/** Runs asked about at once. */
const RUNS_MAX = 200;

/**
 * Removes the folders of runs that are over: of those whose process was killed before it had done so, that another node has ended,
 * or that no version can read any more. Steps may have left there what a person has uploaded. Does nothing to runs that go on.
 */
export async function sweepWorkFolders(
  dependencies: Pick<EngineDependencies, "store" | "workRoot" | "log">,
): Promise<void> {
  const { store, workRoot, log } = dependencies;
  try {
    const ids = (await readdir(workRoot)).filter(isId);
    for (let at = 0; at < ids.length; at += RUNS_MAX) {
      const batch = ids.slice(at, at + RUNS_MAX);
      const known = await readSweptRuns(store.reader, batch);
      for (const id of batch) {
        // A folder is made after its run: one whose run is unknown has outlived it.
        if (known.get(id)?.isOver === false) continue;
        await rm(workFolder(dependencies, id), { recursive: true, force: true });
        log.info({ runId: id }, "removed the work folder of a run that is over");
      }
    }
  } catch (error) {
    log.warn({ error }, "work folders of runs that are over could not be removed; trying again later");
  }
}
