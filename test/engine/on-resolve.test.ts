// The end of an alert: what it means for the runs of a rule, by the rule's on_resolve.
import { expect, test } from "vitest";
import { readRun as readStoredRun } from "../../src/store/runs.ts";
import { listApprovals } from "../../src/store/approvals.ts";
import { listRuns, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  alertsOf,
  decisionsOf,
  notesOf,
  openGate,
  post,
  runEnded,
  runsEnded,
  runsOf,
  type Scenario,
  settings,
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const SLOW = { labels: { alertname: "Slow", instance: "web-1" }, startsAt: "2026-01-01T00:00:00Z" };
const RESOLVED = { ...SLOW, status: "resolved" } as const;
const note = (text: string) => `'echo ${text} >> FOLDER/notes'`;

function scenario(rule: string, runbook: string, more: Readonly<Record<string, string>> = {}) {
  return startScenario({
    "nightshift.yml": settings("limits: {max_runs: 2}"),
    "rules/all.yml": `
rules:
  - {name: act, matchers: ['alertname = "Slow"', 'instance =~ ".+"'], runbook: act, ${rule}}
  - {name: hold, mode: auto, matchers: ['alertname = "Hold"'], runbook: hold}
`,
    "runbooks/act.yml": runbook,
    "runbooks/hold.yml": `{name: hold, target: local, steps: [{id: hold, run: 'echo hold >> FOLDER/notes; ${waitAt("gate")}'}]}\n`,
    ...more,
  });
}

const ACT = `{name: act, target: local, steps: [{id: act, run: ${note("act")}}]}\n`;

/** The service has no slot for anything else until the gate is opened. */
async function holdSlots(at: Scenario): Promise<void> {
  const holding = ["1", "2"].map((n) => ({ labels: { alertname: "Hold", n } }));
  await post(at, ...holding);
  await waitFor("the slots to be taken", () => notesOf(at).filter((line) => line === "hold").length === 2);
}

async function actRun(at: Scenario) {
  const runs = await waitFor("all runs to end", async () => {
    const all = await listRuns(at.app.url);
    return all.every((run) => !["queued", "running", "waiting_person"].includes(run.status)) && all;
  });
  const run = runs.find(({ trigger }) => trigger.rule === "act");
  if (run === undefined) throw new Error("the rule started nothing");
  return readRun(at.app.url, run.id);
}

async function pendingOver(rule: string) {
  const at = await scenario(`mode: auto, ${rule}`, ACT);
  await holdSlots(at);
  await post(at, SLOW);
  await post(at, RESOLVED);
  openGate(at, "gate");
  return { run: await actRun(at), notes: notesOf(at) };
}

test.each([["continue: false"], ["on_resolve: cancel_pending"], ["on_resolve: cancel"]])(
  "%s: a run that waits for a slot is cancelled",
  async (rule) => {
    const { run, notes } = await pendingOver(rule);
    expect(run).toMatchObject({
      status: "cancelled",
      message: "the alert ended before the run could start",
      steps: [],
    });
    expect(notes).not.toContain("act");
  },
);

test("let_finish: a run that waits for a slot has its turn", async () => {
  const { run, notes } = await pendingOver("on_resolve: let_finish");
  expect(run).toMatchObject({ status: "succeeded" });
  expect(notes).toContain("act");
});

test("a run that waits for a person is cancelled, and nobody can approve it any more", async () => {
  const at = await scenario("mode: approve", ACT);
  await post(at, SLOW);
  expect(await runsOf(at)).toMatchObject([{ status: "waiting_person" }]);
  await post(at, RESOLVED);
  expect(await runEnded(at)).toMatchObject({ status: "cancelled" });
  expect(await listApprovals(at.app.store.reader, 10, null)).toMatchObject([{ state: "void" }]);
});

const LONG = (more: string) => `
name: act
target: local
steps:
  - {id: first, run: 'echo first >> FOLDER/notes; ${waitAt("gate")}; echo done >> FOLDER/notes'${more}}
  - {id: second, run: ${note("second")}}
finally: [{id: tidy, run: ${note("tidy")}}]
`;

async function underWay(rule: string, more: string): Promise<Scenario> {
  const at = await scenario(`mode: auto, ${rule}`, LONG(more));
  await post(at, SLOW);
  await waitFor("the step", () => notesOf(at).includes("first"));
  await post(at, RESOLVED);
  return at;
}

test("cancel: the step under way is stopped, the next one does not start, and finally runs", async () => {
  const at = await underWay("on_resolve: cancel", "");
  const run = await runEnded(at, 30_000);
  expect(run).toMatchObject({ status: "cancelled", failed_step: "first" });
  expect(run.message).toContain("the alert ended");
  expect(stepsOf(run)).toEqual({ first: "cancelled", second: "skipped", tidy: "succeeded" });
  expect(notesOf(at)).toEqual(["first", "tidy"]);
});

test("cancel_pending: a run that has begun goes on", async () => {
  const at = await underWay("on_resolve: cancel_pending", "");
  openGate(at, "gate");
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
  expect(notesOf(at)).toEqual(["first", "done", "second", "tidy"]);
});

/** The dispatcher has looked for cancellations once more since: it does so as it renews its leases. */
async function noticed(at: Scenario, id: string): Promise<void> {
  const lease = async () => {
    const rows = await at.app.store.reader
      .selectFrom("run")
      .select("lease_until")
      .where("id", "=", id)
      .execute();
    return rows[0]?.lease_until;
  };
  for (let times = 0; times < 2; times += 1) {
    const before = await lease();
    await waitFor("the leases to be renewed", async () => (await lease()) !== before, 30_000);
  }
}

test("cancel: a critical step goes on to its end, and the run stops right after it", async () => {
  const at = await underWay("on_resolve: cancel", ", critical: true");
  const [run] = await runsOf(at);
  const id = run?.id ?? "";
  expect(await readStoredRun(at.app.store.reader, id)).toMatchObject({ cancelBecause: "alert_ended" });
  await noticed(at, id);
  expect(await readRun(at.app.url, id)).toMatchObject({ status: "running" });
  openGate(at, "gate");
  const ended = await runEnded(at);
  expect(ended).toMatchObject({ status: "cancelled", failed_step: null });
  expect(ended.message).toContain("the alert ended");
  expect(stepsOf(ended)).toEqual({ first: "succeeded", second: "skipped", tidy: "succeeded" });
  expect(notesOf(at)).toEqual(["first", "done", "tidy"]);
}, 60_000);

test("cancel: a person still stops a critical step at once", async () => {
  const at = await underWay("on_resolve: cancel", ", critical: true");
  const [run] = await runsOf(at);
  await fetch(`${at.app.url}/api/v1/runs/${run?.id ?? ""}/cancel`, { method: "POST" });
  expect(await runEnded(at)).toMatchObject({ status: "cancelled", failed_step: "first" });
  expect(notesOf(at)).toEqual(["first", "tidy"]);
});

const FOLLOWED = `mode: auto, group_by: [instance], guards: {cooldown: 1h, rate_limit: {max: 1, per: 1h}},
     on_resolve: {run: undo, with: {instance: "\${{ alert.labels.instance }} \${{ alert.status }}"}}`;
const UNDO = {
  "runbooks/undo.yml": `
name: undo
target: local
inputs: {instance: {type: string}}
steps: [{id: undo, env: {INSTANCE: "\${{ inputs.instance }}"}, run: 'echo "undo $INSTANCE" >> FOLDER/notes'}]
`,
};

test("{run: ...}: starts once when the alert recovers after the run, whatever the rule's cooldown and rate limit", async () => {
  const at = await scenario(FOLLOWED, ACT, UNDO);
  await post(at, SLOW);
  await runEnded(at);
  await post(at, RESOLVED);
  const [act, undo] = await runsEnded(at, 2);
  expect(undo).toMatchObject({ status: "succeeded", trigger: { rule: "act", alert: act?.trigger.alert } });
  expect(notesOf(at)).toEqual(["act", "undo web-1 resolved"]);
  const [alert] = await alertsOf(at);
  expect(alert?.decisions.at(-1)).toMatchObject({
    kind: "started",
    rule: "act",
    run: undo?.id,
    detail: { follows: act?.id, runbook: "undo" },
  });
  // It is none of a ladder, nothing verifies it, and nothing follows it.
  expect(await readStoredRun(at.app.store.reader, undo?.id ?? "")).toMatchObject({
    verification: null,
    groupKey: null,
    onResolve: { kind: "let_finish" },
  });
  await post(at, RESOLVED);
  await noTimers(at);
  expect(await runsOf(at)).toHaveLength(2);
});

async function noTimers({ app }: Scenario): Promise<void> {
  await waitFor("the follow-ups", async () => {
    const timers = await app.store.reader
      .selectFrom("timer")
      .select("id")
      .where("kind", "=", "follow_up")
      .execute();
    return timers.length === 0;
  });
}

test("{run: ...}: starts after the end of a run during which the alert recovered, and not before", async () => {
  const at = await scenario(FOLLOWED, LONG(""), UNDO);
  await post(at, SLOW);
  await waitFor("the step", () => notesOf(at).includes("first"));
  await post(at, RESOLVED);
  await noTimers(at);
  expect(await runsOf(at)).toHaveLength(1);
  openGate(at, "gate");
  await runsEnded(at, 2);
  expect(notesOf(at)).toEqual(["first", "done", "second", "tidy", "undo web-1 resolved"]);
});

test("{run: ...}: not when the run changed nothing; a decision says so", async () => {
  const read = `{name: act, target: local, steps: [{id: act, effect: read, run: ${note("act")}}]}\n`;
  const at = await scenario(FOLLOWED, read, UNDO);
  await post(at, SLOW);
  await runEnded(at);
  await post(at, RESOLVED);
  await waitFor("the decision", async () => (await decisionsOf(at)).includes("ignored:act"));
  const [alert] = await alertsOf(at);
  expect(alert?.decisions.at(-1)?.detail["text"]).toBe(
    "runbook undo of on_resolve was not started: no run of the rule changed anything",
  );
  expect(await runsOf(at)).toHaveLength(1);
});

/** The same alert comes with a much later start, since the resolve between the two was lost, and then recovers. */
async function loseResolve(rule: string): Promise<Scenario> {
  const unguarded = rule.replace("cooldown: 1h, rate_limit: {max: 1, per: 1h}", "");
  const at = await scenario(unguarded, ACT, UNDO);
  await post(at, SLOW);
  await runEnded(at);
  await post(at, { ...SLOW, startsAt: "2026-01-01T01:00:00Z" });
  await runsEnded(at, 2);
  await noTimers(at);
  expect(notesOf(at)).toEqual(["act", "act"]);
  await post(at, { ...RESOLVED, startsAt: "2026-01-01T01:00:00Z" });
  await runsEnded(at, 3);
  await noTimers(at);
  expect(notesOf(at)).toEqual(["act", "act", "undo web-1 resolved"]);
  return at;
}

test("{run: ...}: not when the alert ended without a recovery; a decision says so", async () => {
  const at = await loseResolve(FOLLOWED.replace("group_by: [instance], ", ""));
  const decisions = (await alertsOf(at)).map((alert) => alert.decisions.at(-1));
  expect(decisions.map((decision) => decision?.kind)).toEqual(["ignored", "started"]);
  expect(decisions[0]?.detail["text"]).toContain("the alert ended for another reason than a recovery");
});

test("{run: ...}: once for a group, when it has ended whole", async () => {
  const at = await loseResolve(FOLLOWED);
  expect((await decisionsOf(at)).filter((decision) => decision.startsWith("ignored"))).toEqual([]);
});

test("{run: ...}: a pause delays it, and its end lets it start at once", async () => {
  const at = await scenario(FOLLOWED, ACT, UNDO);
  await post(at, SLOW);
  await runEnded(at);
  const pause = { name: "calm", scope: "runbook:undo", for: "1h", reason: "a test" };
  const added = await fetch(`${at.app.url}/api/v1/pauses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(pause),
  });
  expect(added.status).toBe(201);
  await post(at, RESOLVED);
  await waitFor("the decision", async () => (await decisionsOf(at)).includes("delayed:act:paused"));
  expect(await runsOf(at)).toHaveLength(1);
  const removed = await fetch(`${at.app.url}/api/v1/pauses/calm`, { method: "DELETE" });
  expect(removed.ok).toBe(true);
  await runsEnded(at, 2);
  expect(notesOf(at)).toEqual(["act", "undo web-1 resolved"]);
});

test("{run: ...}: of a rule in approve, a person is asked", async () => {
  const at = await scenario(FOLLOWED, ACT, UNDO);
  await post(at, SLOW);
  await runEnded(at);
  at.at.write({
    "rules/all.yml": `rules: [{name: act, matchers: ['alertname = "Slow"', 'instance =~ ".+"'], runbook: act, ${FOLLOWED.replace("mode: auto", "mode: approve")}}]`,
  });
  expect(await at.app.reload()).toEqual([]);
  await post(at, RESOLVED);
  await waitFor("the question", async () =>
    (await runsOf(at)).some(({ status }) => status === "waiting_person"),
  );
  expect(await decisionsOf(at)).toContain("waiting_person:act");
});
