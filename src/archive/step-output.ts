import { StringDecoder } from "node:string_decoder";
import type { RedactedStream, Redaction } from "../redaction/redaction.ts";
import type { StepOutput } from "../runs/step-context.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import {
  type LivePart,
  type LiveStart,
  OUTPUT_LIMITS,
  type OutputFacts,
  OutputLog,
  recoverOutput,
} from "./output-log.ts";
import type { OutputLimits } from "./pending-blocks.ts";

export type OutputName = "stdout" | "stderr";

/** Which try of which step of which run. `folder` is the step's, such as `steps/01-graph`. */
export interface AttemptPlace {
  readonly runId: string;
  readonly folder: string;
  readonly attempt: number;
}

/** What became of a finished output, and how often something secret was replaced in it. */
export interface StepOutputFacts extends OutputFacts {
  readonly redactions: number;
}

/** stdout and stderr of one attempt while it runs. Secrets are taken out on the way in: neither disk nor memory holds them. */
export interface RunningOutput extends StepOutput {
  /** For people who watch the run. */
  readLive(name: OutputName, start: LiveStart, lengthMax: number): Promise<LivePart>;
  /** Makes both durable. Call it once, when nothing writes any more. Never rejects for a full disk. */
  finish(): Promise<Record<OutputName, StepOutputFacts>>;
}

/** Each attempt has logs of its own; a bundle shows those of the last one as `steps/01-graph/stdout.log`. */
export function attemptLogPath(place: Omit<AttemptPlace, "runId">, name: OutputName): string {
  return `${place.folder}/attempt-${place.attempt}/${name}.log`;
}

export function openStepOutput(
  store: ArtifactStore,
  place: AttemptPlace,
  redaction: Redaction,
  limits: OutputLimits = OUTPUT_LIMITS,
): RunningOutput {
  const path = (name: OutputName) => attemptLogPath(place, name);
  const logs = {
    stdout: new OutputLog(store.scratch(place.runId, path("stdout")), limits),
    stderr: new OutputLog(store.scratch(place.runId, path("stderr")), limits),
  };
  const first = new FirstBytes();
  const inputs = {
    stdout: new RedactedInput(redaction, (part) => {
      first.add(part);
      logs.stdout.write(part);
    }),
    stderr: new RedactedInput(redaction, (part) => logs.stderr.write(part)),
  };
  const finish = async (name: OutputName) => {
    inputs[name].settle();
    const { redactions } = inputs[name];
    return { ...(await logs[name].finish(store, place.runId, path(name))), redactions };
  };
  return {
    stdout: inputs.stdout,
    stderr: inputs.stderr,
    stdoutText() {
      inputs.stdout.settle();
      return first.text();
    },
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

/** The only way into a log. */
class RedactedInput {
  readonly #redaction: Redaction;
  readonly #emit: (part: Uint8Array) => void;
  #stream: RedactedStream | null = null;
  #redactions = 0;

  constructor(redaction: Redaction, emit: (part: Uint8Array) => void) {
    this.#redaction = redaction;
    this.#emit = emit;
  }

  get redactions(): number {
    return this.#redactions;
  }

  write(chunk: Uint8Array): void {
    // What redaction gives out is valid during the call alone: both the first bytes and the log copy what they keep of it.
    this.#stream ??= this.#redaction.open({ emit: this.#emit });
    this.#stream.push(chunk);
  }

  /** Gives on what is held back, because nothing follows it. What is written afterwards stands by itself. */
  settle(): void {
    this.#stream?.end();
    this.#redactions += this.#stream?.redactions ?? 0;
    this.#stream = null;
  }
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
