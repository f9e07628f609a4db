import type { Principal } from "../../src/access/principal.ts";
import type { CatalogHolder } from "../../src/catalog/reload.ts";
import type { ApprovalRequest } from "../../src/engine/ask-people.ts";
import { requestApproval } from "../../src/engine/ask-people.ts";
import { type ApprovalResult, decideApproval } from "../../src/engine/approvals.ts";
import type { EngineDependencies } from "../../src/engine/dependencies.ts";
import { type Clock, systemClock } from "../../src/platform/clock.ts";
import { createLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { Bell } from "../../src/queue/bell.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import type { Answer, Approval } from "../../src/runs/approvals.ts";
import type { Store } from "../../src/store/store.ts";
import { AUDIT_KEYS } from "../audit/audit-fixture.ts";
import { addRuns, newRun } from "../store/rows.ts";

/** What approvals use of a node; nothing else is reached. */
export function nodeOn(store: Store, clock: Clock = systemClock): EngineDependencies {
  const { runbook } = newRun({}).plan;
  const used: Partial<EngineDependencies> = {
    store,
    // The runbook of every run here, as it was planned.
    catalog: {
      current: () => ({ runbooks: new Map([[runbook.name, runbook]]) }),
    } as unknown as CatalogHolder,
    auditKeys: AUDIT_KEYS,
    redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
    notifiers: new Map(),
    notifyRoutes: [{ to: "oncall", events: ["approval", "failed"] }],
    externalUrl: "http://nightshift.example.net",
    clock,
    log: createLog({ level: "silent", format: "json" }),
    metrics: createMetrics("0"),
    killPoints: { reached: () => {} },
    bells: { runs: new Bell(clock), timers: new Bell(clock), outbox: new Bell(clock) },
  };
  return used as EngineDependencies;
}

export function person(name: string, parts: Partial<Principal> = {}): Principal {
  return { id: `user:${name}`, name, groups: [], role: "operator", isLocal: false, ...parts };
}

export interface Asking {
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly count?: number;
  readonly thenAsk?: string | null;
  readonly approve?: readonly string[];
}

/** Makes a run of `user:asker` that waits for its start. Of no rule, so that no catalog is needed. */
export async function ask(node: EngineDependencies, asking: Asking): Promise<Approval> {
  const { atMs, timeoutMs, count = 1, thenAsk = null, approve = [] } = asking;
  const trigger = { kind: "person", rule: null, episodeId: null, principal: "user:asker" } as const;
  const run = newRun({ state: "waiting_person", trigger, groupKey: null });
  await addRuns(node.store, run);
  const request: ApprovalRequest = {
    message: "restart web-1",
    atMs,
    terms: { count, timeoutMs, thenAsk },
    access: { view: [], run: [], approve },
  };
  return node.store.transaction((tx) => requestApproval(tx, node, run, request));
}

export function answerAs(
  node: EngineDependencies,
  id: string,
  principal: Principal,
  answer: Answer,
  { planDigest = null, comment = null }: { planDigest?: string | null; comment?: string | null } = {},
): Promise<ApprovalResult> {
  const by = { principal: principal.id, via: null, remoteAddress: null };
  return decideApproval(node, { id, answer, principal, by, comment, planDigest });
}
