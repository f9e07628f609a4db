// What a called runbook gets beside plain values: its own secrets of the settings, and secrets and files of the run.
import { expect, test } from "vitest";
import { idOf, runOver, startRun } from "../http/starts-fixture.ts";
import { notesOf, settings, startScenario, stepsOf } from "./engine-fixture.ts";

const CALLER = `
name: act
inputs: {word: {type: secret}, page: {type: file}}
steps:
  - {id: call, runbook: {name: middle, with: {phrase: "\${{ inputs.word }}", sheet: "\${{ inputs.page }}"}}}
`;
const MIDDLE = `
name: middle
inputs: {phrase: {type: secret}, sheet: {type: file}, parts: {type: multi_choice, options: [a], default: [a]}}
steps:
  - {id: call, runbook: {name: last, with: {pin: "\${{ inputs.phrase }}", paper: "\${{ inputs.sheet }}"}}}
`;
const LAST = `
name: last
target: local
secrets: [TOKEN]
inputs: {pin: {type: secret}, paper: {type: file}, parts: {type: multi_choice, options: [a], default: [a]}}
steps:
  - id: all
    for_each:
      in: inputs.parts
      as: part
      steps:
        - id: use
          env: {PIN: "\${{ inputs.pin }}", TOKEN: "\${{ secrets.TOKEN }}", FILE: "\${{ inputs.paper.path }}"}
          run: |
            [ "$PIN" = "correct horse" ] && [ "$TOKEN" = "battery staple" ]
            cat "$FILE" >> FOLDER/notes
            echo "$PIN $TOKEN"
`;
const FILES = {
  "nightshift.yml": `${settings("")}secrets: {TOKEN: {file: FOLDER/token}}\n`,
  token: "battery staple",
  "runbooks/act.yml": CALLER,
  "runbooks/middle.yml": MIDDLE,
  "runbooks/last.yml": LAST,
};
const INPUTS = {
  word: "correct horse",
  page: { name: "page.txt", base64: Buffer.from("of the file\n").toString("base64") },
};

test("secrets and files are handed on through two calls, and a called runbook uses secrets that it asks for itself", async () => {
  const scenario = await startScenario(FILES);
  const run = await runOver(scenario, idOf(await startRun(scenario, "act", { inputs: INPUTS })));
  expect([run.status, run.message]).toEqual(["succeeded", null]);
  expect(stepsOf(run)).toMatchObject({ "call/call/all/a/use": "succeeded" });
  expect(notesOf(scenario)).toEqual(["of the file"]);
  const rows = await scenario.app.store.reader.selectFrom("run").selectAll().execute();
  expect(JSON.stringify(rows)).not.toMatch(/correct horse|battery staple/);
  const steps = await scenario.app.store.reader.selectFrom("step").selectAll().execute();
  expect(JSON.stringify(steps)).not.toMatch(/correct horse|battery staple/);
});

test("a secret of the settings that cannot be read fails the step of a called runbook that uses it, and says so", async () => {
  const scenario = await startScenario({ ...FILES, token: "" });
  const run = await runOver(scenario, idOf(await startRun(scenario, "act", { inputs: INPUTS })));
  expect(run.status).toBe("failed");
  const step = run.steps.find(({ id }) => id === "call/call/all/a/use");
  expect([step?.status, step?.attempts]).toEqual(["failed", 0]);
  expect(step?.message).toContain("the secret TOKEN could not be read");
});

test("in a dry run the called runbook shows none of them", async () => {
  const scenario = await startScenario(FILES);
  const id = idOf(await startRun(scenario, "act", { inputs: INPUTS, dry_run: true }));
  const run = await runOver(scenario, id);
  expect(stepsOf(run)).toMatchObject({ "call/call/all/a/use": "skipped" });
  const path = "steps/04-call.call.all.a.use/attempt-1/stdout.log";
  const log = await (await fetch(`${scenario.app.url}/api/v1/runs/${id}/artifacts/${path}`)).text();
  expect(log).toContain("PIN=(secret-word)\n  TOKEN=[redacted:secret]\n");
});
