// What an interrupted step has left on a host that does not answer: nothing of the run follows until it must have ended by itself.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isOver, listRuns, postAlerts, readRun } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { child?: ChildService; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.child?.kill();
  open.at?.remove();
});

const LIMIT_S = 12;

/** Killed right before its only step would have begun on a host that nobody listens at. */
async function interrupted(): Promise<{ at: ServiceFolder; port: number; killedAtMs: number }> {
  const [port, closed] = [await freePort(), await freePort()];
  const at = createServiceFolder({
    "rules/go.yml": `rules: [{name: go, mode: auto, matchers: ['alertname = "Go"'], runbook: go}]\n`,
    "hosts.yml": `hosts: [{name: web-1, address: 127.0.0.1, port: ${closed}, user: nobody}]\n`,
  });
  open.at = at;
  at.write({
    "runbooks/go.yml": `
name: go
target: web-1
steps: [{id: change, run: sleep 60, timeout: ${LIMIT_S}s}]
finally: [{id: tidy, target: local, run: 'date +%s > ${at.folder}/tidied'}]
`,
  });
  const child = await startChild(at, { port, killPoint: "after-intent" });
  if (child.isReady) await postAlerts(child.url, [{ labels: { alertname: "Go" } }]);
  await child.exited;
  return { at, port, killedAtMs: Date.now() };
}

const begunAgain = (child: ChildService) =>
  waitFor("the look for leftovers", () => child.log().includes("leftovers could not be looked for"));

async function ended(url: string) {
  const run = await waitFor(
    "the end",
    async () => (await listRuns(url)).find(isOver),
    (LIMIT_S + 20) * 1_000,
  );
  return readRun(url, run.id);
}

test("a run that is cancelled meanwhile waits for it all the same", async () => {
  const { at, port, killedAtMs } = await interrupted();
  const child = await startChild(at, { port });
  open.child = child;
  await begunAgain(child);
  const [run] = await listRuns(child.url);
  const cancelled = await fetch(`${child.url}/api/v1/runs/${run?.id ?? ""}/cancel`, { method: "POST" });
  expect(cancelled.status).toBe(202);
  expect((await ended(child.url)).steps.map(({ id, status }) => [id, status])).toEqual([
    ["change", "interrupted"],
    ["tidy", "succeeded"],
  ]);
  const tidiedAtS = Number(readFileSync(join(at.folder, "tidied"), "utf8"));
  expect(tidiedAtS).toBeGreaterThanOrEqual(Math.floor(killedAtMs / 1_000) + LIMIT_S);
});

test("a service that is stopped meanwhile does not hold its end up, and the next one waits on", async () => {
  const { at, port, killedAtMs } = await interrupted();
  const child = await startChild(at, { port });
  open.child = child;
  await begunAgain(child);
  expect(await child.terminate()).toBe(0);
  expect(Date.now() - killedAtMs).toBeLessThan(LIMIT_S * 1_000);
  expect(existsSync(join(at.folder, "tidied"))).toBe(false);
  const next = await startChild(at, { port });
  open.child = next;
  expect((await ended(next.url)).status).toBe("interrupted");
  const tidiedAtS = Number(readFileSync(join(at.folder, "tidied"), "utf8"));
  expect(tidiedAtS).toBeGreaterThanOrEqual(Math.floor(killedAtMs / 1_000) + LIMIT_S);
});
