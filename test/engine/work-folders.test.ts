// Folders of runs on the machine of the service: nothing that a step or a person has put there outlives its run.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { notesOf, post, runEnded, startScenario } from "./engine-fixture.ts";

test("what a killed process or another node has left of runs that are over is removed, and nothing of one that goes on", async () => {
  const scenario = await startScenario({
    "rules/act.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]\n`,
    "runbooks/act.yml": `
name: act
target: local
steps:
  - {id: write, run: 'echo kept > kept'}
  - {id: wait, wait: 10s}
  - {id: read, run: 'cat kept >> FOLDER/notes'}
`,
  });
  const folderOf = (run: string) => join(scenario.at.storagePath, "work", run);
  const leave = (run: string) => {
    mkdirSync(join(folderOf(run), "inputs"), { recursive: true });
    writeFileSync(join(folderOf(run), "inputs/key"), "of a person");
  };
  await post(scenario, { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" });
  const underWay = await waitFor("the run", async () => {
    const rows = await scenario.app.store.reader
      .selectFrom("step")
      .select(["run_id", "state"])
      .where("id", "=", "wait")
      .execute();
    return rows[0]?.state === "running" ? rows[0].run_id : null;
  });
  const gone = newId();
  leave(gone);
  await scenario.app.stop();
  scenario.app = await startService(scenario.at);
  await waitFor("that the folder goes", () => !existsSync(folderOf(gone)));
  expect(existsSync(folderOf(underWay))).toBe(true);
  await runEnded(scenario, 30_000);
  expect(notesOf(scenario)).toEqual(["kept"]);
  leave(underWay);
  await scenario.app.stop();
  scenario.app = await startService(scenario.at);
  await waitFor("that the folder goes", () => !existsSync(folderOf(underWay)));
});
