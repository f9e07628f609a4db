// What `rule list` and `rule show` print of a running service.
import { expect, onTestFinished, test } from "vitest";
import type { CommandOutput } from "../../src/cli/output.ts";
import { ruleListCommand, ruleShowCommand } from "../../src/cli/rule.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULES = `rules:
  - name: restart
    mode: auto
    matchers: ['alertname = "Slow"']
    runbook: nothing
    guards: {breaker: {failures: 2, within: 1h}}
  - {name: catch-all, mode: observe, matchers: []}
`;

async function open() {
  const at = createServiceFolder({ "rules/shop.yml": RULES });
  const app = await startService(at);
  onTestFinished(async () => {
    await app.stop();
    at.remove();
  });
  await postAlerts(app.url, [{ labels: { alertname: "Slow" } }]);
  await waitFor("the run", async () => (await listRuns(app.url)).find(isOver));
  await app.store.transaction((tx) => tx.updateTable("run").set({ outcome: "no_effect" }).execute());
  return { at, app, flags: { server: app.url, format: "text" as const } };
}

async function run(command: (output: CommandOutput) => Promise<number>) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...written };
}

test("rule list: one line a rule, in their order", async () => {
  const { flags } = await open();
  expect(await run((output) => ruleListCommand({ ...flags, limit: 50 }, output))).toEqual({
    exitCode: 0,
    stderr: "",
    stdout: `#  NAME       MODE     RUNBOOK  ALERTS 7D  STARTED 7D  SUCCESS 7D  BREAKER
1  restart    auto     nothing  1          1           0 %         closed
2  catch-all  observe  -        0          0           -           -
`,
  });
  const shortened = await run((output) => ruleListCommand({ ...flags, limit: 1 }, output));
  expect(shortened.stdout.split("\n")).toHaveLength(3);
  expect(shortened.stderr).toBe("there are more; --limit shows more than 1\n");
});

test("rule show: where it stands, what it did, and its text", async () => {
  const { at, flags } = await open();
  const shown = await run((output) => ruleShowCommand("restart", flags, output));
  expect(shown).toEqual({
    exitCode: 0,
    stderr: "",
    stdout: `rule:     restart
position: 1
mode:     auto
runbook:  nothing
file:     ${at.folder}/rules/shop.yml:2
breaker:  closed

                        1 DAY  7 DAYS  30 DAYS
alerts                  1      1       1
decided started         1      1       1
runs succeeded          1      1       1
outcome no_effect       1      1       1
success rate            0 %    0 %     0 %
resolved without a run  0      0       0
median time to fix      -      -       -

name: restart
mode: auto
matchers: ['alertname = "Slow"']
runbook: nothing
guards: {breaker: {failures: 2, within: 1h}}
`,
  });
  const json = await run((output) => ruleShowCommand("restart", { ...flags, format: "json" }, output));
  expect(JSON.parse(json.stdout)).toMatchObject({ name: "restart", statistics: { complete: true } });
  expect(await run((output) => ruleShowCommand("nothing", flags, output))).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: "nightshift: Not found: there is no rule nothing\n",
  });
});
