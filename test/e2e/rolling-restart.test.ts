// A rolling restart over twenty hosts with a real sshd: a quarter at a time, and it stops where one fails.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listRuns, readRun } from "../support/alerts.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { downloadBundle } from "./bundle.ts";
import { missingPrograms } from "./programs.ts";
import { post, runsEnded, startScenario, stepsOf } from "../engine/engine-fixture.ts";

const missing = [
  ...missingPrograms({ unzip: "unzip", sha256sum: "coreutils" }),
  ...(sshdAbsence === null ? [] : [sshdAbsence]),
];
if (missing.length > 0) console.warn(`skipped: the rolling restart. ${missing.join("; ")}`);

const NAMES = Array.from({ length: 20 }, (_, index) => `web-${String(index + 1).padStart(2, "0")}`);
const BROKEN = "web-07";

const RULE = `
rules:
  - name: roll
    mode: auto
    matchers: ['alertname = "OldVersion"']
    runbook: rolling-restart
`;

/** Each host keeps what was done to it in a folder of its own. */
function runbook(state: string): string {
  return `
name: rolling-restart
inputs:
  servers: {type: hosts, in: 'role = "web"', default: ${JSON.stringify(NAMES)}}
timeout: 5m
steps:
  - id: before
    targets: \${{ inputs.servers }}
    effect: read
    run: uptime
  - id: roll
    for_each:
      in: inputs.servers
      as: server
      max_parallel: 25%
      max_failures: 1
      steps:
        - id: restart
          target: \${{ server }}
          env: {NAME: "\${{ server.name }}", STATE: ${state}}
          run: |
            echo "restarting $NAME"
            ls "$STATE/busy" | wc -l >> "$STATE/busy-counts"
            touch "$STATE/busy/$NAME"
            sleep 0.4
            rm "$STATE/busy/$NAME"
            [ "$NAME" != ${BROKEN} ]
            echo done >> "$STATE/$NAME"
        - id: healthy
          target: \${{ server }}
          effect: read
          env: {NAME: "\${{ server.name }}", STATE: ${state}}
          run: cat "$STATE/$NAME"
      on_failure:
        - id: take_out
          target: \${{ server }}
          env: {NAME: "\${{ server.name }}", STATE: ${state}}
          run: touch "$STATE/out-$NAME"
summary: |
  \${{ steps.roll.?items.orValue([]).filter(i, i.status == "succeeded").size() }} restarted
`;
}

function hosts(sshd: TestSshd): string {
  const entries = NAMES.map(
    (name) => `
  - name: ${name}
    address: ${sshd.address}
    port: ${sshd.port}
    user: ${sshd.user}
    known_hosts: "${sshd.knownHostsFile}"
    key: {file: "${sshd.keyFile}"}
    labels: {role: web}`,
  );
  return `hosts:${entries.join("")}\n`;
}

describe.skipIf(missing.length > 0)("a rolling restart over twenty hosts", () => {
  const started: { sshd?: TestSshd } = {};
  const state = mkdtempSync(join(tmpdir(), "nightshift-roll-"));
  beforeAll(async () => {
    started.sshd = await startSshd(["MaxStartups 100:30:200", "MaxSessions 20"]);
  });
  afterAll(async () => {
    await started.sshd?.close();
    rmSync(state, { recursive: true, force: true });
  });

  test("stops after the first failure, leaves the rest alone, and keeps each host's output", async () => {
    if (started.sshd === undefined) throw new Error("no sshd");
    writeFileSync(join(state, "busy-counts"), "");

    mkdirSync(join(state, "busy"));
    const scenario = await startScenario({
      "rules/roll.yml": RULE,
      "runbooks/rolling-restart.yml": runbook(state),
      "hosts.yml": hosts(started.sshd),
    });
    await post(scenario, { labels: { alertname: "OldVersion" } });
    await runsEnded(scenario, 1, 120_000);
    const [listed] = await listRuns(scenario.app.url);
    const run = await readRun(scenario.app.url, listed?.id ?? "");
    expect(run).toMatchObject({ status: "failed", failed_step: "roll" });
    expect(run.message).toMatch(new RegExp(`^1 of 20 failed \\(${BROKEN}\\); \\d+ were not begun$`));

    // A quarter at a time: a host that began saw at most four others at work.
    const busy = readFileSync(join(state, "busy-counts"), "utf8").trim().split("\n").map(Number);
    expect(Math.max(...busy)).toBeLessThanOrEqual(4);
    expect(Math.max(...busy)).toBeGreaterThan(0);

    const steps = stepsOf(run);
    const begun = NAMES.filter((name) => steps[`roll/${name}/restart`] !== "skipped");
    const untouched = NAMES.filter((name) => !begun.includes(name));
    expect(begun).toContain(BROKEN);
    expect(untouched.length).toBeGreaterThanOrEqual(8);
    const restarted = readdirSync(state).filter((name) => name.startsWith("web-"));
    expect(restarted.toSorted()).toEqual(begun.filter((name) => name !== BROKEN));
    expect(readdirSync(state)).toContain(`out-${BROKEN}`);
    expect(readdirSync(join(state, "busy"))).toEqual([]);
    for (const name of untouched) expect(steps[`roll/${name}/healthy`]).toBe("skipped");

    const bundle = await downloadBundle(
      `${scenario.app.url}/api/v1/runs/${run.id}/bundle.zip`,
      join(state, "bundle"),
    );
    for (const name of begun) {
      const path = bundle.paths.find((one) => one.endsWith(`-roll.${name}.restart/stdout.log`));
      expect([name, path]).toEqual([name, expect.any(String)]);
      expect(await bundle.text(path ?? "")).toContain(`restarting ${name}`);
    }
    for (const name of NAMES)
      expect(bundle.paths.some((one) => one.endsWith(`-before.${name}.before/stdout.log`))).toBe(true);
    console.log(
      `PROMISE rolling-restart hosts=20 at_once<=5 begun=${begun.length} untouched=${untouched.length} ok`,
    );
  }, 180_000);
});
