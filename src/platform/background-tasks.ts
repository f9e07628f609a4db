/** Promises that nobody awaits at once. `settled` resolves when none is under way. */
export class BackgroundTasks {
  readonly #running = new Set<Promise<unknown>>();

  /** Keeps track of a promise. Its rejection is handed to `onError` and never becomes an unhandled one. */
  track(task: Promise<unknown>, onError: (error: unknown) => void): void {
    const settled = task.catch(onError).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }

  get size(): number {
    return this.#running.size;
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
