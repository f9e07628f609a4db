import type { Principal } from "../access/principal.ts";
import { watchApproval } from "../engine/approval-deadline.ts";
import { decideApproval } from "../engine/approvals.ts";
import type { EngineDependencies } from "../engine/dependencies.ts";
import type { Approval } from "../runs/approvals.ts";
import { readApproval, readPendingApprovals } from "../store/approvals.ts";
import { findDueTimers } from "../store/timers.ts";
import type { SimulatedClock } from "./clock.ts";
import { mockOf, type Mocks } from "./mocked-steps.ts";
import type { MockConfig } from "./test-schema.ts";

type MockedAnswer = NonNullable<MockConfig["answer"]>;

/** Looks at an approval more often than its timer can be due. */
const TURNS_MAX = 10;

/** Answers what the run waits for as the mocks say: an `approve` step is approved, and nobody answers after a failure, unless they say otherwise. */
export async function answerPeople(
  dependencies: EngineDependencies,
  clock: SimulatedClock,
  runId: string,
  mocks: Mocks,
): Promise<void> {
  for (const approval of await readPendingApprovals(dependencies.store.reader, runId)) {
    const answer = answerTo(approval, mocks);
    if (answer === "none") await letTimePass(dependencies, clock, approval);
    else await say(dependencies, approval, answer);
  }
}

function answerTo({ stepId, failedStep }: Approval, mocks: Mocks): MockedAnswer {
  const id = stepId ?? "";
  const attempt = Math.max(0, (failedStep?.attempts ?? 1) - 1);
  const mock = Object.hasOwn(mocks, id) ? mockOf(mocks[id], attempt) : undefined;
  return mock?.answer ?? (failedStep === null ? "approve" : "none");
}

/** As many people as are needed say it. */
async function say(
  dependencies: EngineDependencies,
  approval: Approval,
  answer: Exclude<MockedAnswer, "none">,
): Promise<void> {
  for (let number = 1; number <= approval.count; number += 1) {
    const principal: Principal = {
      id: `user:approver-${number}`,
      name: `approver-${number}`,
      groups: [],
      role: "admin",
      isLocal: true,
    };
    const by = { principal: principal.id, via: null, remoteAddress: null };
    const { id } = approval;
    const said = { id, answer, principal, by, comment: null, planDigest: null };
    const { kind } = await decideApproval(dependencies, said);
    if (kind === "decided") return;
    if (kind !== "counted")
      throw new Error(`the mocked answer ${answer} to step ${approval.stepId ?? ""} is ${kind}`);
  }
}

async function letTimePass(
  dependencies: EngineDependencies,
  clock: SimulatedClock,
  { id }: Approval,
): Promise<void> {
  const { reader } = dependencies.store;
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const approval = await readApproval(reader, id);
    if (approval === null || approval.state !== "pending") return;
    const timers = await findDueTimers(reader, approval.deadlineMs, Number.MAX_SAFE_INTEGER);
    const timer = timers.find(({ kind, subject }) => kind === "approval" && subject === id);
    if (timer === undefined) throw new Error(`approval ${id} has no timer`);
    clock.goTo(timer.dueAtMs);
    await watchApproval(dependencies, timer);
  }
}
