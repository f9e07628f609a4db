// Steps that wait for people, in a running service: what is asked, what each answer makes of the run, and what a wait leaves alone.
import { describe, expect, test } from "vitest";
import { isOver, readRun, type RunJson } from "../support/alerts.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  notesOf,
  openGate,
  post,
  runEnded,
  type Scenario,
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const RULES = `
rules:
  - {name: go, mode: auto, matchers: ['alertname = "Go"'], runbook: go, on_resolve: cancel_pending}
`;
const SETTINGS = `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted, approval]}]
`;

const note = (id: string) => `{id: ${id}, run: 'echo ${id} >> FOLDER/notes'}`;

function start(runbook: string): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": SETTINGS,
    "rules/go.yml": RULES,
    "runbooks/go.yml": `name: go\ntarget: local\n${runbook}`,
  });
}

const GO = { labels: { alertname: "Go" } };

interface ApprovalJson {
  readonly id: string;
  readonly run: string;
  readonly step: string | null;
  readonly status: string;
  readonly message: string;
  readonly [key: string]: unknown;
}

async function pendingOf({ app }: Scenario, count = 1): Promise<ApprovalJson[]> {
  const found = await waitFor(`${count} questions`, async () => {
    const list = (await (await fetch(`${app.url}/api/v1/approvals?status=pending`)).json()) as {
      items: ApprovalJson[];
    };
    return list.items.length === count ? list.items : null;
  });
  return found.toReversed();
}

async function asked(scenario: Scenario): Promise<ApprovalJson> {
  const [approval] = await pendingOf(scenario);
  if (approval === undefined) throw new Error("nobody is asked");
  await waiting(scenario, approval.run);
  return approval;
}

function waiting({ app }: Scenario, run: string): Promise<RunJson> {
  return waitFor("that the run waits", async () => {
    const found = await readRun(app.url, run);
    return found.status === "waiting_person" ? found : null;
  });
}

async function answer({ app }: Scenario, id: string, word: string, comment?: string): Promise<number> {
  const response = await fetch(`${app.url}/api/v1/approvals/${id}/${word}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(comment === undefined ? {} : { comment }),
  });
  return response.status;
}

const APPROVED = `
steps:
  - ${note("before")}
  - {id: ok, approve: {message: "note was \${{ steps.before.status }}", timeout: 20m}}
  - {id: after, env: {BY: "\${{ steps.ok.json.approved_by[0] }}"}, run: 'echo "after $BY" >> FOLDER/notes'}
on_failure: [${note("rescue")}]
finally: [${note("tidy")}]
`;

describe("an approve step", () => {
  test("waits without an owner, keeps its locks, and goes on after a yes", async () => {
    const scenario = await start(APPROVED);
    await post(scenario, GO);
    const approval = await asked(scenario);
    expect(approval).toMatchObject({
      kind: "step",
      step: "ok",
      message: "note was succeeded",
      requested_by: "rule:go",
      answers: ["approve", "reject"],
      hosts: ["local"],
    });
    const row = await scenario.app.store.reader.selectFrom("run").selectAll().executeTakeFirstOrThrow();
    expect([row.owner, row.lease_until, row.state]).toEqual([null, null, "waiting_person"]);
    const locks = await scenario.app.store.reader.selectFrom("run_lock").selectAll().execute();
    expect(locks.every((lock) => lock.taken_at !== null)).toBe(true);
    expect(notesOf(scenario)).toEqual(["before"]);
    expect(await answer(scenario, approval.id, "retry")).toBe(409);
    expect(await answer(scenario, approval.id, "approve", "looks fine")).toBe(200);
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)["ok"]]).toEqual(["succeeded", "succeeded"]);
    expect(run.steps.find((step) => step.id === "ok")).toMatchObject({
      attempts: 0,
      message: "approved by user:local",
    });
    expect(notesOf(scenario)).toEqual(["before", "after user:local", "tidy"]);
  });

  test("a no ends the run as rejected, after what follows a failure, and people are told", async () => {
    const scenario = await start(APPROVED);
    await post(scenario, GO);
    await answer(scenario, (await asked(scenario)).id, "reject", "not now");
    const run = await runEnded(scenario);
    expect([run.status, run.failed_step, run.message]).toEqual([
      "rejected",
      "ok",
      "rejected by user:local: not now",
    ]);
    expect(stepsOf(run)).toEqual({
      before: "succeeded",
      ok: "rejected",
      after: "skipped",
      rescue: "succeeded",
      tidy: "succeeded",
    });
    expect(notesOf(scenario)).toEqual(["before", "rescue", "tidy"]);
    const outbox = await scenario.app.store.reader.selectFrom("outbox").select("target").execute();
    expect(outbox.map(({ target }) => target)).toContain("failed:log");
  });

  test("when nobody answers in time, that is a no", async () => {
    const scenario = await start(APPROVED.replace("20m", "300ms"));
    await post(scenario, GO);
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)["ok"]]).toEqual(["rejected", "rejected"]);
    expect(run.message).toMatch(/^nobody approved it by /);
    expect(notesOf(scenario)).toEqual(["before", "rescue", "tidy"]);
    const outbox = await scenario.app.store.reader.selectFrom("outbox").select("target").execute();
    expect(outbox.filter(({ target }) => target.includes("/reminder:"))).toHaveLength(1);
  });

  test("waiting is outside of the run's timeout", async () => {
    const scenario = await start(`timeout: 3s\n${APPROVED}`);
    await post(scenario, GO);
    const approval = await asked(scenario);
    // As if it had waited for an hour.
    await scenario.app.store.transaction((tx) =>
      tx
        .updateTable("run")
        .set((row) => ({
          started_at: row("started_at", "-", 3_600_000),
          waiting_since: row("waiting_since", "-", 3_600_000),
        }))
        .execute(),
    );
    await answer(scenario, approval.id, "approve");
    expect((await runEnded(scenario)).status).toBe("succeeded");
  });

  test("survives a restart of the service, and a pending one can be answered then", async () => {
    const scenario = await start(APPROVED);
    await post(scenario, GO);
    const approval = await asked(scenario);
    await scenario.app.stop();
    scenario.app = await startService(scenario.at);
    await waiting(scenario, approval.run);
    await answer(scenario, approval.id, "approve");
    expect((await runEnded(scenario)).status).toBe("succeeded");
    expect(notesOf(scenario)).toEqual(["before", "after user:local", "tidy"]);
  });

  test.each([
    [
      "cancelled by a person",
      (scenario: Scenario, run: string) =>
        fetch(`${scenario.app.url}/api/v1/runs/${run}/cancel`, { method: "POST" }),
    ],
    [
      "no longer needed, because its alert resolved",
      (scenario: Scenario) => post(scenario, { ...GO, status: "resolved" }),
    ],
  ])(
    "a run that is %s while it waits does what follows its steps, and nobody can decide any more",
    async (_, end) => {
      const scenario = await start(APPROVED);
      await post(scenario, GO);
      const approval = await asked(scenario);
      await end(scenario, approval.run);
      const run = await runEnded(scenario);
      expect([run.status, stepsOf(run)["ok"], stepsOf(run)["after"]]).toEqual([
        "cancelled",
        "cancelled",
        "skipped",
      ]);
      expect(notesOf(scenario)).toEqual(["before", "tidy"]);
      expect(await answer(scenario, approval.id, "approve")).toBe(409);
      const timers = scenario.app.store.reader
        .selectFrom("timer")
        .select("kind")
        .where("kind", "=", "approval");
      expect(await timers.execute()).toEqual([]);
    },
  );

  test("a run whose alert has ended by then asks nobody", async () => {
    const scenario = await start(
      APPROVED.replace(
        note("before"),
        "{id: before, run: 'echo before >> FOLDER/notes; WAIT'}".replace("WAIT", waitAt("gate")),
      ),
    );
    await post(scenario, GO);
    await waitFor("the first step", () => notesOf(scenario).includes("before"));
    await post(scenario, { ...GO, status: "resolved" });
    openGate(scenario, "gate");
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)["ok"]]).toEqual(["cancelled", "cancelled"]);
    expect(notesOf(scenario)).toEqual(["before", "tidy"]);
    expect(await scenario.app.store.reader.selectFrom("approval").selectAll().execute()).toEqual([]);
  });

  test("a message that has no value fails the step", async () => {
    const scenario = await start(`
steps:
  - {id: look, effect: read, run: 'echo none', outputs: {load: 'stdout'}}
  - {id: ok, approve: {message: "load \${{ int(steps.look.outputs.load) }}"}}`);
    await post(scenario, GO);
    const run = await runEnded(scenario);
    expect([run.status, run.failed_step]).toEqual(["failed", "ok"]);
    expect(run.message).toContain("approve.message");
  });
});

describe("an approve step inside of other steps", () => {
  const LOOP = `
inputs: {parts: {type: multi_choice, options: [a, b, c], default: [a, b, c]}}
steps:
  - id: each
    for_each:
      in: inputs.parts
      as: part
      max_parallel: 2
      steps:
        - {id: ok, approve: {message: "do \${{ part }}"}}
        - {id: act, env: {PART: "\${{ part }}"}, run: 'echo "$PART" >> FOLDER/notes'}
      finally:
        - {id: tidy, env: {PART: "\${{ part }}"}, run: 'echo "tidy $PART" >> FOLDER/notes'}
`;

  test("asks for the items that are under way, and goes on with each that was answered", async () => {
    const scenario = await start(LOOP);
    await post(scenario, GO);
    const messages = (await pendingOf(scenario, 2)).map(({ message }) => message);
    expect(messages.toSorted()).toEqual(["do a", "do b"]);
    for (let left = 3; left > 0; left -= 1) {
      const next = await waitFor("a question", async () => {
        const list = (await (await fetch(`${scenario.app.url}/api/v1/approvals?status=pending`)).json()) as {
          items: ApprovalJson[];
        };
        return list.items[0];
      });
      expect(await answer(scenario, next.id, "approve")).toBe(200);
    }
    const run = await runEnded(scenario);
    expect(run.status).toBe("succeeded");
    expect(notesOf(scenario).toSorted()).toEqual(["a", "b", "c", "tidy a", "tidy b", "tidy c"]);
  });

  test("a no to one of them is a no to the run, and the others are not begun", async () => {
    const scenario = await start(LOOP.replace("max_parallel: 2", "max_parallel: 1"));
    await post(scenario, GO);
    await answer(scenario, (await asked(scenario)).id, "reject");
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)["each"], stepsOf(run)["each/b/ok"]]).toEqual([
      "rejected",
      "rejected",
      "skipped",
    ]);
    expect(notesOf(scenario)).toEqual(["tidy a"]);
  });

  test("a cancelled run tidies up the items that had begun, and no others", async () => {
    const scenario = await start(LOOP);
    await post(scenario, GO);
    const [first] = await pendingOf(scenario, 2);
    await waiting(scenario, first?.run ?? "");
    await fetch(`${scenario.app.url}/api/v1/runs/${first?.run ?? ""}/cancel`, { method: "POST" });
    const run = await runEnded(scenario);
    expect(run.status).toBe("cancelled");
    expect(run.steps.find((step) => step.id === "each")?.message).toBe(
      "the run was stopped; 2 were cut short (a, b); 1 were not begun",
    );
    expect(notesOf(scenario).toSorted()).toEqual(["tidy a", "tidy b"]);
  });

  test("a run that is cancelled while another item still works does not wait for people", async () => {
    const scenario = await start(`
inputs: {parts: {type: multi_choice, options: [a, b], default: [a, b]}}
steps:
  - id: each
    for_each:
      in: inputs.parts
      as: part
      max_parallel: 2
      steps:
        - {id: slow, if: part == "b", run: 'touch FOLDER/slow; ${waitAt("gate")}'}
        - {id: ok, if: part == "a", approve: {}}
      finally:
        - {id: tidy, env: {PART: "\${{ part }}"}, run: 'echo "tidy $PART" >> FOLDER/notes'}`);
    await post(scenario, GO);
    const [approval] = await pendingOf(scenario);
    await fetch(`${scenario.app.url}/api/v1/runs/${approval?.run ?? ""}/cancel`, { method: "POST" });
    expect((await runEnded(scenario)).status).toBe("cancelled");
    expect(notesOf(scenario).toSorted()).toEqual(["tidy a", "tidy b"]);
    openGate(scenario, "gate");
  });
});

const FLAKY = `
steps:
  - {id: act, run: 'echo act >> FOLDER/notes; test -e FOLDER/gate', timeout: 30s, retries: 1, delay: 10ms, retry_on: [failed], ask_on_failure: {timeout: 20m}}
  - ${note("after")}
on_failure: [${note("rescue")}]
`;

describe("a step that asks what to do once it has failed", () => {
  async function failed(runbook = FLAKY): Promise<{ scenario: Scenario; approval: ApprovalJson }> {
    const scenario = await start(runbook);
    await post(scenario, GO);
    return { scenario, approval: await asked(scenario) };
  }

  test("is tried again, with all of its retries, as often as a person says so", async () => {
    const { scenario, approval } = await failed();
    expect(approval).toMatchObject({ kind: "failed_step", step: "act", answers: ["retry", "skip", "stop"] });
    expect(approval.message).toContain("step act failed: ");
    expect(notesOf(scenario)).toEqual(["act", "act"]);
    expect(await answer(scenario, approval.id, "approve")).toBe(409);
    await answer(scenario, approval.id, "retry");
    const again = await waitFor("the second question", async () => {
      const [next] = await pendingOf(scenario);
      return next !== undefined && next.id !== approval.id ? next : null;
    });
    await waiting(scenario, again.run);
    expect(notesOf(scenario)).toEqual(["act", "act", "act", "act"]);
    openGate(scenario, "gate");
    await answer(scenario, again.id, "retry");
    const run = await runEnded(scenario);
    expect([run.status, run.steps.find((step) => step.id === "act")?.attempts]).toEqual(["succeeded", 5]);
    expect(notesOf(scenario).at(-1)).toBe("after");
  });

  test("counts as skipped where a person says so, and the run goes on", async () => {
    const { scenario, approval } = await failed();
    await answer(scenario, approval.id, "skip", "done by hand");
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)]).toEqual([
      "succeeded",
      { act: "skipped", after: "succeeded", rescue: "skipped" },
    ]);
    expect(run.steps[0]).toMatchObject({ message: "skipped by user:local: done by hand", attempts: 2 });
  });

  test("fails the run where a person says so, and keeps why it had failed", async () => {
    const { scenario, approval } = await failed();
    await answer(scenario, approval.id, "stop");
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)]).toEqual([
      "failed",
      { act: "failed", after: "skipped", rescue: "succeeded" },
    ]);
    expect(run.message).toMatch(/exit.*; stopped by user:local$/);
    expect(run.steps[0]?.exit_code).toBe(1);
  });

  test("fails the run when nobody answers in time", async () => {
    const scenario = await start(FLAKY.replace("20m", "200ms"));
    await post(scenario, GO);
    const run = await runEnded(scenario);
    expect([run.status, stepsOf(run)["act"]]).toEqual(["failed", "failed"]);
    expect(run.message).toMatch(/; nobody answered by /);
  });

  test("survives a restart while a person is asked", async () => {
    const { scenario, approval } = await failed();
    await scenario.app.stop();
    scenario.app = await startService(scenario.at);
    openGate(scenario, "gate");
    await answer(scenario, approval.id, "retry");
    expect((await runEnded(scenario)).status).toBe("succeeded");
    expect(notesOf(scenario)).toEqual(["act", "act", "act", "after"]);
  });

  test("asks as well when it could not even be tried", async () => {
    const { scenario, approval } = await failed(`
steps:
  - {id: look, effect: read, run: 'echo none', outputs: {load: 'stdout'}}
  - {id: act, env: {LOAD: "\${{ int(steps.look.outputs.load) }}"}, run: 'echo act >> FOLDER/notes', ask_on_failure: {}}
  - ${note("after")}`);
    await answer(scenario, approval.id, "retry");
    const again = await waitFor("the second question", async () => {
      const [next] = await pendingOf(scenario);
      return next !== undefined && next.id !== approval.id ? next : null;
    });
    await waiting(scenario, again.run);
    await answer(scenario, again.id, "skip");
    const run = await runEnded(scenario);
    expect([isOver(run), run.status, notesOf(scenario)]).toEqual([true, "succeeded", ["after"]]);
  });
});
