import {
  deleteArtifactRows,
  deleteRemoval,
  isBundleRecorded,
  readRemovals,
  type Removal,
} from "../store/archive-removals.ts";
import type { EngineDependencies } from "./dependencies.ts";
import type { Pass } from "./retention.ts";

const AT_ONCE_MAX = 100;
const ROWS_MAX = 1_000;

/** Removes the files whose removal was noted, now or by a process that was killed before it came to it. */
export async function dropRemovedFiles(pass: Pass): Promise<void> {
  const { store, killPoints } = pass.dependencies;
  for (;;) {
    const removals = await readRemovals(store.reader, AT_ONCE_MAX);
    if (removals.length === 0) return;
    for (const removal of removals) {
      await pass.breathe();
      killPoints.reached("after-evidence-forgotten");
      await drop(pass, removal);
      await store.transaction((tx) => deleteRemoval(tx, removal));
    }
  }
}

async function drop({ dependencies, breathe }: Pass, removal: Removal): Promise<void> {
  const { store, artifacts, bundles } = dependencies;
  switch (removal.kind) {
    case "run": {
      while (await store.transaction((tx) => deleteArtifactRows(tx, removal.runId, ROWS_MAX)))
        await breathe();
      return artifacts.remove(removal.runId);
    }
    case "bundle":
      if (await isBundleRecorded(store.reader, removal.sha256)) return;
      return bundles.remove(removal.sha256);
  }
}

/** Whether work of this kind is possible here at all. */
export function archiveFolderOf({ retention }: Pick<EngineDependencies, "retention">) {
  if (retention === null) throw new Error("there is no archive here");
  return retention.archiveFolder;
}
