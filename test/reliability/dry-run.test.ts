// A dry run that is killed anywhere and taken up again still carries out nothing that does more than read.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { readRun } from "../support/alerts.ts";
import { freePort, startChild } from "../support/child-service.ts";
import { addDryRun } from "../support/dry-run.ts";
import { createServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RUNBOOK = `
name: act
inputs: {parts: {type: multi_choice, options: [a, b], default: [a, b]}}
target: local
steps:
  - {id: look, effect: read, run: exit 0}
  - {id: change, on_interrupt: retry, retries: 3, run: 'echo change >> "$FILE"', preview: 'echo seen >> "$FILE"', env: {FILE: "NOTES"}}
  - id: all
    for_each:
      in: inputs.parts
      as: part
      steps:
        - {id: one, on_interrupt: retry, run: 'echo one >> "$FILE"', env: {FILE: "NOTES"}}
  - {id: bad, effect: read, run: exit 1}
on_failure:
  - {id: rescue, on_interrupt: retry, run: 'echo rescue >> "$FILE"', env: {FILE: "NOTES"}}
finally:
  - {id: tidy, run: 'echo tidy >> "$FILE"', env: {FILE: "NOTES"}}
`;

/** The attempts in their order: look, change, one, one, bad, rescue, tidy. */
const POINTS = [
  "after-claim:1",
  "after-intent:2",
  "after-effect:2",
  "after-outcome:2",
  "after-intent:3",
  "after-effect:6",
  "after-intent:7",
  "after-last-step:1",
];

test("killed at each kill point", { timeout: 180_000 }, async () => {
  const problems: string[] = [];
  const work = [...POINTS];
  const worker = async () => {
    for (let point = work.shift(); point !== undefined; point = work.shift()) {
      const problem = await killedAt(point).catch((error: unknown) => String(error));
      if (problem !== null) problems.push(`${point}: ${problem}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(problems).toEqual([]);
});

test("negative control: a run that is no dry run is noticed", { timeout: 60_000 }, async () => {
  expect(await killedAt("after-claim:1", false)).toContain("change succeeded");
});

/** What is wrong after a kill at this point and a second start; null when all is as it should be. */
async function killedAt(killPoint: string, isDryRun = true): Promise<string | null> {
  const at = createServiceFolder({ "runbooks/act.yml": RUNBOOK });
  const notes = join(at.folder, "notes");
  at.write({ "runbooks/act.yml": RUNBOOK.replaceAll("NOTES", notes) });
  try {
    const port = await freePort();
    mkdirSync(at.storagePath);
    const store = await openStore({ folder: at.storagePath, databaseUrl: null, clock: systemClock });
    const id = await addDryRun(store, at, "act");
    if (!isDryRun) await store.transaction((tx) => tx.updateTable("run").set({ dry_run: 0 }).execute());
    await store.close();
    const killed = await startChild(at, { port, killPoint });
    if ((await killed.exited).signal !== "SIGKILL") return "it was not killed";
    const child = await startChild(at, { port });
    const run = await waitFor("the end", async () => {
      const found = await readRun(child.url, id);
      return ["queued", "running"].includes(found.status) ? null : found;
    });
    await child.terminate();
    const states = run.steps.map((step) => `${step.id} ${step.status}`).join(", ");
    const wanted =
      "look succeeded, change skipped, all succeeded, all/a/one skipped, all/b/one skipped, bad failed, rescue skipped, tidy skipped";
    if (states !== wanted || run.status !== "failed") return `${run.status}: ${states}`;
    const written = existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : [];
    return written.length > 0 && written.every((line) => line === "seen") ? null : written.join(", ");
  } finally {
    at.remove();
  }
}
