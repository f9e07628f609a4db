import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import { type Progress, ReportBuilder, type RetentionReport } from "./retention-report.ts";
import type { PassOptions, Retention } from "./retention.ts";

/** A pass of retention that somebody asked for, and that goes on whether or not they wait for it. */
export interface RemovalJob {
  readonly id: string;
  readonly options: PassOptions;
  readonly startedAtMs: number;
  readonly state: "running" | "done" | "failed";
  readonly progress: Progress;
  /** Null until it is done. */
  readonly report: RetentionReport | null;
  /** Why it failed, for people; null when it did not. */
  readonly error: string | null;
}

/** Those that are over are told of until so many others came after them. */
const KEPT_MAX = 20;

/** Another removal, with other options, is under way. */
export class RemovalBusyError extends Error {
  override readonly name = "RemovalBusyError";
  readonly id: string;

  constructor(id: string) {
    super(`another removal is under way; wait for its end: GET /api/v1/admin/gc/${id}`);
    this.id = id;
  }
}

/** The removals of this process. Nothing of them outlives it: what is too old is removed by the next one. */
export class RemovalJobs {
  readonly #retention: Retention;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #jobs = new Map<string, () => RemovalJob>();

  constructor(retention: Retention, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#retention = retention;
    this.#clock = clock;
    this.#log = log;
  }

  get(id: string): RemovalJob | null {
    return this.#jobs.get(id)?.() ?? null;
  }

  /** The removal under way that was asked for with the same options; undefined when nothing is under way. Throws {@link RemovalBusyError}. */
  underWay(options: PassOptions): RemovalJob | undefined {
    const running = [...this.#jobs.values()].map((read) => read()).find(({ state }) => state === "running");
    if (running === undefined || JSON.stringify(running.options) === JSON.stringify(options)) return running;
    throw new RemovalBusyError(running.id);
  }

  /** Begins a pass, or joins the one that is under way with the same options. Throws {@link RemovalBusyError}. */
  start(options: PassOptions): RemovalJob {
    const joined = this.underWay(options);
    if (joined !== undefined) return joined;
    const id = newId();
    const report = new ReportBuilder();
    const startedAtMs = this.#clock.nowMs();
    let end: Pick<RemovalJob, "state" | "report" | "error"> = { state: "running", report: null, error: null };
    const read = () => ({ id, options, startedAtMs, progress: report.progress(), ...end });
    this.#jobs.set(id, read);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > KEPT_MAX && oldest !== undefined) this.#jobs.delete(oldest);
    void this.#retention.pass(options, report).then(
      (finished) => {
        end = { state: "done", report: finished, error: null };
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        end = { state: "failed", report: null, error: message };
        this.#log.error({ error }, "removing what is too old failed");
      },
    );
    return read();
  }
}
