// R4: one notification, however often and by whichever peer it is delivered, is one episode and one run.
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { isOver, listRuns } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { queryDatabase } from "../support/database.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const open: { child?: ChildService; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.child?.kill();
  open.at?.remove();
});

const RULES = `
rules: [{name: act, mode: auto, matchers: ['alertname =~ ".+"'], runbook: act}]
`;
const RUNBOOK = `
name: act
target: local
steps: [{id: act, command: ["true"]}]
`;

const PEERS = ["am-v4-firing-single.json", "am-v4-ha-duplicate-peer-b.json"].map((name) =>
  readFileSync(new URL(`../fixtures/webhooks/${name}`, import.meta.url), "utf8"),
);
const TIMES = 20;

/** Every delivery at once, from both peers in turn. */
async function deliver(url: string, bodies: readonly string[]): Promise<void> {
  const answers = await Promise.all(
    bodies.map((body) =>
      fetch(`${url}/webhooks/alertmanager`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }),
    ),
  );
  expect(answers.map((answer) => answer.status)).toEqual(bodies.map(() => 202));
}

interface Counts {
  readonly episodes: number;
  readonly runs: number;
  readonly attempts: number;
  readonly deliveries: number;
}

async function play(bodies: readonly string[]): Promise<Counts> {
  const at = createServiceFolder({ "rules/act.yml": RULES, "runbooks/act.yml": RUNBOOK });
  open.at = at;
  const port = await freePort();
  open.child = await startChild(at, { port });
  await deliver(open.child.url, bodies);
  await waitFor("the run", async () => (await listRuns(`http://127.0.0.1:${port}`)).some(isOver));
  await open.child.kill();
  open.child = await startChild(at, { port });
  await deliver(open.child.url, bodies);
  await waitFor("the end of all runs", async () =>
    (await listRuns(`http://127.0.0.1:${port}`)).every(isOver),
  );
  await open.child.terminate();
  return queryDatabase<Counts>(
    at,
    `select (select count(*) from episode) as episodes, (select count(*) from run) as runs,
     (select count(*) from attempt) as attempts, (select count(*) from delivery) as deliveries`,
  )[0] as Counts;
}

test("twenty deliveries at once, from two peers, and again after a kill and a restart, start one run", async () => {
  const counts = await play(Array.from({ length: TIMES }, (_, index) => PEERS[index % 2] ?? ""));
  const isOne = counts.episodes === 1 && counts.runs === 1 && counts.attempts === 1;
  console.log(
    `PROMISE R4 deliveries=${counts.deliveries} episodes=${counts.episodes} runs=${counts.runs} ${isOne ? "ok" : "BROKEN"}`,
  );
  expect(counts).toEqual({ episodes: 1, runs: 1, attempts: 1, deliveries: 2 * TIMES });
});

test("negative control: the same alert with another label counts as another", async () => {
  const other = (PEERS[0] ?? "")
    .replaceAll(/"(\w+)":\s*"critical"/g, '"$1": "page"')
    .replaceAll(/"fingerprint":\s*"[0-9a-f]{16}"/g, '"fingerprint": "0123456789abcdef"');
  expect(other).not.toBe(PEERS[0]);
  expect(await play([PEERS[0] ?? "", other])).toMatchObject({ episodes: 2, runs: 2 });
});
