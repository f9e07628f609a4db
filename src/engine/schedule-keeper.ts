import { BackgroundTasks } from "../platform/background-tasks.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { syncSchedules } from "./schedules.ts";

/** A new configuration's schedules hold after at most so long. */
const LOOK_EVERY_MS = 500;
const RETRY_MS = 5_000;

/** Keeps the timers of schedules as the configuration in use has them: at the start, and after each reload. */
export class ScheduleKeeper {
  readonly #dependencies: EngineDependencies;
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();

  constructor(dependencies: EngineDependencies) {
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#tasks.track(this.#loop(), (error) =>
      this.#dependencies.log.error({ error }, "the loop of schedules ended; this is a bug"),
    );
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tasks.settled();
  }

  async #loop(): Promise<void> {
    const { catalog, clock, log } = this.#dependencies;
    const { signal } = this.#stopped;
    let known = 0;
    while (!signal.aborted) {
      const { revision } = catalog.current();
      let waitMs = LOOK_EVERY_MS;
      try {
        if (revision !== known) await syncSchedules(this.#dependencies);
        known = revision;
      } catch (error) {
        log.error({ error }, "schedules could not be set; trying again");
        waitMs = RETRY_MS;
      }
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }
}
