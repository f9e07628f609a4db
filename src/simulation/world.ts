import type { Delivery } from "../alerts/alert.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { closeUnseen } from "../engine/ends.ts";
import type { EngineDependencies, Source } from "../engine/dependencies.ts";
import { createEngine } from "../engine/engine.ts";
import type { Decision, Run } from "../runs/records.ts";
import type { Settings } from "../settings/load.ts";
import { findOpenEpisodes } from "../store/episode-intake.ts";
import { openMemoryStore } from "../store/memory.ts";
import { readDecisionsAfter } from "../store/recorded.ts";
import { nextWaitingMs } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import { nextDueMs } from "../store/timers.ts";
import { createSimulatedClock, type SimulatedClock } from "./clock.ts";
import { type SharedParts, simulatedDependencies } from "./dependencies.ts";
import { createSimulatedRuns, type SimulatedEnd } from "./simulated-runs.ts";
import { simulatedPrometheus } from "./sources.ts";

export interface SimulationOptions {
  readonly shared: SharedParts;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly startMs: number;
  /** What queries answer; null when there is no Prometheus. */
  readonly prometheus: ReadonlyMap<string, number> | null;
  readonly endOf: (run: Run) => SimulatedEnd;
}

/** The engine of the service on a database of its own, under a clock that goes where it is told. It starts nothing outside. */
export interface Simulation {
  readonly store: Store;
  readonly clock: SimulatedClock;
  source(name: string): Source | undefined;
  /** Goes on to this time; everything that falls due on the way happens at its own time and in order. */
  goTo(atMs: number): Promise<void>;
  /** Takes a delivery in at the clock's time, and lets begin what may begin at once. */
  deliver(source: Source, delivery: Delivery, id?: string): Promise<void>;
  /** An alert ends without a delivery that says so. */
  endUnseen(identity: string, state: "resolved" | "stale"): Promise<void>;
  /** What was decided since the last call. */
  takeDecisions(): Promise<Decision[]>;
  close(): Promise<void>;
}

/** Stored bodies are of no use here. */
const NO_BODY = new Uint8Array(0);
const DECISIONS_AT_ONCE = 1_000;
/** More rounds at one moment than anything that comes to rest can need. */
const ROUNDS_MAX = 100_000;

export async function openSimulation(options: SimulationOptions): Promise<Simulation> {
  const clock = createSimulatedClock(options.startMs);
  const store = await openMemoryStore(clock);
  const { prometheus: answers } = options;
  const dependencies = simulatedDependencies({
    ...options,
    store,
    clock,
    prometheus: answers === null ? null : simulatedPrometheus(answers),
    files: null,
    simulate: null,
  });
  const engine = createEngine(dependencies);
  const runs = createSimulatedRuns(dependencies, options.endOf);
  let lastDecisionId = "";

  // What is next is asked for only after something happened: most deliveries start nothing.
  let next: number | null | undefined;

  async function settle(): Promise<void> {
    next = undefined;
    for (let round = 0; round < ROUNDS_MAX; round += 1)
      if ((await runs.work()) + (await engine.runDueTimers()) === 0) return;
    throw new Error(`the simulation does not come to rest at ${new Date(clock.nowMs()).toISOString()}`);
  }

  async function nextMs(): Promise<number | null> {
    if (next !== undefined) return next;
    const heldMs = await nextWaitingMs(store.reader);
    // A run that is held until now was looked at just now; what frees it happens at another time.
    const times = [
      runs.nextEndMs(),
      await nextDueMs(store.reader),
      heldMs === null || heldMs <= clock.nowMs() ? null : heldMs,
    ];
    const known = times.filter((time) => time !== null);
    next = known.length === 0 ? null : Math.min(...known);
    return next;
  }

  return {
    store,
    clock,
    source: (name) => dependencies.sources.get(name),
    async goTo(atMs) {
      for (let due = await nextMs(); due !== null && due <= atMs; due = await nextMs()) {
        clock.goTo(due);
        await settle();
      }
      clock.goTo(atMs);
    },
    async deliver(source, delivery, id) {
      const submission = { source, delivery, body: NO_BODY, receivedAtMs: clock.nowMs() };
      await engine.intake.submit(submission, id);
      const { bells } = dependencies;
      const isWork = [bells.runs.takeRing(), bells.timers.takeRing()].includes(true);
      if (isWork) await settle();
    },
    async endUnseen(identity, state) {
      await endEpisode(dependencies, identity, state);
      await settle();
    },
    async takeDecisions() {
      const taken: Decision[] = [];
      for (;;) {
        const page = await readDecisionsAfter(store.reader, lastDecisionId, DECISIONS_AT_ONCE);
        taken.push(...page);
        lastDecisionId = page.at(-1)?.id ?? lastDecisionId;
        if (page.length < DECISIONS_AT_ONCE) return taken;
      }
    },
    async close() {
      await engine.intake.stop();
      await store.close();
    },
  };
}

async function endEpisode(
  dependencies: EngineDependencies,
  identity: string,
  state: "resolved" | "stale",
): Promise<void> {
  const { store, clock } = dependencies;
  await store.transaction(async (tx) => {
    const [episode] = await findOpenEpisodes(tx, store.dialect, [identity]);
    const text = "it ended so in the records";
    if (episode !== undefined)
      await closeUnseen(tx, dependencies, episode, { state, text, atMs: clock.nowMs() });
  });
}
