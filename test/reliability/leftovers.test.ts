// R10: no process that a step started outlives the service's kill and restart by more than five seconds.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { processesWith } from "../support/processes.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { child?: ChildService; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.child?.kill();
  // By our own mark alone; the processes of other tests have another folder.
  if (open.at !== undefined) for (const pid of processesWith(open.at.folder)) endProcess(pid);
  open.at?.remove();
});

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone by itself.
  }
}

const RULES = `
rules: [{name: go, mode: auto, matchers: ['alertname = "Go"'], runbook: go}]
`;

/** The step, a child of it, one that ignores TERM, and one that left the session and the process group. */
const RUNBOOK = `
name: go
target: local
steps:
  - id: breed
    EFFECT
    env: {MARK: "FOLDER"}
    run: |
      if [ -e FOLDER/bred ]; then exit 0; fi
      sleep 300 &
      (trap '' TERM; sleep 300) &
      setsid sleep 300 &
      touch FOLDER/bred
      wait
`;

const LIMIT_MS = 5_000;

async function breed(effect: string): Promise<{ at: ServiceFolder; port: number; child: ChildService }> {
  const at = createServiceFolder({ "rules/go.yml": RULES });
  open.at = at;
  at.write({ "runbooks/go.yml": RUNBOOK.replace("EFFECT", effect).replaceAll("FOLDER", at.folder) });
  const port = await freePort();
  const child = await startChild(at, { port });
  open.child = child;
  await postAlerts(child.url, [{ labels: { alertname: "Go" } }]);
  await waitFor(
    "the processes",
    () => existsSync(join(at.folder, "bred")) && processesWith(at.folder).length >= 4,
  );
  await child.kill();
  return { at, port, child };
}

test.each([
  ["change", "effect: change"],
  ["read", "effect: read"],
])("ends what a killed service's %s step has left", async (name, effect) => {
  const { at, port } = await breed(effect);
  const before = processesWith(at.folder).length;
  expect(before).toBeGreaterThanOrEqual(4);
  open.child = await startChild(at, { port });
  const readyMs = performance.now();
  await waitFor("no process of the step", () => processesWith(at.folder).length === 0, LIMIT_MS).catch(
    () => {},
  );
  const left = processesWith(at.folder).length;
  const tookMs = Math.round(performance.now() - readyMs);
  console.log(
    `PROMISE R10 effect=${name} left_by_kill=${before} alive=${left} after=${tookMs}ms ${left === 0 ? "ok" : "BROKEN"}`,
  );
  expect(left).toBe(0);
  const run = await waitFor("the end of the run", async () =>
    (await listRuns(`http://127.0.0.1:${port}`)).find(isOver),
  );
  expect(run.status).toBe(name === "read" ? "succeeded" : "interrupted");
});

test("negative control: without the restart they live on", async () => {
  const { at } = await breed("effect: change");
  const gone = waitFor("no process of the step", () => processesWith(at.folder).length === 0, 1_000);
  await expect(gone).rejects.toThrow("no process of the step");
});
