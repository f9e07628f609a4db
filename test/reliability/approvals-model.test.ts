// S11: approvals say what a small model of them says, action by action: never the requester, only who is named, for one plan, once
// for each person, in time, and by as many people as were asked for. 100,000 random sequences through the function that judges,
// and some through the engine and its database.
import { expect, test } from "vitest";
import { judgeAnswer } from "../../src/access/judge-answer.ts";
import type { Principal } from "../../src/access/principal.ts";
import { watchApproval } from "../../src/engine/approval-deadline.ts";
import { cancelRun } from "../../src/engine/cancel-run.ts";
import type { EngineDependencies } from "../../src/engine/dependencies.ts";
import { newId } from "../../src/platform/ids.ts";
import type { Approval, Vote } from "../../src/runs/approvals.ts";
import { createSimulatedClock, type SimulatedClock } from "../../src/simulation/clock.ts";
import { insertApproval, readApproval, readVotes } from "../../src/store/approvals.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { readRun } from "../../src/store/runs.ts";
import { findDueTimers, setTimer } from "../../src/store/timers.ts";
import { answerAs, nodeOn } from "../engine/approvals-fixture.ts";
import { addRuns, newRun } from "../store/rows.ts";
import {
  type Action,
  ApprovalModel,
  type ModelPerson,
  type Question,
  randomAction,
  randomQuestion,
  type Seen,
} from "./approvals-model.ts";
import { createRandom, type Random } from "./random.ts";

const SEQUENCES = 100_000;
const STORED_SEQUENCES = 2_000;
const ACTIONS = 14;
const SEED = Number(process.env["NIGHTSHIFT_TEST_SEED"] ?? Date.now() % 1_000_000);
const START_MS = Date.UTC(2026, 0, 1);
const PLAN = "sha256:plan";

function principalOf({ name, groups, role, isLocal }: ModelPerson): Principal {
  return { id: `user:${name}`, name, groups, role, isLocal };
}

function digestOf(said: "unsaid" | "right" | "wrong"): string | null {
  return said === "unsaid" ? null : said === "right" ? PLAN : "sha256:other";
}

function approvalOf(question: Question, runId: string): Approval {
  const { kind, approve, from, thenAsk, requester, count, timeoutMs } = question;
  return {
    id: newId(),
    kind,
    runId,
    stepId: kind === "start" ? null : "step",
    planDigest: PLAN,
    message: "",
    requestedBy: `user:${requester}`,
    requestedAtMs: START_MS,
    deadlineMs: START_MS + timeoutMs,
    count,
    grants: { approve, from, thenAsk },
    passedAtMs: null,
    failedStep: kind === "failed_step" ? { status: "failed", attempts: 1 } : null,
    state: "pending",
    decidedBy: null,
    decidedAtMs: null,
    comment: null,
  };
}

type Judge = typeof judgeAnswer;

/** An approval without a database: its row, its votes, and the judge. */
class HeldApproval {
  approval: Approval;
  readonly votes: Vote[] = [];
  readonly #question: Question;
  readonly #judge: Judge;

  constructor(question: Question, judge: Judge) {
    this.#question = question;
    this.#judge = judge;
    this.approval = approvalOf(question, "run");
  }

  step(action: Action, nowMs: number): string | null {
    const { approval } = this;
    if (action.do === "answer") return this.#answer(action, nowMs);
    if (action.do === "cancel" && approval.state === "pending")
      this.approval = { ...approval, state: "void" };
    const isDue = approval.state === "pending" && nowMs >= approval.deadlineMs;
    if (action.do !== "timers" || !isDue) return null;
    const passes = approval.grants.thenAsk !== null && approval.passedAtMs === null;
    const passed = { passedAtMs: nowMs, deadlineMs: nowMs + this.#question.timeoutMs };
    this.approval = { ...approval, ...(passes ? passed : { state: "expired" }) };
    return null;
  }

  seen(): Seen {
    return { state: this.approval.state, deadlineMs: this.approval.deadlineMs, yes: yesOf(this.votes) };
  }

  #answer(action: Extract<Action, { do: "answer" }>, atMs: number): string {
    const { approval, votes } = this;
    const runPlanDigest = this.#question.isOtherPlan ? "sha256:changed" : PLAN;
    const principal = principalOf(action.person);
    const given = { principal, answer: action.answer, planDigest: digestOf(action.digest) };
    const verdict = this.#judge({ approval, votes, runPlanDigest, atMs }, given);
    if (verdict.kind === "refused") return verdict.reason;
    votes.push({
      approvalId: approval.id,
      principal: principal.id,
      answer: action.answer,
      atMs,
      comment: null,
    });
    if (verdict.kind === "counts") return "counted";
    this.approval = { ...approval, state: verdict.state };
    return "decided";
  }
}

function yesOf(votes: readonly Vote[]): string[] {
  return votes
    .filter(({ answer }) => answer === "approve")
    .map(({ principal }) => principal.slice("user:".length));
}

/** What was said of any sequence, so that nothing is left out by chance. */
type Tally = Map<string, number>;

function play(random: Random, tally: Tally, judge: Judge = judgeAnswer): void {
  const question = randomQuestion(random);
  const model = new ApprovalModel(question, START_MS);
  const real = new HeldApproval(question, judge);
  const trace: Action[] = [];
  for (let count = 0; count < ACTIONS; count += 1) {
    const action = randomAction(random);
    trace.push(action);
    const expected = model.step(action);
    const said = real.step(action, model.nowMs);
    if (said !== expected || !isSame(real.seen(), model.seen()))
      throw new Error(`${JSON.stringify({ question, trace })}: ${String(said)}, not ${String(expected)}`);
    if (said !== null) tally.set(said, (tally.get(said) ?? 0) + 1);
  }
  tally.set(model.state, (tally.get(model.state) ?? 0) + 1);
  checkPromise(question, real.seen());
}

function isSame(left: Seen, right: Seen): boolean {
  const isYes = left.yes.length === right.yes.length && left.yes.every((name) => right.yes.includes(name));
  return left.state === right.state && left.deadlineMs === right.deadlineMs && isYes;
}

/** The promise in its own words, whatever model and judge agree on. */
function checkPromise({ count, requester, isOtherPlan, kind }: Question, { state, yes }: Seen): void {
  if (yes.includes(requester)) throw new Error(`${requester} approved what they asked for`);
  if (new Set(yes).size !== yes.length) throw new Error(`${yes.join()}: somebody was counted twice`);
  if (state !== "approved") return;
  if (yes.length !== count || isOtherPlan || kind === "failed_step")
    throw new Error(`approved by ${yes.length} of ${count}`);
}

const EVERY_WORD = [
  "decided",
  "counted",
  "already_decided",
  "already_answered",
  "too_late",
  "not_offered",
  "other_plan",
  "own_request",
  "not_allowed",
  "approved",
  "rejected",
  "retried",
  "skipped",
  "stopped",
  "expired",
  "void",
];

test("100,000 random sequences of answers, waits and ends", { timeout: 120_000 }, () => {
  const tally: Tally = new Map();
  const random = createRandom(SEED);
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) play(random, tally);
  expect(EVERY_WORD.filter((word) => (tally.get(word) ?? 0) < 100)).toEqual([]);
  console.log(`PROMISE S11 seed=${SEED} sequences=${SEQUENCES} actions=${SEQUENCES * ACTIONS} broken=0 ok`);
});

test.each<[string, Judge]>([
  [
    "lets the requester say yes",
    (facts, given) => judgeAnswer({ ...facts, approval: { ...facts.approval, requestedBy: "" } }, given),
  ],
  ["counts a person twice", (facts, given) => judgeAnswer({ ...facts, votes: [] }, given)],
  [
    "asks for no grant",
    (facts, given) => judgeAnswer(facts, { ...given, principal: { ...given.principal, isLocal: true } }),
  ],
  ["forgets the plan", (facts, given) => judgeAnswer(facts, { ...given, planDigest: null })],
  ["forgets the time", (facts, given) => judgeAnswer({ ...facts, atMs: START_MS }, given)],
  [
    "is used twice",
    (facts, given) => judgeAnswer({ ...facts, approval: { ...facts.approval, state: "pending" } }, given),
  ],
  [
    "is content with one person",
    (facts, given) => judgeAnswer({ ...facts, approval: { ...facts.approval, count: 1 } }, given),
  ],
])("negative control: a judge that %s is contradicted", (_, judge) => {
  const random = createRandom(7);
  const many = () => {
    for (let sequence = 0; sequence < 2_000; sequence += 1) play(random, new Map(), judge);
  };
  expect(many).toThrow("question");
});

/** The approval and its run in a database, answered and timed by the engine. */
async function openStored(
  node: EngineDependencies,
  clock: SimulatedClock,
  question: Question,
): Promise<{
  step: (action: Action) => Promise<string | null>;
  seen: () => Promise<Seen>;
  runState: () => Promise<string>;
}> {
  const { store } = node;
  const trigger = {
    kind: "person",
    rule: null,
    episodeId: null,
    principal: `user:${question.requester}`,
  } as const;
  const planDigest = question.isOtherPlan ? "sha256:changed" : PLAN;
  const state = question.kind === "start" ? "waiting_person" : "queued";
  const [runId = ""] = await addRuns(store, newRun({ state, trigger, groupKey: null, planDigest }));
  const approval = {
    ...approvalOf(question, runId),
    requestedAtMs: clock.nowMs(),
    deadlineMs: clock.nowMs() + question.timeoutMs,
  };
  await store.transaction(async (tx) => {
    if (question.kind !== "start")
      await tx
        .updateTable("run")
        .set({ state: "waiting_person", started_at: clock.nowMs(), waiting_since: clock.nowMs() })
        .where("id", "=", runId)
        .execute();
    await insertApproval(tx, approval);
    await setTimer(tx, { kind: "approval", subject: approval.id, dueAtMs: clock.nowMs() + 1, data: {} });
  });
  const by = { principal: "user:operator", via: null, remoteAddress: null };
  return {
    async step(action) {
      if (action.do === "answer") {
        const principal = principalOf(action.person);
        return (
          await answerAs(node, approval.id, principal, action.answer, { planDigest: digestOf(action.digest) })
        ).kind;
      }
      if (action.do === "wait") clock.goTo(clock.nowMs() + action.ms);
      if (action.do === "cancel") {
        const run = await readRun(store.reader, runId);
        if (run !== null) await store.transaction((tx) => cancelRun(tx, node, run, by));
      }
      if (action.do === "timers")
        // The half of the time first, and then its end, which may both be over.
        for (let turn = 0; turn < 2; turn += 1) {
          const due = await findDueTimers(store.reader, clock.nowMs(), 1_000);
          for (const timer of due.filter(({ subject }) => subject === approval.id))
            await watchApproval(node, timer);
        }
      return null;
    },
    async seen() {
      const row = await readApproval(store.reader, approval.id);
      if (row === null) throw new Error("the approval is gone");
      return {
        state: row.state,
        deadlineMs: row.deadlineMs,
        yes: yesOf(await readVotes(store.reader, [approval.id])),
      };
    },
    runState: async () => (await readRun(store.reader, runId))?.state ?? "gone",
  };
}

/** What the run has become by what was said. A step's run goes on, whatever it was; what it makes of it is its own. */
function runStateAfter(kind: Question["kind"], state: string, wasCancelled: boolean): string {
  if (kind === "start") {
    const after = {
      pending: "waiting_person",
      rejected: "rejected",
      expired: "timed_out",
      void: "cancelled",
    };
    if (state === "approved") return wasCancelled ? "cancelled" : "queued";
    return after[state as keyof typeof after];
  }
  return state === "pending" ? "waiting_person" : "running";
}

test("the engine and its database say the same, and the run follows", { timeout: 120_000 }, async () => {
  const clock = createSimulatedClock(START_MS);
  const store = await openMemoryStore(clock);
  const node = nodeOn(store, clock);
  const random = createRandom(SEED + 1);
  try {
    for (let sequence = 0; sequence < STORED_SEQUENCES; sequence += 1) {
      const question = randomQuestion(random);
      const model = new ApprovalModel(question, clock.nowMs());
      const stored = await openStored(node, clock, question);
      const trace: Action[] = [];
      for (let count = 0; count < ACTIONS; count += 1) {
        const action = randomAction(random);
        trace.push(action);
        const expected = model.step(action);
        const said = await stored.step(action);
        const seen = await stored.seen();
        const wasCancelled = trace.some((one) => one.do === "cancel");
        const runState = runStateAfter(question.kind, model.state, wasCancelled);
        const about = { seed: SEED, question, trace };
        expect({ about, said, ...seen, yes: seen.yes.toSorted(), run: await stored.runState() }).toEqual({
          about,
          said: expected,
          ...model.seen(),
          yes: model.yes.toSorted(),
          run: runState,
        });
      }
    }
  } finally {
    await store.close();
  }
  console.log(`PROMISE S11 stored sequences=${STORED_SEQUENCES} broken=0 ok`);
});
