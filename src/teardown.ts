import type { Log } from "./platform/log.ts";

/** Closes what was opened, in reverse. A part that cannot be closed is logged, and the others are closed all the same. */
export class Teardown {
  readonly #parts: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void> | void): void {
    this.#parts.push({ name, close });
  }

  async run(): Promise<void> {
    for (const part of this.#parts.splice(0).toReversed()) {
      try {
        await part.close();
      } catch (error) {
        this.#log.error({ part: part.name, error }, "a part could not be closed");
      }
    }
  }
}
