import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { App } from "../../src/app.ts";
import { isOver, listRuns, postAlerts, readRun, type RunJson, type TestAlert } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

/** A running service whose steps leave notes and wait at gates in its folder: FOLDER in a runbook is that folder. */
export interface Scenario {
  /** Changes with a restart. */
  app: App;
  readonly at: ServiceFolder;
}

/** Stopped and removed when the test ends. */
export async function startScenario(files: Readonly<Record<string, string>>): Promise<Scenario> {
  const at = createServiceFolder(files);
  at.write(
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text.replaceAll("FOLDER", at.folder)]),
    ),
  );
  // Registered first: a service that does not open leaves no folder behind either.
  onTestFinished(() => at.remove());
  const scenario = { at, app: await startService(at) };
  onTestFinished(async () => {
    openGate(scenario, "gate");
    await scenario.app.stop();
  });
  return scenario;
}

/** `nightshift.yml` with these lines added. */
export function settings(more: string): string {
  return `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted]}]
${more}
`;
}

/** A shell loop that ends when the gate is opened. */
export function waitAt(gate: string): string {
  return `while [ ! -e FOLDER/${gate} ]; do sleep 0.02; done`;
}

export function openGate({ at }: Scenario, gate: string): void {
  writeFileSync(join(at.folder, gate), "");
}

/** The lines that steps have appended to `notes`. */
export function notesOf({ at }: Scenario): string[] {
  const file = join(at.folder, "notes");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

export async function post({ app }: Scenario, ...alerts: TestAlert[]): Promise<void> {
  expect((await postAlerts(app.url, alerts)).status).toBe(202);
}

export function runsOf({ app }: Scenario): Promise<RunJson[]> {
  return listRuns(app.url);
}

/** The only run, once it is over. */
export async function runEnded(scenario: Scenario, limitMs?: number): Promise<RunJson> {
  const over = async () => {
    const runs = await runsOf(scenario);
    return runs.length === 1 && runs.every(isOver) ? runs[0] : null;
  };
  return readRun(scenario.app.url, (await waitFor("the end of the run", over, limitMs)).id);
}

/** All runs, oldest first, once there are so many and all are over. */
export async function runsEnded(scenario: Scenario, count: number, limitMs?: number): Promise<RunJson[]> {
  const over = async () => {
    const runs = await runsOf(scenario);
    return runs.length >= count && runs.every(isOver) ? runs.toReversed() : null;
  };
  return waitFor(`the end of ${count} runs`, over, limitMs);
}

export async function runJudged(scenario: Scenario): Promise<RunJson> {
  return waitFor("the outcome", async () => (await runsOf(scenario)).find((run) => run.outcome !== null));
}

export function stepsOf(run: RunJson): Record<string, string> {
  return Object.fromEntries(run.steps.map((step) => [step.id, step.status]));
}

/** Nothing that waits could start anything more; `verify` and `reconcile` timers start nothing. */
export async function settled({ app }: Scenario): Promise<void> {
  await waitFor("that nothing waits", async () => {
    const timers = await app.store.reader
      .selectFrom("timer")
      .select("kind")
      .where("kind", "in", ["judge", "rejudge"])
      .execute();
    return timers.length === 0;
  });
  await waitFor("that nothing runs", async () => (await listRuns(app.url)).every(isOver));
}

export interface AlertJson {
  readonly id: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly decisions: readonly {
    readonly kind: string;
    readonly rule: string | null;
    readonly reason: string | null;
    readonly run: string | null;
    readonly detail: Readonly<Record<string, unknown>>;
  }[];
}

/** Alerts with their decisions, oldest first. */
export async function alertsOf({ app }: Scenario): Promise<AlertJson[]> {
  const list = (await (await fetch(`${app.url}/api/v1/alerts`)).json()) as { items: { id: string }[] };
  const details = list.items.map(
    async ({ id }) => (await (await fetch(`${app.url}/api/v1/alerts/${id}`)).json()) as AlertJson,
  );
  return (await Promise.all(details)).toReversed();
}

/** `started:act`, `delayed:act:cooldown`, …, of all alerts. */
export async function decisionsOf(scenario: Scenario): Promise<string[]> {
  return (await alertsOf(scenario)).flatMap((alert) =>
    alert.decisions.map(({ kind, rule, reason }) =>
      [kind, rule, reason].filter((part) => part !== null).join(":"),
    ),
  );
}
