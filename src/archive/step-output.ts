import { StringDecoder } from "node:string_decoder";
import type { StepOutput } from "../runs/step-context.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { type LivePart, OUTPUT_LIMITS, type OutputFacts, OutputLog, recoverOutput } from "./output-log.ts";
import type { OutputLimits } from "./pending-blocks.ts";

export type OutputName = "stdout" | "stderr";

/** Which try of which step of which run. `folder` is the step's, such as `steps/01-graph`. */
export interface AttemptPlace {
  readonly runId: string;
  readonly folder: string;
  readonly attempt: number;
}

/** stdout and stderr of one attempt while it runs. */
export interface RunningOutput extends StepOutput {
  /** For people who watch the run. */
  readLive(name: OutputName, start: number, lengthMax: number): Promise<LivePart>;
  /** Makes both durable. Call it once, when nothing writes any more. Never rejects for a full disk. */
  finish(): Promise<Record<OutputName, OutputFacts>>;
}

/** Each attempt has logs of its own; a bundle shows those of the last one as `steps/01-graph/stdout.log`. */
export function attemptLogPath(place: Omit<AttemptPlace, "runId">, name: OutputName): string {
  return `${place.folder}/attempt-${place.attempt}/${name}.log`;
}

export function openStepOutput(
  store: ArtifactStore,
  place: AttemptPlace,
  limits: OutputLimits = OUTPUT_LIMITS,
): RunningOutput {
  const path = (name: OutputName) => attemptLogPath(place, name);
  const logs = {
    stdout: new OutputLog(store.scratch(place.runId, path("stdout")), limits),
    stderr: new OutputLog(store.scratch(place.runId, path("stderr")), limits),
  };
  const first = new FirstBytes();
  const finish = (name: OutputName) => logs[name].finish(store, place.runId, path(name));
  return {
    stdout: {
      write(chunk) {
        first.add(chunk);
        logs.stdout.write(chunk);
      },
    },
    stderr: logs.stderr,
    stdoutText: () => first.text(),
    readLive: (name, start, lengthMax) => logs[name].readLive(start, lengthMax),
    finish: async () => ({ stdout: await finish("stdout"), stderr: await finish("stderr") }),
  };
}

/** Stores what an attempt had written when its process was killed; null for an output that was empty. */
export async function recoverStepOutput(
  store: ArtifactStore,
  place: AttemptPlace,
  limits: OutputLimits = OUTPUT_LIMITS,
): Promise<Record<OutputName, OutputFacts | null>> {
  const recover = (name: OutputName) =>
    recoverOutput(store, place.runId, attemptLogPath(place, name), limits);
  return { stdout: await recover("stdout"), stderr: await recover("stderr") };
}

/** What expressions see of stdout. */
const TEXT_BYTES_MAX = 64 * 1024;

class FirstBytes {
  #buffer = Buffer.alloc(0);
  #used = 0;

  add(chunk: Uint8Array): void {
    const part = chunk.subarray(0, TEXT_BYTES_MAX - this.#used);
    if (part.byteLength === 0) return;
    const wanted = this.#used + part.byteLength;
    if (wanted > this.#buffer.byteLength) {
      const grown = Buffer.alloc(Math.min(TEXT_BYTES_MAX, Math.max(wanted, this.#buffer.byteLength * 2)));
      this.#buffer.copy(grown, 0, 0, this.#used);
      this.#buffer = grown;
    }
    this.#buffer.set(part, this.#used);
    this.#used = wanted;
  }

  /** A character that was cut off at the end is left out. */
  text(): string {
    return new StringDecoder("utf8").write(this.#buffer.subarray(0, this.#used));
  }
}
