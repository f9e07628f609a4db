// One decision of many, whichever node each comes to, on both databases; test/http/approvals.test.ts shows what people see of it.
import { expect, test } from "vitest";
import {
  type ApprovalResult,
  decideApproval,
  expireApproval,
  requestApproval,
} from "../../src/engine/approvals.ts";
import type { EngineDependencies } from "../../src/engine/dependencies.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { Bell } from "../../src/queue/bell.ts";
import { readApproval } from "../../src/store/approvals.ts";
import { readRun } from "../../src/store/runs.ts";
import type { Store } from "../../src/store/store.ts";
import { findDueTimers } from "../../src/store/timers.ts";
import { AUDIT_KEYS } from "../audit/audit-fixture.ts";
import { addRuns, newRun } from "../store/rows.ts";
import { describeStores } from "../store/stores.ts";

/** What approvals use of a node; nothing else is reached. */
function nodeOn(store: Store): EngineDependencies {
  const used: Partial<EngineDependencies> = {
    store,
    auditKeys: AUDIT_KEYS,
    redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
    notifiers: new Map(),
    notifyRoutes: [{ to: "oncall", events: ["approval", "failed"] }],
    externalUrl: "http://nightshift.example.net",
    clock: systemClock,
    log: createLog({ level: "silent", format: "json" }),
    metrics: createMetrics("0"),
    bells: { runs: new Bell(systemClock), timers: new Bell(systemClock), outbox: new Bell(systemClock) },
  };
  return used as EngineDependencies;
}

describeStores("approvals of runs", ({ store, peer }) => {
  async function ask(deadlineMs: number): Promise<{ readonly id: string; readonly runId: string }> {
    // Of no rule, so that no catalog is needed.
    const trigger = { kind: "person", rule: null, episodeId: null, principal: "user:asker" } as const;
    const run = newRun({ state: "waiting_person", trigger, groupKey: null });
    await addRuns(store(), run);
    const request = { message: "restart web-1", atMs: 1_000, deadlineMs };
    const approval = await store().transaction((tx) => requestApproval(tx, nodeOn(store()), run, request));
    return { id: approval.id, runId: run.id };
  }
  const later = () => Date.now() + 3_600_000;
  const decide = (at: Store, id: string, decision: "approve" | "reject", person: number) =>
    decideApproval(nodeOn(at), {
      id,
      decision,
      by: { principal: `user:${person}`, via: null, remoteAddress: null },
      comment: null,
      planDigest: null,
    });
  const wins = (results: readonly ApprovalResult[]) => results.filter(({ kind }) => kind === "decided");

  test("asking sets the deadline and tells people what to do, once", async () => {
    const deadlineMs = later();
    const { id, runId } = await ask(deadlineMs);
    const [timer] = await findDueTimers(store().reader, deadlineMs, 10);
    expect(timer).toMatchObject({ kind: "approval", subject: id, dueAtMs: deadlineMs });
    const notices = await store().reader.selectFrom("outbox").selectAll().execute();
    expect(notices.map((notice) => [notice.run_id, notice.target])).toEqual([[runId, "approval:oncall"]]);
    expect(notices[0]?.data).toContain(`nightshift approval approve ${id}`);
  });

  test("of fifty people on two nodes exactly one decides, and run and approval agree", async () => {
    const { id, runId } = await ask(later());
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        decide(index % 2 === 0 ? store() : peer(), id, index % 3 === 0 ? "reject" : "approve", index),
      ),
    );
    expect(wins(results)).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === "already_decided")).toHaveLength(49);
    const approval = await readApproval(store().reader, id);
    const run = await readRun(store().reader, runId);
    expect([approval?.state, run?.state]).toEqual(
      approval?.state === "approved" ? ["approved", "queued"] : ["rejected", "rejected"],
    );
    expect(await findDueTimers(store().reader, later(), 10)).toEqual([]);
  });

  test("a decision and the deadline at the same time: one of them counts", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, runId } = await ask(later());
      const [timer] = await findDueTimers(store().reader, later() + 1_000, 10);
      if (timer === undefined) throw new Error("no deadline is set");
      const [results] = await Promise.all([
        Promise.all([1, 2, 3].map((person) => decide(peer(), id, "approve", person))),
        expireApproval(nodeOn(store()), timer),
      ]);
      const states = [
        (await readApproval(store().reader, id))?.state,
        (await readRun(store().reader, runId))?.state,
      ];
      expect(states).toEqual(wins(results).length === 1 ? ["approved", "queued"] : ["expired", "timed_out"]);
    }
  });
});
