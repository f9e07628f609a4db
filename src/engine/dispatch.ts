import { BackgroundTasks } from "../platform/background-tasks.ts";
import type { Run } from "../runs/records.ts";
import { adoptRuns, type Ownership, parkRun, renewLeases, StaleFenceError } from "../store/run-ownership.ts";
import { nextWaitingMs, readCancelRequests } from "../store/runs.ts";
import { hasAnyStepBegun } from "../store/steps.ts";
import { recoverInterrupted } from "./adopt.ts";
import { measureAtStart } from "./asserts.ts";
import { claimStartable } from "./claim.ts";
import { lateStartProblem } from "./late-starts.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { finishRun } from "./end-run.ts";
import { executeRun } from "./execute.ts";
import { compiledRunbook, plannedRunbooks, type RunbookCache } from "./runbook-cache.ts";
import { RunbookError } from "../runbooks/load.ts";
import { endWithAlert, openSession, type RunSession } from "./session.ts";
import { sweepWorkFolders } from "./work-folders.ts";

/** How long a claim holds without a renewal, by the database's clock. */
const LEASE_MS = 30_000;
const RENEW_EVERY_MS = 5_000;
/** A lost wake-up delays a run by no more than this. */
const POLL_MS = 2_000;
/** A run that cannot be worked on for a reason of ours (a bug, a lost database) is tried again after this. */
const RETRY_BROKEN_MS = 30_000;
/** How often runs are looked for that are ours and that nobody works on. */
const ADOPT_EVERY_MS = 30_000;

/** Gives this node's free slots to waiting runs, and keeps its claims alive. */
export class Dispatcher {
  readonly #dependencies: EngineDependencies;
  readonly #runbooks: RunbookCache = new Map();
  readonly #sessions = new Map<string, RunSession>();
  /** Runs that this process works on, from the claim on. */
  readonly #held = new Set<string>();
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();
  #grace: NodeJS.Timeout | undefined;
  #lastRenewalMs: number;
  #lastAdoptionMs: number;

  constructor(dependencies: EngineDependencies) {
    this.#dependencies = dependencies;
    this.#lastRenewalMs = dependencies.clock.monotonicMs();
    this.#lastAdoptionMs = this.#lastRenewalMs;
  }

  /** Takes over what an earlier start of this node left, then works until `stop`. */
  async start(): Promise<void> {
    await this.#adoptOwn();
    this.#tasks.track(this.#dispatchLoop(), (error) => this.#loopFailed(error));
    this.#tasks.track(this.#renewLoop(), (error) => this.#loopFailed(error));
  }

  /** From now on no run and no step starts, and each current step has `graceMs`. May be called again. */
  drain(graceMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#dependencies.bells.runs.ring();
    for (const session of this.#sessions.values()) session.isDraining = true;
    this.#grace = setTimeout(() => {
      for (const session of this.#sessions.values()) for (const stop of session.stops) stop.abort("shutdown");
    }, graceMs);
  }

  /**
   * Drains, and waits for the current steps. What outlives its grace is stopped and recorded as interrupted. Runs go on at
   * their next step after the next start.
   */
  async stop(graceMs: number): Promise<void> {
    this.drain(graceMs);
    await this.#tasks.settled();
    clearTimeout(this.#grace);
  }

  get activeRuns(): number {
    return this.#sessions.size;
  }

  /**
   * Takes up runs that are this node's and that nobody works on: at the start those of an earlier start, later those that a
   * database which was away left behind, such as a claim whose answer was lost.
   */
  async #adoptOwn(): Promise<void> {
    const { store, nodeId, clock, log } = this.#dependencies;
    this.#lastAdoptionMs = clock.monotonicMs();
    const runs = await store.transaction(async (tx) => {
      const nowMs = await store.nowMs(tx);
      const claim = { owner: nodeId, nowMs, leaseUntilMs: nowMs + LEASE_MS };
      return adoptRuns(tx, { ...claim, includeExpired: false, except: [...this.#held] });
    });
    for (const run of runs) this.#begin(run, true);
    await sweepWorkFolders(this.#dependencies);
    if (runs.length > 0) log.info({ runs: runs.length }, "took up runs that nobody worked on");
  }

  async #dispatchLoop(): Promise<void> {
    const { limits, bells, log, disk } = this.#dependencies;
    while (!this.#stopped.signal.aborted) {
      let waitMs = POLL_MS;
      try {
        if (this.#isAdoptionDue()) await this.#adoptOwn();
        const free = disk.hasRoomForRuns ? limits.runsMax - this.#sessions.size : 0;
        const claimed = free > 0 ? await this.#claim(free) : [];
        for (const run of claimed) this.#begin(run, false);
        if (free > 0 && claimed.length < free) waitMs = await this.#untilNextWaiting();
      } catch (error) {
        log.error({ error }, "runs could not be claimed; trying again");
      }
      await bells.runs.wait(waitMs, this.#stopped.signal);
    }
  }

  #isAdoptionDue(): boolean {
    return this.#dependencies.clock.monotonicMs() - this.#lastAdoptionMs >= ADOPT_EVERY_MS;
  }

  #claim(limit: number): Promise<readonly Run[]> {
    const { nodeId } = this.#dependencies;
    return claimStartable(this.#dependencies, {
      owner: nodeId,
      leaseMs: LEASE_MS,
      limit,
      runbookOf: (run, db) =>
        compiledRunbook(db, this.#runbooks, run.runbookDigest).catch((error: unknown) => {
          if (error instanceof RunbookError) return null;
          throw error;
        }),
    });
  }

  async #untilNextWaiting(): Promise<number> {
    const { store, clock } = this.#dependencies;
    const untilMs = await nextWaitingMs(store.reader);
    return untilMs === null ? POLL_MS : Math.max(0, Math.min(POLL_MS, untilMs - clock.nowMs()));
  }

  #begin(run: Run, isAdopted: boolean): void {
    const { metrics, killPoints, bells, log } = this.#dependencies;
    killPoints.reached("after-claim");
    this.#held.add(run.id);
    const task = this.#work(run, isAdopted).finally(() => {
      this.#held.delete(run.id);
      this.#sessions.delete(run.id);
      metrics.runsActive.set(this.#sessions.size);
      bells.runs.ring();
    });
    this.#tasks.track(task, (error) =>
      log.error(
        { runId: run.id, error },
        "a run stopped because of an error of ours; it will be tried again",
      ),
    );
  }

  async #work(run: Run, isAdopted: boolean): Promise<void> {
    const dependencies = this.#dependencies;
    const ownership = { runId: run.id, owner: dependencies.nodeId, fence: run.fence };
    try {
      const session = await this.#openSession(run, ownership);
      // At the first claim nothing can have begun; at a later one it is looked for.
      const isFirst = run.fence === 1 || !(await hasAnyStepBegun(dependencies.store.reader, run.id));
      if (isFirst && !(await mayStart(session))) return;
      if (isAdopted || run.fence > 1) await recoverInterrupted(session);
      await executeRun(session);
    } catch (error) {
      if (error instanceof RunbookError) return this.#endUnreadable(run, ownership, error);
      if (!(error instanceof StaleFenceError)) await this.#putAside(ownership);
      throw error;
    }
  }

  /** A runbook stored by another version may no longer compile: trying again would not help. */
  async #endUnreadable(run: Run, ownership: Ownership, error: RunbookError): Promise<void> {
    const message = `the runbook as it was planned cannot be read by this version: ${error.message}`;
    const session = { dependencies: this.#dependencies, run, ownership };
    await finishRun(session, { end: "failed", failedStep: null, message, summary: null });
  }

  async #openSession(run: Run, ownership: Ownership): Promise<RunSession> {
    const dependencies = this.#dependencies;
    const { reader } = dependencies.store;
    const { runbook, called } = await plannedRunbooks(reader, this.#runbooks, run);
    const session = openSession({ dependencies, run, runbook, called, ownership });
    session.isDraining = this.#stopped.signal.aborted;
    this.#sessions.set(run.id, session);
    dependencies.metrics.runsActive.set(this.#sessions.size);
    // Asked for while nobody had the run: it waited for its time, or the service was down.
    if (run.cancelRequestedAtMs !== null && run.cancelBecause === null) this.cancel(run.id);
    return session;
  }

  /** So that a run that meets an error of ours neither spins nor holds a slot. */
  async #putAside(ownership: Ownership): Promise<void> {
    const { store, clock, log } = this.#dependencies;
    try {
      const untilMs = clock.nowMs() + RETRY_BROKEN_MS;
      await store.transaction((tx) => parkRun(tx, ownership, untilMs));
    } catch (error) {
      log.warn({ runId: ownership.runId, error }, "a run could not be put aside; it is taken up again later");
    }
  }

  async #renewLoop(): Promise<void> {
    const { store, clock, nodeId, log } = this.#dependencies;
    while (!this.#stopped.signal.aborted || this.#sessions.size > 0) {
      try {
        const cancelled = await store.transaction(async (tx) => {
          await renewLeases(tx, nodeId, (await store.nowMs(tx)) + LEASE_MS);
          return readCancelRequests(tx, nodeId);
        });
        this.#lastRenewalMs = clock.monotonicMs();
        for (const { runId, because } of cancelled) {
          if (because === null) this.cancel(runId);
          else this.#endWithAlert(runId);
        }
      } catch (error) {
        log.warn(
          { error, sinceMs: Math.round(clock.monotonicMs() - this.#lastRenewalMs) },
          "leases could not be renewed",
        );
      }
      await this.#pause(RENEW_EVERY_MS);
    }
  }

  /** Stops the run's current step if this node executes it, and else takes it up soon to end it. A second time changes nothing. */
  cancel(runId: string): void {
    const session = this.#sessions.get(runId);
    if (session === undefined) this.#dependencies.bells.runs.ring();
    if (session === undefined || session.isCancelled) return;
    session.isCancelled = true;
    session.stop.abort("cancelled");
  }

  #endWithAlert(runId: string): void {
    const session = this.#sessions.get(runId);
    if (session !== undefined && !session.alert.hasEnded) endWithAlert(session);
  }

  /** Waits in short pieces, so that a stopped service does not wait out a whole period. */
  async #pause(durationMs: number): Promise<void> {
    const piece = 100;
    for (let waited = 0; waited < durationMs; waited += piece) {
      if (this.#stopped.signal.aborted && this.#sessions.size === 0) return;
      await this.#dependencies.clock.sleep(piece);
    }
  }

  #loopFailed(error: unknown): void {
    this.#dependencies.log.error({ error }, "a loop of the dispatcher ended; this is a bug");
    throw error;
  }
}

/** False when the run comes too late for its alert, or an assert does not hold; then it has been ended. */
export async function mayStart(session: RunSession): Promise<boolean> {
  const { dependencies, run } = session;
  const { metrics, clock, log } = dependencies;
  const problem = await lateStartProblem(dependencies, run);
  const refusal = problem === null ? await measureAtStart(session) : null;
  const message = problem ?? refusal?.text ?? null;
  if (message !== null) {
    const ending = { end: "cancelled" as const, failedStep: null, message, summary: null };
    const refused = { kind: "refused", reason: "assert", detail: { text: message } } as const;
    const decision = refusal === null ? {} : { decision: refused };
    await finishRun(session, { ...ending, ...decision, neverStarted: true });
    return false;
  }
  if (!run.isDryRun) metrics.runsStarted.inc({ runbook: run.runbook, trigger: run.trigger.kind });
  if (run.trigger.kind === "alert")
    metrics.alertToFirstStep.observe((clock.nowMs() - run.createdAtMs) / 1000);
  log.info({ runId: run.id, runbook: run.runbook, rule: run.trigger.rule }, "run started");
  return true;
}
