import { type AttemptPlace, attemptLogPath, type RunningOutput } from "./step-output.ts";

/** The outputs of the attempts that this process is at, so that people can read them before they end. */
export class LiveOutputs {
  readonly #outputs = new Map<string, RunningOutput>();

  /** What it returns takes the output away again: before it is finished, when its scratch file goes. */
  add(place: AttemptPlace, output: RunningOutput): () => void {
    const key = keyOf(place);
    this.#outputs.set(key, output);
    return () => void this.#outputs.delete(key);
  }

  get(place: AttemptPlace): RunningOutput | null {
    return this.#outputs.get(keyOf(place)) ?? null;
  }
}

function keyOf(place: AttemptPlace): string {
  return `${place.runId}/${attemptLogPath(place, "stdout")}`;
}
