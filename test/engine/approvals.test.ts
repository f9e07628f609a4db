// One decision of many, whichever node each comes to, on both databases; test/http/approvals.test.ts shows what people see of it.
import { expect, test } from "vitest";
import type { ApprovalResult } from "../../src/engine/approvals.ts";
import { watchApproval } from "../../src/engine/approval-deadline.ts";
import type { Answer } from "../../src/runs/approvals.ts";
import { readApproval } from "../../src/store/approvals.ts";
import { readRun } from "../../src/store/runs.ts";
import type { Store } from "../../src/store/store.ts";
import { findDueTimers } from "../../src/store/timers.ts";
import { describeStores } from "../store/stores.ts";
import { answerAs, ask as askOn, nodeOn, person } from "./approvals-fixture.ts";

const HOUR_MS = 3_600_000;

describeStores("approvals of runs", ({ store, peer }) => {
  const ask = (parts: Partial<Parameters<typeof askOn>[1]> = {}) =>
    askOn(nodeOn(store()), { atMs: Date.now(), timeoutMs: HOUR_MS, ...parts });
  const decide = (at: Store, id: string, answer: Answer, name: string | number) =>
    answerAs(nodeOn(at), id, person(String(name)), answer);
  const wins = (results: readonly ApprovalResult[]) => results.filter(({ kind }) => kind === "decided");
  const stateOf = async (id: string) => (await readApproval(store().reader, id))?.state;
  const runStateOf = async (id: string) => (await readRun(store().reader, id))?.state;
  const timers = () => findDueTimers(store().reader, Date.now() + 100 * HOUR_MS, 10);
  const targets = async () =>
    (
      await store()
        .reader.selectFrom("outbox")
        .selectAll()
        .where("action", "=", "notify")
        .orderBy("id")
        .execute()
    )
      .map(({ target }) => target)
      .toSorted();

  test("asking tells people what to do, once, and its timer goes to half of the time", async () => {
    const { id, runId, requestedAtMs } = await ask();
    const [timer] = await timers();
    expect(timer).toMatchObject({ kind: "approval", subject: id, dueAtMs: requestedAtMs + HOUR_MS / 2 });
    const [notice, ...others] = await store().reader.selectFrom("outbox").selectAll().execute();
    expect(others).toEqual([]);
    expect([notice?.run_id, notice?.target]).toEqual([runId, `approval/${id}/asked:oncall`]);
    const { event, title, text, url } = JSON.parse(notice?.data ?? "{}") as Record<string, string>;
    expect([event, url]).toEqual(["approval", `http://nightshift.example.net/approvals/${id}`]);
    expect(title).toContain("restart on no host: a person has to say yes or no");
    for (const line of [
      "restart web-1",
      "Asked by: user:asker",
      "Who may decide: role:operator, role:admin",
      `Until: ${new Date(requestedAtMs + HOUR_MS).toISOString()}`,
      `Decide: ${url ?? ""}`,
      `nightshift approval approve ${id}`,
    ])
      expect(text).toContain(line);
  });

  test("what is secret in a person's words is kept nowhere", async () => {
    const { id, runId } = await ask();
    const token = `ghp_${"a1B2c3D4e5F6g7H8i9".repeat(2)}`;
    await answerAs(nodeOn(store()), id, person("dana"), "reject", { comment: `use ${token} instead` });
    const approval = await readApproval(store().reader, id);
    const run = await readRun(store().reader, runId);
    const votes = await store().reader.selectFrom("approval_vote").selectAll().execute();
    expect(approval?.comment).toBe("use [redacted:github-token] instead");
    expect(JSON.stringify([approval, run, votes])).not.toContain(token);
  });

  test("of fifty people on two nodes exactly one decides, and run and approval agree", async () => {
    const { id, runId } = await ask();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        decide(index % 2 === 0 ? store() : peer(), id, index % 3 === 0 ? "reject" : "approve", index),
      ),
    );
    expect(wins(results)).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === "already_decided")).toHaveLength(49);
    const states = [await stateOf(id), await runStateOf(runId)];
    expect(states).toEqual(states[0] === "approved" ? ["approved", "queued"] : ["rejected", "rejected"]);
    expect(await timers()).toEqual([]);
  });

  test("of fifty people on two nodes exactly three are counted where three are needed", async () => {
    const { id, runId } = await ask({ count: 3 });
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        decide(index % 2 === 0 ? store() : peer(), id, "approve", index),
      ),
    );
    expect(results.filter(({ kind }) => kind === "counted")).toHaveLength(2);
    expect(wins(results)).toHaveLength(1);
    expect(await runStateOf(runId)).toBe("queued");
    const votes = await store().reader.selectFrom("approval_vote").selectAll().execute();
    expect(votes.filter((vote) => vote.approval_id === id)).toHaveLength(3);
  });

  test("one person says one thing, however often and wherever", async () => {
    const { id, runId } = await ask({ count: 2 });
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        decide(index % 2 === 0 ? store() : peer(), id, "approve", "dana"),
      ),
    );
    expect(results.map(({ kind }) => kind).toSorted()).toEqual([
      ...Array.from({ length: 9 }, () => "already_answered"),
      "counted",
    ]);
    expect(await runStateOf(runId)).toBe("waiting_person");
    expect((await decide(store(), id, "reject", "dana")).kind).toBe("already_answered");
    expect((await decide(store(), id, "reject", "erin")).kind).toBe("decided");
    expect([await stateOf(id), await runStateOf(runId)]).toEqual(["rejected", "rejected"]);
  });

  test("only who is named may answer; where nobody is, operators and admins", async () => {
    const named = await ask({ approve: ["group:sre", "user:kim"] });
    const node = nodeOn(store());
    const tries = [
      person("dana", { role: "admin" }),
      person("eve", { groups: ["web"] }),
      person("asker", { groups: ["sre"] }),
    ];
    const kinds = [];
    for (const one of tries) kinds.push((await answerAs(node, named.id, one, "approve")).kind);
    expect(kinds).toEqual(["not_allowed", "not_allowed", "own_request"]);
    const viewer = person("sam", { role: "viewer", groups: ["sre"] });
    expect((await answerAs(node, named.id, viewer, "approve")).kind).toBe("decided");
    const open = await ask();
    expect((await answerAs(node, open.id, { ...viewer, role: "responder" }, "approve")).kind).toBe(
      "not_allowed",
    );
    expect((await answerAs(node, open.id, person("lee", { role: "admin" }), "approve")).kind).toBe("decided");
  });

  test("a decision and the deadline at the same time: one of them counts", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, runId } = await ask({ atMs: Date.now() - HOUR_MS + 10 * round });
      const [timer] = await timers();
      if (timer === undefined) throw new Error("no deadline is set");
      const watch = async () => {
        for (let left: readonly unknown[] = [timer]; left.length > 0; left = await timers()) {
          const [next] = await timers();
          if (next !== undefined) await watchApproval(nodeOn(store()), next);
        }
      };
      const [results] = await Promise.all([
        Promise.all([1, 2, 3].map((name) => decide(peer(), id, "approve", name))),
        watch(),
      ]);
      const states = [await stateOf(id), await runStateOf(runId)];
      expect(states).toEqual(wins(results).length === 1 ? ["approved", "queued"] : ["expired", "timed_out"]);
    }
  });

  test("people are reminded at half of the time, and it expires at its end", async () => {
    const { id, runId } = await ask({ atMs: Date.now() - 0.6 * HOUR_MS });
    const due = async () => {
      const [timer] = await timers();
      if (timer === undefined) throw new Error("no timer is set");
      return timer;
    };
    await watchApproval(nodeOn(store()), await due());
    const told = (news: string) => `approval/${id}/${news}:oncall`;
    expect(await targets()).toEqual([told("asked"), told("reminder")]);
    expect(await stateOf(id)).toBe("pending");
    await store().transaction((tx) =>
      tx
        .updateTable("approval")
        .set({ deadline: Date.now() - 1 })
        .execute(),
    );
    await watchApproval(nodeOn(store()), await due());
    expect([await stateOf(id), await runStateOf(runId)]).toEqual(["expired", "timed_out"]);
    expect(await timers()).toEqual([]);
  });

  test("at the end of its time it passes once to the second group, with as much time again", async () => {
    const { id, runId } = await ask({
      atMs: Date.now() - HOUR_MS,
      thenAsk: "group:leads",
      approve: ["group:sre"],
    });
    const [first] = await timers();
    if (first === undefined) throw new Error("no timer is set");
    const lead = person("lou", { role: null, groups: ["leads"] });
    const node = nodeOn(store());
    expect((await answerAs(node, id, lead, "approve")).kind).toBe("too_late");
    const beforeMs = Date.now();
    await Promise.all([watchApproval(nodeOn(store()), first), watchApproval(nodeOn(peer()), first)]);
    const passed = await readApproval(store().reader, id);
    expect(passed?.deadlineMs).toBeGreaterThanOrEqual(beforeMs + HOUR_MS);
    expect(await targets()).toEqual([`approval/${id}/asked:oncall`, `approval/${id}/passed_on:oncall`]);
    expect((await answerAs(node, id, person("eve", { groups: ["web"] }), "approve")).kind).toBe(
      "not_allowed",
    );
    expect((await answerAs(node, id, { ...lead, id: "user:asker" }, "approve")).kind).toBe("own_request");
    expect((await answerAs(node, id, lead, "approve")).kind).toBe("decided");
    expect(await runStateOf(runId)).toBe("queued");
  });

  test("when the second group does not decide either, it expires", async () => {
    const { id, runId } = await ask({ atMs: Date.now() - HOUR_MS, thenAsk: "group:leads" });
    for (let turn = 0; turn < 3; turn += 1) {
      const [timer] = await timers();
      if (timer === undefined) break;
      await watchApproval(nodeOn(store()), timer);
      await store().transaction((tx) =>
        tx
          .updateTable("approval")
          .set({ deadline: Date.now() - 1 })
          .execute(),
      );
    }
    expect([await stateOf(id), await runStateOf(runId)]).toEqual(["expired", "timed_out"]);
  });
});
