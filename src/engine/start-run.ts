import type { Actor } from "../audit/entry.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Judgement } from "../guards/verdict.ts";
import { LOCAL_HOST } from "../hosts/host.ts";
import { newId } from "../platform/ids.ts";
import type { ApprovalTerms } from "../runbooks/check-approval.ts";
import { type Confirmation, confirmationOf } from "../runbooks/check-confirm.ts";
import { makePlan, type PlanError, type Planning } from "../runbooks/plan.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Reason } from "../runs/reasons.ts";
import { ON_RESOLVE_DEFAULT, type Run } from "../runs/records.ts";
import type { NewRun } from "../store/new-runs.ts";
import { readRun } from "../store/runs.ts";
import { freeStartKey, readStartKey, takeStartKey } from "../store/start-keys.ts";
import type { Reader } from "../store/store.ts";
import { requestApproval } from "./ask-people.ts";
import { announce, Batch } from "./batch.ts";
import { calledRunbooks, type Candidate, changedInventoryHosts, lockNames } from "./candidate.ts";
import { type EngineDependencies, runUrl } from "./dependencies.ts";
import { neededApproval } from "./needed-approval.ts";
import { keepContents, sealerOf } from "./run-inputs.ts";
import type { RunQueue } from "./run-queue.ts";
import { judgeStart } from "./start.ts";
import type { CallerKey } from "./start-key.ts";
import { type Starter, starterId, triggerOf, whoElseMayRun } from "./starter.ts";

// The start of a run that no alert asks for: by a person, a program or a schedule. It is planned and judged as a rule's start is.

export interface StartRequest {
  readonly runbook: string;
  /** As they came from outside. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly starter: Starter;
  /** Who it is by the audit log. */
  readonly by: Actor;
  /** Only what reads is done, and the guards that hold for it are judged. */
  readonly isDryRun: boolean;
  /** Why, for people; null when nobody said. */
  readonly reason: string | null;
  /** What was typed for the runbook's `confirm`; null when nothing was. */
  readonly confirm: string | null;
  /** The plan that the caller has seen; null when they did not say. */
  readonly planDigest: string | null;
  /** Null for a call that is a new one each time. */
  readonly key: CallerKey | null;
  /** Names to lock beside those that the runbook and its hosts ask for. */
  readonly locks?: readonly string[];
}

/** What speaks against a start at this moment. */
export interface HeldBack {
  readonly kind: "held_back";
  readonly reason: Reason;
  readonly text: string;
  /** When it may be tried again; null when that is not known. */
  readonly retryAtMs: number | null;
  readonly against: Judgement["against"];
}

export type StartResult =
  /** `waitsFor`: why it does not begin at once; null when it does, or when it waits for a person. */
  | { readonly kind: "started"; readonly run: Run; readonly waitsFor: Reason | null }
  /** The same call was made before; this is its run as it is now. */
  | { readonly kind: "repeated"; readonly run: Run }
  | { readonly kind: "no_runbook" }
  | { readonly kind: "not_allowed"; readonly may: readonly string[] }
  | {
      readonly kind: "bad_inputs";
      readonly about: "inputs" | "steps";
      readonly errors: readonly PlanError[];
    }
  | { readonly kind: "not_confirmed"; readonly confirmation: Confirmation }
  | { readonly kind: "other_plan"; readonly digest: string }
  | { readonly kind: "key_of_another_call" }
  | { readonly kind: "repeated_run_gone" }
  | HeldBack;

/** The only way to start a run without an alert. What is refused leaves nothing behind. */
export async function startRun(
  dependencies: EngineDependencies,
  queue: RunQueue,
  request: StartRequest,
): Promise<StartResult> {
  const { store, log } = dependencies;
  const catalog = dependencies.catalog.current();
  const before = await startedBefore(dependencies, request);
  if (before !== null) return before;
  const checked = checkStart(dependencies, catalog, request);
  if (checked.kind !== "checked") return checked;
  const { batch, result } = await store.transaction(async (tx) => {
    const work = new Batch(tx, dependencies, catalog, await store.nowMs(tx));
    return { batch: work, result: await startChecked(work, queue, checked, request) };
  });
  if (result.kind !== "started") return result;
  announce(batch, queue);
  const { id, runbook, state, trigger } = result.run;
  log.info(
    { runId: id, runbook, state, trigger: trigger.kind, principal: trigger.principal },
    "run asked for",
  );
  return result;
}

/** A call made again is answered with its run, even where it would be refused by now: by another plan, say, after a reload. */
async function startedBefore(
  { store }: Pick<EngineDependencies, "store">,
  { key, starter }: StartRequest,
): Promise<StartResult | null> {
  if (key === null) return null;
  const taken = { principal: starterId(starter), key: key.key };
  const known = await readStartKey(store.reader, taken, await store.nowMs(store.reader));
  return known === null ? null : repeated(store.reader, known, key);
}

export interface CheckedStart {
  readonly kind: "checked";
  readonly runbook: Runbook;
  readonly planning: Extract<Planning, { ok: true }>;
}

/** What can be said without the database. */
export function checkStart(
  dependencies: Pick<EngineDependencies, "inputKey">,
  catalog: Catalog,
  request: StartRequest,
): CheckedStart | StartResult {
  const { starter, confirm, planDigest } = request;
  const runbook = catalog.runbooks.get(request.runbook);
  if (runbook === undefined) return { kind: "no_runbook" };
  const may = whoElseMayRun(starter, runbook);
  if (may !== null) return { kind: "not_allowed", may };
  const { inventory, runbooks } = catalog;
  const sealSecret = sealerOf(dependencies.inputKey, runbook.name);
  const planning = makePlan(runbook, request.inputs, { inventory, runbooks, sealSecret });
  if (!planning.ok) return { kind: "bad_inputs", about: planning.about, errors: planning.errors };
  const confirmation = confirmationOf(runbook, planning.plan);
  // A schedule was written down; there is nobody to type. A dry run changes nothing that one would have to be sure of.
  const isTyped = starter.kind !== "schedule" && !request.isDryRun;
  if (confirmation !== null && isTyped && confirm !== confirmation.value)
    return { kind: "not_confirmed", confirmation };
  if (planDigest !== null && planDigest !== planning.digest)
    return { kind: "other_plan", digest: planning.digest };
  return { kind: "checked", runbook, planning };
}

/** In a transaction of the caller, who calls `announce` after it. */
export async function startChecked(
  batch: Batch,
  queue: RunQueue,
  { runbook, planning }: CheckedStart,
  request: StartRequest,
): Promise<StartResult> {
  const { tx, dependencies } = batch;
  const id = newId();
  const key = request.key === null ? null : { principal: starterId(request.starter), key: request.key.key };
  if (key !== null && request.key !== null) {
    const known = await takeStartKey(tx, key, { digest: request.key.digest, runId: id }, batch.nowMs);
    if (known !== null) return repeated(tx, known, request.key);
  }
  const candidate = candidateOf(batch, runbook, planning.plan, request);
  const { verdict, against } = await judgeStart(batch, candidate, queue, false);
  if (verdict.kind === "refuses" || verdict.kind === "delays") {
    if (key !== null) await freeStartKey(tx, key);
    const retryAtMs = verdict.kind === "delays" ? verdict.retryAtMs : null;
    return { kind: "held_back", reason: verdict.reason, text: verdict.text, retryAtMs, against };
  }
  // A dry run changes nothing, so that `access.run` alone permits it.
  const terms = request.isDryRun ? null : neededApproval(runbook, planning.plan, triggerOf(request.starter));
  const isAsked = terms !== null;
  const made = newRunOf(batch, { id, runbook, planning, request, isAsked });
  addToBatch(batch, made, candidate, request);
  await batch.writeRuns();
  await keepContents(tx, dependencies, id, planning.contents);
  if (terms !== null) await askPerson(batch, made, { runbook, terms, reason: request.reason });
  await batch.flush();
  const run = await readRun(tx, id);
  if (run === null) throw new Error(`run ${id} was just made and is not there`);
  return { kind: "started", run, waitsFor: !isAsked && verdict.kind === "queues" ? verdict.reason : null };
}

async function repeated(
  db: Reader,
  known: { readonly digest: string; readonly runId: string },
  key: CallerKey,
): Promise<StartResult> {
  if (known.digest !== key.digest) return { kind: "key_of_another_call" };
  const run = await readRun(db, known.runId);
  return run === null ? { kind: "repeated_run_gone" } : { kind: "repeated", run };
}

function candidateOf(
  batch: Batch,
  runbook: Runbook,
  plan: NewRun["plan"],
  { starter, isDryRun }: StartRequest,
): Candidate {
  return {
    runId: null,
    rule: null,
    ruleName: null,
    runbook,
    called: calledRunbooks(batch.catalog.runbooks, plan),
    plan,
    changed: changedInventoryHosts(batch.catalog.inventory, plan),
    groupKey: "",
    rung: 0,
    principal: starterId(starter),
    afterRuns: new Map(),
    isDryRun,
  };
}

interface NewRunParts {
  readonly id: string;
  readonly runbook: Runbook;
  readonly planning: CheckedStart["planning"];
  readonly request: StartRequest;
  readonly isAsked: boolean;
}

function newRunOf(batch: Batch, { id, runbook, planning, request, isAsked }: NewRunParts): NewRun {
  const { starter, reason, isDryRun } = request;
  const { dependencies } = batch;
  return {
    id,
    runbook: runbook.name,
    runbookDigest: runbook.digest,
    plan: planning.plan,
    planDigest: planning.digest,
    state: isAsked ? "waiting_person" : "queued",
    trigger: triggerOf(starter),
    groupId: null,
    groupKey: null,
    rung: 0,
    onResolve: ON_RESOLVE_DEFAULT,
    isDryRun,
    cause: {
      title: dependencies.redaction.text(reason ?? `started by ${starterId(starter)}`),
      url: runUrl(dependencies, id),
      startedAtMs: batch.nowMs,
    },
    verification: null,
    createdAtMs: batch.nowMs,
    catalogDigest: batch.catalog.digest,
  };
}

function addToBatch(batch: Batch, run: NewRun, candidate: Candidate, { locks = [], by }: StartRequest): void {
  const names = [...new Set([...lockNames(candidate), ...locks])].sort();
  const { runbook, planDigest, isDryRun, state, createdAtMs } = run;
  batch.addRun(run, {
    locks: names.map((name) => ({ name, runId: run.id })),
    hosts: candidate.changed
      .filter((host) => host.isExclusive || host.name !== LOCAL_HOST)
      .map((host) => ({ runId: run.id, host: host.name, rule: null, atMs: batch.nowMs, afterRun: null })),
    audit: {
      atMs: createdAtMs,
      by,
      action: "run.start",
      subject: { kind: "run", id: run.id },
      detail: { runbook, plan_digest: planDigest, state, dry_run: isDryRun },
    },
  });
}

interface Asking {
  readonly runbook: Runbook;
  readonly terms: ApprovalTerms;
  readonly reason: string | null;
}

async function askPerson(batch: Batch, run: NewRun, { runbook, terms, reason }: Asking): Promise<void> {
  const hosts = run.plan.hosts.map((host) => host.name).join(", ");
  const where = hosts === "" ? "" : ` on ${hosts}`;
  const why = reason === null ? "" : `: ${run.cause.title}`;
  const message = `${run.trigger.principal} asks to run ${runbook.name}${where}${why}`;
  const { access } = runbook;
  await requestApproval(batch.tx, batch.dependencies, run, { message, atMs: batch.nowMs, terms, access });
  batch.noteFollowUps();
}
