// A removal that takes long is followed, and goes on whether or not somebody follows it.
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { type RemovalJob, RemovalBusyError, RemovalJobs } from "../../src/engine/removal-jobs.ts";
import type { PassOptions } from "../../src/engine/retention.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLog } from "../../src/platform/log.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { waitFor } from "../support/wait.ts";
import { DAY_MS, type Kept, openKept } from "./retention-fixture.ts";

const LOOKS: PassOptions = { isDryRun: true, isThorough: true, removesUnknown: false };

async function open(): Promise<{ kept: Kept; jobs: RemovalJobs; stop: () => void }> {
  const store = await openMemoryStore(systemClock);
  onTestFinished(() => store.close());
  const kept = await openKept(store);
  const retention = kept.retention();
  const log = createLog({ level: "silent", format: "json" });
  return {
    kept,
    jobs: new RemovalJobs(retention, { clock: systemClock, log }),
    stop: () => retention.stop(),
  };
}

const over = (jobs: RemovalJobs, id: string): Promise<RemovalJob> =>
  waitFor("the end of the removal", () => {
    const job = jobs.get(id);
    return job === null || job.state === "running" ? null : job;
  });

test("it begins at once, says what it is at, and ends with the report", async () => {
  const { kept, jobs } = await open();
  for (let count = 0; count < 20; count += 1) await kept.addRun(40 * DAY_MS);
  await kept.addRun(DAY_MS);
  const begun = jobs.start({ ...LOOKS, isDryRun: false });
  expect(begun).toMatchObject({ state: "running", report: null, progress: { stage: "waiting", removed: 0 } });
  const stages = new Set<string>();
  for (let job = jobs.get(begun.id); job?.state === "running"; job = jobs.get(begun.id)) {
    stages.add(job.progress.stage);
    await nextTurn();
  }
  expect(stages.size).toBeGreaterThan(2);
  const done = await over(jobs, begun.id);
  expect(done).toMatchObject({ state: "done", error: null, progress: { stage: "archive", comparedRuns: 1 } });
  expect(done.report?.removed.get("evidence")?.count).toBe(20);
  expect(done.progress.removed).toBeGreaterThanOrEqual(20);
});

test("who asks for the same joins it, who asks for something else is told to wait", async () => {
  const { kept, jobs } = await open();
  await kept.addRun(40 * DAY_MS);
  const first = jobs.start(LOOKS);
  expect(jobs.start(LOOKS).id).toBe(first.id);
  expect(() => jobs.start({ ...LOOKS, isDryRun: false })).toThrow(RemovalBusyError);
  await over(jobs, first.id);
  const second = jobs.start({ ...LOOKS, isDryRun: false });
  expect(second.id).not.toBe(first.id);
  await over(jobs, second.id);
  expect(jobs.get(first.id)).toMatchObject({ state: "done" });
});

test("one that fails says why", async () => {
  const { jobs, stop } = await open();
  stop();
  const { id } = jobs.start(LOOKS);
  expect(await over(jobs, id)).toMatchObject({
    state: "failed",
    report: null,
    error: expect.any(String) as unknown,
  });
});
