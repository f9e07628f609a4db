// Runbooks at certain times: one run for each time, what becomes of those that were missed, and what an operator sees of it.
import { describe, expect, test } from "vitest";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  notesOf,
  openGate,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  waitAt,
} from "./engine-fixture.ts";

const RUNBOOK = `
name: note
target: local
inputs: {text: {type: string}}
confirm: {type_value_of: text}
access: {run: []}
steps:
  - {id: note, effect: read, env: {TEXT: "\${{ inputs.text }}", BY: "\${{ run.trigger.kind }} \${{ run.trigger.principal }}"}, run: 'echo "$TEXT $BY" >> FOLDER/notes'}
`;
const WAITS = `
name: waits
target: local
steps: [{id: wait, effect: read, run: '${waitAt("gate")}'}]
`;
/** Far enough away that no test meets it by itself. */
const NOON = (name: string, more = "") =>
  `{name: ${name}, runbook: note, with: {text: ${name}}, cron: "0 12 1 1 *", time_zone: Europe/Berlin${more}}`;
const schedules = (...entries: string[]) =>
  `schedules:\n${entries.map((entry) => `  - ${entry}\n`).join("")}`;

function start(...entries: string[]): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": settings(""),
    "runbooks/note.yml": RUNBOOK,
    "runbooks/waits.yml": WAITS,
    "schedules.yml": schedules(...entries),
  });
}

interface ScheduleJson {
  readonly name: string;
  readonly next_at: string | null;
  readonly last: {
    readonly result: string;
    readonly reason: string | null;
    readonly text: string | null;
    readonly run: string | null;
  } | null;
}

async function schedulesOf({ app }: Scenario): Promise<ScheduleJson[]> {
  const response = await fetch(`${app.url}/api/v1/schedules`);
  return ((await response.json()) as { items: ScheduleJson[] }).items;
}

/** Lets the time of a schedule come, or have come. */
async function comes({ app }: Scenario, name: string, atMs = Date.now() - 1): Promise<void> {
  await app.store.transaction(async (tx) => {
    const moved = await tx
      .updateTable("timer")
      .set({ due_at: atMs })
      .where("kind", "=", "schedule")
      .where("subject", "=", name)
      .executeTakeFirst();
    expect(moved.numUpdatedRows).toBe(1n);
  });
}

/** What became of it, once it came. */
function cameOf(scenario: Scenario, name: string): Promise<NonNullable<ScheduleJson["last"]>> {
  return waitFor(`the time of ${name}`, async () => {
    const schedule = (await schedulesOf(scenario)).find((one) => one.name === name);
    return schedule?.last ?? null;
  });
}

describe("a time that comes", () => {
  test("starts one run, by the schedule, without a grant and without anything typed; the next time is set", async () => {
    const scenario = await start(NOON("nightly"));
    const [before] = await schedulesOf(scenario);
    // 12:00 in Berlin in winter.
    expect(before).toMatchObject({
      next_at: expect.stringMatching(/^20\d\d-01-01T11:00:00.000Z$/),
      last: null,
    });
    await comes(scenario, "nightly");
    const last = await cameOf(scenario, "nightly");
    const [run, ...more] = await runsEnded(scenario, 1);
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      id: last.run,
      status: "succeeded",
      trigger: { kind: "schedule", principal: "schedule:nightly" },
      cause: { title: "schedule nightly" },
    });
    expect(notesOf(scenario)).toEqual(["nightly schedule schedule:nightly"]);
    expect((await schedulesOf(scenario))[0]?.next_at).toBe(before?.next_at);
  });

  test("stores inputs and plan as a person's start does", async () => {
    const scenario = await start(NOON("nightly"));
    await comes(scenario, "nightly");
    const [scheduled] = await runsEnded(scenario, 1);
    const body = JSON.stringify({ inputs: { text: "nightly" }, confirm: "nightly" });
    const headers = { "content-type": "application/json" };
    await fetch(`${scenario.app.url}/api/v1/runbooks/note/runs`, { method: "POST", headers, body });
    await runsEnded(scenario, 2);
    const rows = await scenario.app.store.reader
      .selectFrom("run")
      .select(["id", "plan", "plan_digest"])
      .execute();
    expect(new Set(rows.map((row) => row.plan)).size).toBe(1);
    expect(new Set(rows.map((row) => row.plan_digest)).size).toBe(1);
    expect(rows.map((row) => row.id)).toContain(scheduled?.id);
  });
});

describe("an earlier run that still goes on", () => {
  const overlap = (kind: string) => `{name: over, runbook: waits, cron: "0 12 1 1 *", overlap: ${kind}}`;

  test.each(["skip", "queue", "allow"] as const)("overlap: %s", async (kind) => {
    const scenario = await start(overlap(kind));
    await comes(scenario, "over");
    await waitFor("the first run", async () =>
      (await runsOf(scenario))[0]?.status === "running" ? true : null,
    );
    await comes(scenario, "over");
    const second = await waitFor("the second time", async () => {
      const { last } = (await schedulesOf(scenario))[0] ?? { last: null };
      const [newest, oldest] = await runsOf(scenario);
      return last?.result === "skipped" || oldest !== undefined ? { last, newest } : null;
    });
    expect(second.last?.text ?? "").toMatch(kind === "skip" ? /of an earlier time has not ended/ : /^$/);
    const expected = { skip: "running:null", queue: "queued:lock", allow: "running:null" }[kind];
    await waitFor(String(expected), async () => {
      const [newest] = (await runsOf(scenario)) as unknown as { status: string; reason: string | null }[];
      return `${newest?.status}:${newest?.reason}` === expected ? true : null;
    });
    expect(await runsOf(scenario)).toHaveLength(kind === "skip" ? 1 : 2);
    openGate(scenario, "gate");
    await runsEnded(scenario, kind === "skip" ? 1 : 2);
  });
});

describe("a time that passed while the service was down", () => {
  test.each([
    ["run_once", "started", ["late schedule schedule:late"]],
    ["skip", "skipped", []],
  ])("missed: %s", async (missed, result, notes) => {
    const scenario = await start(NOON("late", `, missed: ${missed}`));
    const soonMs = Date.now() + 600;
    await comes(scenario, "late", soonMs);
    await scenario.app.stop();
    await waitFor("the time", () => Promise.resolve(Date.now() > soonMs + 50 ? true : null));
    scenario.app = await startService(scenario.at);
    expect((await cameOf(scenario, "late")).result).toBe(result);
    if (notes.length > 0) await runsEnded(scenario, 1);
    expect(notesOf(scenario)).toEqual(notes);
  });
});

describe("a guard that delays it", () => {
  const pause = async ({ app }: Scenario, method: string) => {
    const path = method === "POST" ? "/pauses" : "/pauses/deploy";
    const body = JSON.stringify({ name: "deploy", scope: "all", reason: "we deploy", for: "2h" });
    const headers = { "content-type": "application/json" };
    const init = method === "POST" ? { method, headers, body } : { method };
    expect((await fetch(`${app.url}/api/v1${path}`, init)).ok).toBe(true);
  };

  test("lets it run as soon as it may, where missed times run", async () => {
    const scenario = await start(NOON("nightly"));
    await pause(scenario, "POST");
    await comes(scenario, "nightly");
    expect(await cameOf(scenario, "nightly")).toMatchObject({
      result: "delayed",
      reason: "paused",
      run: null,
    });
    await pause(scenario, "DELETE");
    await runsEnded(scenario, 1);
    expect((await cameOf(scenario, "nightly")).result).toBe("started");
  });

  test("leaves it out where they do not", async () => {
    const scenario = await start(NOON("nightly", ", missed: skip"));
    await pause(scenario, "POST");
    await comes(scenario, "nightly");
    expect(await cameOf(scenario, "nightly")).toMatchObject({ result: "refused", reason: "paused" });
    expect((await schedulesOf(scenario))[0]?.next_at).toMatch(/-01-01T11:00:00.000Z$/);
  });
});

test("a time that is due and was changed meanwhile, as while the service was down, is none any more", async () => {
  const scenario = await start(NOON("nightly"));
  await schedulesOf(scenario);
  await scenario.app.store.transaction(async (tx) => {
    // As a service with another cron left it.
    const data = JSON.stringify({ forMs: 1, definition: "of another cron" });
    await tx
      .updateTable("timer")
      .set({ data, due_at: Date.now() - 1 })
      .where("kind", "=", "schedule")
      .execute();
  });
  await waitFor("the next time to be set", async () => {
    const [schedule] = await schedulesOf(scenario);
    return schedule?.next_at?.endsWith("-01-01T11:00:00.000Z");
  });
  expect((await schedulesOf(scenario))[0]?.last).toBeNull();
  expect(await runsOf(scenario)).toEqual([]);
});

test("a reload takes new schedules on, and lets those go that are gone", async () => {
  const scenario = await start(NOON("old"), NOON("kept"));
  await waitFor("both", async () =>
    (await schedulesOf(scenario)).every((one) => one.next_at !== null) ? true : null,
  );
  scenario.at.write({
    "schedules.yml": schedules(NOON("kept"), NOON("new").replace("0 12 1 1 *", "0 12 2 1 *")),
  });
  expect((await fetch(`${scenario.app.url}/-/reload`, { method: "POST" })).ok).toBe(true);
  const next = await waitFor("the new times", async () => {
    const rows = await scenario.app.store.reader
      .selectFrom("timer")
      .select("subject")
      .where("kind", "=", "schedule")
      .orderBy("subject")
      .execute();
    return rows.map((row) => row.subject).join() === "kept,new" ? schedulesOf(scenario) : null;
  });
  expect(next.map(({ name, next_at: at }) => [name, at?.slice(4)])).toEqual([
    ["kept", "-01-01T11:00:00.000Z"],
    ["new", "-01-02T11:00:00.000Z"],
  ]);
});

test("a person runs it by hand, as that person", async () => {
  const scenario = await start(NOON("nightly"));
  const run = (name: string, body: object) =>
    fetch(`${scenario.app.url}/api/v1/schedules/${name}/run`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await run("daily", {})).status).toBe(404);
  expect((await run("nightly", { confirm: "nightly", inputs: { text: "x" } })).status).toBe(422);
  expect((await run("nightly", {})).status).toBe(422);
  expect((await run("nightly", { confirm: "nightly" })).status).toBe(202);
  await runsEnded(scenario, 1);
  expect(notesOf(scenario)).toEqual(["nightly person user:local"]);
  expect((await schedulesOf(scenario))[0]?.last).toBeNull();
});
