// What guards mean, written once more and as simply as possible: one list of runs, asked anew at each question. Knows nothing of
// the engine but its words.
import type { Episode, ModelAlert, ModelOptions, ModelRun } from "./guards-model-facts.ts";

type Against =
  | { readonly kind: "queued" | "refused"; readonly reason: string }
  | { readonly kind: "delayed"; readonly reason: string; readonly retryAtMs: number };

const ORDER = ["paused", "cooldown", "rate_limit", "budget", "concurrency", "lock"];
const LOOK_AGAIN_MS = 60_000;

/** The world as it should be. Each call appends what must be decided to `decisions`, a line for each. */
export class GuardModel {
  readonly decisions: string[] = [];
  readonly #options: ModelOptions;
  readonly #runs: ModelRun[] = [];
  readonly #open = new Map<string, Episode>();
  readonly #episodes: Episode[] = [];
  readonly #lastEnds = new Map<string, number>();
  readonly #pauses: { readonly scope: string; readonly untilMs: number }[] = [];
  #nowMs: number;
  #timers = 0;

  constructor(options: ModelOptions, nowMs: number) {
    this.#options = options;
    this.#nowMs = nowMs;
  }

  fire(alert: ModelAlert): void {
    const key = keyOf(alert);
    const open = this.#open.get(key);
    if (open !== undefined) {
      if (open.last?.startsWith("refused") === true) this.#judge(open);
    } else if (this.#nowMs > (this.#lastEnds.get(key) ?? 0)) {
      const episode: Episode = {
        alert,
        openedAtMs: this.#nowMs,
        isOpen: true,
        last: null,
        timerAtMs: null,
        timerNumber: 0,
      };
      this.#open.set(key, episode);
      this.#episodes.push(episode);
      this.#judge(episode);
    }
    this.#settle();
  }

  resolve(alert: ModelAlert): void {
    const episode = this.#open.get(keyOf(alert));
    if (episode !== undefined) {
      episode.isOpen = false;
      this.#open.delete(keyOf(alert));
      this.#lastEnds.set(keyOf(alert), this.#nowMs);
      for (const run of this.#runs)
        if (run.episode === episode && run.state === "queued") this.#end(run, "cancelled");
    }
    this.#settle();
  }

  /** Null where the alert does not fire. */
  openedAtMs(alert: ModelAlert): number | null {
    return this.#open.get(keyOf(alert))?.openedAtMs ?? null;
  }

  /** Nothing of this scope (`all`, `rule:NAME`, `runbook:NAME`) starts before then. */
  pause(scope: string, untilMs: number): void {
    this.#pauses.push({ scope, untilMs });
  }

  /** Goes on to a time, and does what falls due on the way. */
  goTo(atMs: number): void {
    for (let next = this.#nextMs(); next <= atMs; next = this.#nextMs()) {
      this.#nowMs = Math.max(this.#nowMs, next);
      this.#settle();
    }
    this.#nowMs = atMs;
  }

  /** When each run began, in the order in which they were made. */
  starts(): string[] {
    return this.#runs.map((run) => `${run.rule.name} ${run.createdAtMs} ${run.startedAtMs} ${run.endedAtMs}`);
  }

  #nextMs(): number {
    return Math.min(
      ...this.#runs.flatMap((run) =>
        run.state === "running" ? [(run.startedAtMs ?? 0) + run.runbook.takesMs] : [],
      ),
      ...this.#runs.flatMap((run) =>
        run.state === "queued" && run.heldUntilMs !== null && run.heldUntilMs > this.#nowMs
          ? [run.heldUntilMs]
          : [],
      ),
      ...this.#episodes.flatMap((episode) => episode.timerAtMs ?? []),
    );
  }

  #settle(): void {
    let hasMore = true;
    while (hasMore) hasMore = this.#endOver() || this.#claim() || this.#judgeDue();
  }

  #endOver(): boolean {
    const over = this.#runs.find(
      (run) => run.state === "running" && (run.startedAtMs ?? 0) + run.runbook.takesMs <= this.#nowMs,
    );
    if (over !== undefined) this.#end(over, "ended");
    return over !== undefined;
  }

  /** What waited for this run's locks or slots is looked at again. */
  #end(run: ModelRun, state: "ended" | "cancelled"): void {
    run.state = state;
    run.endedAtMs = this.#nowMs;
    for (const other of this.#runs) {
      if (other.state !== "queued") continue;
      const wantsLock = locksOf(other).some((name) => locksOf(run).includes(name));
      const wantsSlot =
        (other.rule === run.rule || other.runbook === run.runbook) &&
        [null, "concurrency", "lock"].includes(other.heldReason);
      if (wantsLock || wantsSlot) other.heldUntilMs = null;
    }
  }

  /** The oldest run that may be looked at begins, waits on, or is cancelled. */
  #claim(): boolean {
    if (this.#runs.filter((run) => run.state === "running").length >= this.#options.runsMax) return false;
    const run = this.#runs.find(
      (one) => one.state === "queued" && (one.heldUntilMs === null || one.heldUntilMs <= this.#nowMs),
    );
    if (run === undefined) return false;
    const against = combine([...this.#standing(run, run), ...this.#busy(run, run)]);
    if (against === null) {
      run.state = "running";
      run.startedAtMs = this.#nowMs;
    } else if (against.kind === "delayed") {
      if (run.heldReason !== against.reason) this.#tell(run.episode, against);
      run.heldUntilMs = against.retryAtMs;
      run.heldReason = against.reason;
    } else {
      const waitEndsAtMs = run.createdAtMs + this.#options.waitMs;
      if (against.kind === "queued" && this.#nowMs < waitEndsAtMs) {
        run.heldUntilMs = Math.min(waitEndsAtMs, this.#nowMs + LOOK_AGAIN_MS);
        run.heldReason = against.reason;
      } else {
        const refused = { kind: "refused", reason: against.reason } as const;
        this.#tell(run.episode, refused);
        run.episode.last = `refused ${against.reason}`;
        this.#end(run, "cancelled");
      }
    }
    return true;
  }

  #judgeDue(): boolean {
    const [due] = this.#episodes
      .filter((episode) => episode.timerAtMs !== null && episode.timerAtMs <= this.#nowMs)
      .toSorted(
        (left, right) =>
          (left.timerAtMs ?? 0) - (right.timerAtMs ?? 0) || left.timerNumber - right.timerNumber,
      );
    if (due === undefined) return false;
    due.timerAtMs = null;
    due.last = null;
    if (due.isOpen) this.#judge(due);
    return true;
  }

  #judge(episode: Episode): void {
    const rule = this.#options.rules.find(({ name }) => name === episode.alert.rule);
    const runbook = this.#options.runbooks.find(({ name }) => name === rule?.runbook);
    if (rule === undefined || runbook === undefined) throw new Error("the model has no such rule");
    const wanted = { episode, rule, runbook };
    const against = combine([
      ...this.#standing(wanted, null),
      ...this.#cooldown(wanted),
      ...this.#rates(wanted),
      ...this.#busy(wanted, null),
    ]);
    const decision = against ?? ({ kind: "started", reason: null } as const);
    const told = `${decision.kind} ${decision.reason}`;
    if (told !== episode.last || decision.kind === "started" || decision.kind === "queued")
      this.#tell(episode, decision);
    episode.last = told;
    if (decision.kind === "delayed") {
      episode.timerAtMs = decision.retryAtMs;
      this.#timers += 1;
      episode.timerNumber = this.#timers;
    } else if (decision.kind !== "refused") {
      const state = { state: "queued", startedAtMs: null, endedAtMs: null } as const;
      this.#runs.push({ ...wanted, ...state, createdAtMs: this.#nowMs, heldUntilMs: null, heldReason: null });
    }
  }

  #tell({ alert }: Episode, decision: Against | { readonly kind: "started"; readonly reason: null }): void {
    const retry = decision.kind === "delayed" ? ` until ${decision.retryAtMs}` : "";
    this.decisions.push(
      `${this.#nowMs} ${alert.rule}/${alert.id} ${decision.kind} ${decision.reason}${retry}`,
    );
  }

  #standing({ rule, runbook, episode }: Wanted, self: ModelRun | null): Against[] {
    const scopes = ["all", `rule:${rule.name}`, `runbook:${runbook.name}`];
    const pauses = this.#pauses.filter(
      ({ scope, untilMs }) => scopes.includes(scope) && untilMs > this.#nowMs,
    );
    const ends = pauses.map(({ untilMs }) => untilMs);
    const against: Against[] =
      ends.length === 0 ? [] : [{ kind: "delayed", reason: "paused", retryAtMs: Math.max(...ends) }];
    if (runbook.hasHost !== true) return against;
    for (const { budget } of [rule, runbook]) {
      if (budget === undefined) continue;
      // A run changes its host as soon as it begins.
      const changed = this.#runs.filter(
        (run) =>
          run !== self &&
          run.runbook.hasHost === true &&
          run.episode.alert.id.startsWith(budget.role) &&
          (isLive(run) || (run.startedAtMs !== null && run.startedAtMs > this.#nowMs - budget.withinMs)),
      );
      const hosts = new Set([...changed.map((run) => run.episode.alert.id), episode.alert.id]);
      if (episode.alert.id.startsWith(budget.role) && hosts.size > budget.max)
        against.push({ kind: "refused", reason: "budget" });
    }
    return against;
  }

  #cooldown({ rule, episode }: Wanted): Against[] {
    if (rule.cooldownMs === undefined) return [];
    const last = this.#runs.findLast(
      (run) => run.rule === rule && run.episode.alert.id === episode.alert.id && hasCounted(run),
    );
    if (last === undefined) return [];
    const retryAtMs = (last.endedAtMs ?? this.#nowMs) + rule.cooldownMs;
    return retryAtMs > this.#nowMs ? [{ kind: "delayed", reason: "cooldown", retryAtMs }] : [];
  }

  #rates({ rule, runbook }: Wanted): Against[] {
    return [rule, runbook].flatMap(({ name, rate }): Against[] => {
      if (rate === undefined) return [];
      const starts = this.#runs.filter(
        (run) => (run.rule.name === name || run.runbook.name === name) && hasCounted(run),
      );
      const inWindow = starts.filter((run) => run.createdAtMs > this.#nowMs - rate.perMs);
      if (inWindow.length < rate.max) return [];
      // When so many have left the window that one more fits.
      const leaves = inWindow[inWindow.length - rate.max];
      return [{ kind: "delayed", reason: "rate_limit", retryAtMs: (leaves?.createdAtMs ?? 0) + rate.perMs }];
    });
  }

  /** Before a run is made those in line count as well; a run in line counts what is under way. */
  #busy(wanted: Wanted, self: ModelRun | null): Against[] {
    const { rule, runbook } = wanted;
    const counted = this.#runs.filter((run) => (self === null ? isLive(run) : run.state === "running"));
    const against: Against[] = [];
    for (const { name, concurrency, onBusy } of [rule, runbook]) {
      const busy = counted.filter((run) => run.rule.name === name || run.runbook.name === name).length;
      if (concurrency !== undefined && busy >= concurrency)
        against.push({ kind: onBusy === "refuse" ? "refused" : "queued", reason: "concurrency" });
    }
    const isTaken = counted.some((run) => locksOf(run).some((name) => locksOf(wanted).includes(name)));
    const isRefused = rule.onBusy === "refuse" || runbook.onBusy === "refuse";
    if (isTaken) against.push({ kind: isRefused ? "refused" : "queued", reason: "lock" });
    return against;
  }
}

type Wanted = Pick<ModelRun, "episode" | "rule" | "runbook">;

function keyOf({ rule, id }: ModelAlert): string {
  return `${rule}/${id}`;
}

function isLive({ state }: ModelRun): boolean {
  return state === "queued" || state === "running";
}

/** One that was cancelled before it began does not count. */
function hasCounted(run: ModelRun): boolean {
  return run.state !== "cancelled" || run.startedAtMs !== null;
}

function locksOf({ rule, runbook }: Pick<ModelRun, "rule" | "runbook">): readonly string[] {
  return [...(rule.locks ?? []), ...(runbook.locks ?? [])];
}

/** The first by the order of reasons; a place in line only where nothing else speaks against the start. */
function combine(against: readonly Against[]): Against | null {
  const sorted = against.toSorted((left, right) => ORDER.indexOf(left.reason) - ORDER.indexOf(right.reason));
  return sorted.find(({ kind }) => kind !== "queued") ?? sorted[0] ?? null;
}
