// A run that waits for people survives a kill of the service at every point around the question, and goes on after the answer.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PEOPLE_KILL_POINTS } from "../../src/platform/killpoints.ts";
import { isOver, listRuns, postAlerts, readRun, type RunJson } from "../support/alerts.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder, type ServiceFolder } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const RULE = `
rules: [{name: act, mode: auto, matchers: ['alertname = "Kill"'], runbook: act}]
`;

const APPROVE = `
name: act
target: local
steps:
  - {id: before, run: 'echo before >> FOLDER/notes'}
  - {id: ok, approve: {timeout: 1h}}
  - {id: change, run: 'echo change >> FOLDER/notes'}
finally:
  - {id: tidy, run: 'echo tidy >> FOLDER/notes'}
`;

const ASK_ON_FAILURE = `
name: act
target: local
steps:
  - {id: before, run: 'echo before >> FOLDER/notes'}
  - {id: change, run: 'echo change >> FOLDER/notes; test -e FOLDER/gate', ask_on_failure: {timeout: 1h}}
finally:
  - {id: tidy, run: 'echo tidy >> FOLDER/notes'}
`;

interface Scenario {
  readonly name: string;
  readonly runbook: string;
  /** Null: killed while the run waits. */
  readonly point: (typeof PEOPLE_KILL_POINTS)[number] | null;
  readonly answer: "approve" | "retry";
  /** How often the change has run in the end. */
  readonly changes: number;
}

const SCENARIOS: readonly Scenario[] = [null, ...PEOPLE_KILL_POINTS].flatMap((point) => {
  const when = point ?? "while it waits";
  return [
    { name: `approve, killed ${when}`, runbook: APPROVE, point, answer: "approve" as const, changes: 1 },
    {
      name: `after a failure, killed ${when}`,
      runbook: ASK_ON_FAILURE,
      point,
      answer: "retry" as const,
      changes: 2,
    },
  ];
});

test.each(SCENARIOS)(
  "$name: the run goes on after the answer, and nothing is done twice",
  {
    timeout: 60_000,
  },
  async ({ runbook, point, answer, changes }) => {
    const at = createServiceFolder({ "rules/act.yml": RULE });
    at.write({ "runbooks/act.yml": runbook.replaceAll("FOLDER", at.folder) });
    const port = await freePort();
    const first = await startChild(at, { port, ...(point === null ? {} : { killPoint: `${point}:1` }) });
    let second: ChildService | null = null;
    try {
      await postAlerts(first.url, [{ labels: { alertname: "Kill" } }]);
      if (point === null || point === "after-answer") {
        const id = await pendingId(first.url);
        await waitFor(
          "that the run waits",
          async () => (await onlyRun(first.url))?.status === "waiting_person",
        );
        if (point === null) await first.kill();
        else {
          openGate(at);
          await say(first.url, id, answer).catch(() => null);
        }
      }
      await waitFor("the kill", () => isGone(first), 20_000);
      second = await startChild(at, { port });
      const { url } = second;
      const done = notesOf(at);
      openGate(at);
      const status = point === "after-answer" ? 200 : await say(url, await pendingId(url), answer);
      const run = await waitFor(
        "the end of the run",
        async () => {
          const found = await onlyRun(url);
          return found !== undefined && isOver(found) ? readRun(url, found.id) : null;
        },
        20_000,
      );
      expect([status, run.status]).toEqual([200, "succeeded"]);
      // Nothing beyond the question was done before it was answered.
      const asked = answer === "approve" ? ["before"] : ["before", "change"];
      expect(point === "after-answer" ? asked : done).toEqual(asked);
      const count = (word: string) => notesOf(at).filter((line) => line === word).length;
      expect([count("before"), count("change"), count("tidy")]).toEqual([1, changes, 1]);
      const approvals = await listApprovals(url);
      expect(approvals.map(({ status }) => status)).toEqual([answer === "approve" ? "approved" : "retried"]);
    } finally {
      await first.kill();
      await second?.kill();
      at.remove();
    }
  },
);

function openGate(at: ServiceFolder): void {
  writeFileSync(join(at.folder, "gate"), "");
}

function notesOf(at: ServiceFolder): string[] {
  const file = join(at.folder, "notes");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

async function isGone({ exited }: ChildService): Promise<boolean> {
  return Promise.race([
    exited.then(() => true),
    new Promise<false>((resolve) => setImmediate(() => resolve(false))),
  ]);
}

async function onlyRun(url: string): Promise<RunJson | undefined> {
  return (await listRuns(url))[0];
}

interface ApprovalJson {
  readonly id: string;
  readonly status: string;
}

async function listApprovals(url: string): Promise<readonly ApprovalJson[]> {
  const list = (await (await fetch(`${url}/api/v1/approvals`)).json()) as { items: ApprovalJson[] };
  return list.items;
}

function pendingId(url: string): Promise<string> {
  const pending = async () => (await listApprovals(url)).find(({ status }) => status === "pending")?.id;
  return waitFor("the question", pending, 20_000);
}

async function say(url: string, id: string, answer: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/api/v1/approvals/${id}/${answer}`, {
    method: "POST",
    headers,
    body: "{}",
  });
  return response.status;
}
