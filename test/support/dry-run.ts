import { loadCatalog } from "../../src/catalog/load.ts";
import { calledRunbooks } from "../../src/engine/candidate.ts";
import { keepContents, sealerOf } from "../../src/engine/run-inputs.ts";
import { newId } from "../../src/platform/ids.ts";
import { readInputKey } from "../../src/platform/input-key.ts";
import { formatProblem } from "../../src/platform/problems.ts";
import { makePlan } from "../../src/runbooks/plan.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { insertRuns, putRunbookText } from "../../src/store/new-runs.ts";
import { askForLocks } from "../../src/store/run-locks.ts";
import type { Store } from "../../src/store/store.ts";
import { PROGRAM_FOLDER, type ServiceFolder } from "./service.ts";

/** Puts a dry run in line, as a person's start makes it; whoever has the database takes it up. Resolves with its id. */
export async function addDryRun(
  store: Store,
  at: ServiceFolder,
  name: string,
  inputs: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const flags = {
    configFile: at.configFile,
    listenAddress: null,
    externalUrl: null,
    storagePath: at.storagePath,
  };
  const settings = await loadSettings(flags, PROGRAM_FOLDER);
  if (!settings.ok) throw new Error(settings.problems.map(formatProblem).join("\n"));
  const catalog = await loadCatalog(catalogSourceOf(settings.settings));
  const runbook = catalog.runbooks.get(name);
  if (runbook === undefined) throw new Error(catalog.problems.map(formatProblem).join("\n"));
  const inputKey = readInputKey(at.storagePath);
  const planning = makePlan(runbook, inputs, { ...catalog, sealSecret: sealerOf(inputKey, name) });
  if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
  const { plan, digest, contents } = planning;
  const id = newId();
  await store.transaction(async (tx) => {
    const nowMs = await store.nowMs(tx);
    for (const one of [runbook, ...calledRunbooks(catalog.runbooks, plan)]) await putRunbookText(tx, one);
    await insertRuns(tx, store.dialect, [
      {
        id,
        runbook: name,
        runbookDigest: runbook.digest,
        plan,
        planDigest: digest,
        state: "queued",
        trigger: { kind: "person", rule: null, episodeId: null, principal: "user:dana" },
        groupId: null,
        groupKey: null,
        rung: 0,
        onResolve: { kind: "let_finish" },
        isDryRun: true,
        cause: { title: "a person asked", url: "", startedAtMs: nowMs },
        verification: null,
        createdAtMs: nowMs,
        catalogDigest: catalog.digest,
      },
    ]);
    await keepContents(tx, { inputKey }, id, contents);
    const locks = plan.changes.map((host) => ({ name: `host:${host}`, runId: id }));
    await askForLocks(tx, store.dialect, locks);
  });
  return id;
}
