// What a plan shows of a run that is not made yet: previews that it does not run, and how long runs of the runbook took.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runbookPlanOfflineCommand } from "../../src/cli/runbook-plan-offline.ts";
import { runbookPlanCommand } from "../../src/cli/runbook.ts";
import { startScenario } from "../engine/engine-fixture.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { call, type Service } from "./controls-fixture.ts";
import { idOf, runOver, startRun } from "./starts-fixture.ts";

const RUNBOOK = `
name: tidy
target: local
inputs: {word: {type: string, default: all}}
steps:
  - {id: look, effect: read, run: exit 0}
  - id: remove
    effect: destructive
    env: {WORD: "\${{ inputs.word }}"}
    run: exit 0
    preview: |
      touch FOLDER/previewed
      echo "$WORD"
`;

const INPUTS = { inputs: [], inputFiles: [] };

async function text(work: (output: { stdout: Sink; stderr: Sink }) => Promise<number>): Promise<string> {
  const parts: string[] = [];
  const sink = { write: (part: string) => parts.push(part) };
  expect(await work({ stdout: sink, stderr: sink })).toBe(0);
  return parts.join("");
}
type Sink = { write(text: string): unknown };

async function made(service: Service, body: unknown): Promise<void> {
  expect(await runOver(service, idOf(await startRun(service, "tidy", body)))).toMatchObject({
    status: "succeeded",
  });
}

test("a plan shows the text of a preview and does not run it, and knows how long runs took from the third on", async () => {
  const scenario = await startScenario({ "runbooks/tidy.yml": RUNBOOK });
  const service: Service = scenario;
  const flags = { server: scenario.app.url, format: "text", ...INPUTS } as const;
  const planned = async () => (await call(service, "POST", "/runbooks/tidy/plan", {})).json;
  const before = await planned();
  expect(before["expected_duration"]).toBeNull();
  expect(before["steps"]).toMatchObject([
    { id: "look", effect: "read", preview: null },
    {
      id: "remove",
      effect: "destructive",
      host: "local",
      preview: `touch ${scenario.at.folder}/previewed\necho "$WORD"\n`,
    },
  ]);
  const shown = await text((output) => runbookPlanCommand("tidy", flags, output));
  expect(shown).toContain(
    `preview of remove, which a dry run runs:\n  touch ${scenario.at.folder}/previewed\n  echo "$WORD"\n`,
  );
  expect(shown).toMatch(/duration: +not known/);
  const offline = { configFile: scenario.at.configFile, format: "text", ...INPUTS } as const;
  const alone = await text((output) => runbookPlanOfflineCommand("tidy", offline, PROGRAM_FOLDER, output));
  expect(alone).toContain("preview of remove");
  expect(alone).toMatch(/duration: +not known/);
  expect(existsSync(join(scenario.at.folder, "previewed"))).toBe(false);

  for (const isDryRun of [false, true, false, true]) await made(service, { dry_run: isDryRun });
  expect((await planned())["expected_duration"]).toBeNull();
  await made(service, {});
  const { store } = scenario.app;
  await store.transaction((tx) =>
    tx
      .updateTable("run")
      .set((run) => ({ finished_at: run("started_at", "+", 90_000) }))
      .execute(),
  );
  expect((await planned())["expected_duration"]).toEqual({ median_seconds: 90, p90_seconds: 90, runs: 3 });
  expect(await text((output) => runbookPlanCommand("tidy", flags, output))).toMatch(
    /duration: +1m30s in the middle, 1m30s or less in nine of ten \(the last 3 that succeeded\)/,
  );
});
