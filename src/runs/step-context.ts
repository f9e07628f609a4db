import type { Matcher } from "../expressions/matchers.ts";
import type { Host } from "../hosts/host.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { Clock } from "../platform/clock.ts";

/** How one attempt of a step ended. */
export interface AttemptResult {
  /** `interrupted`: it began, and nobody knows how it ended (the connection broke). */
  readonly status: "succeeded" | "failed" | "timed_out" | "cancelled" | "interrupted";
  /** True when the effect provably did not begin (host unreachable, host key refused, no channel). */
  readonly didNotStart: boolean;
  /** Another try cannot end otherwise: what was asked for is not allowed, or can never be carried out. Nothing retries it. */
  readonly isPermanent: boolean;
  readonly exitCode: number | null;
  /** One sentence for people when the status is not `succeeded`; null otherwise. */
  readonly message: string | null;
  /** The result a later expression reads as `steps.<id>.json` and `.value`; null where the verb has none. */
  readonly json: unknown;
  readonly value: unknown;
  /** An HTTP answer for `until` and `outputs`: {status, headers, body}; null for other verbs. */
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
}

/** A file that a step adds to the run's evidence. */
export interface EvidenceFile {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes it durable and records it. */
  commit(facts?: EvidenceFacts): Promise<void>;
  /** Leaves no trace. May be called after a failure of `write`. */
  discard(): Promise<void>;
}

export interface EvidenceFacts {
  readonly contentType?: string;
  readonly host?: string;
  readonly isTruncated?: boolean;
  /** It changed while it was read. */
  readonly isChanged?: boolean;
  /** Only for who may see such files, whatever the step says. */
  readonly isSensitive?: boolean;
}

/** A rendered step that may be shown to people: `(secret-NAME)` stands for each secret. */
export interface ShownStep {
  readonly spec: unknown;
  readonly env: Readonly<Record<string, string>>;
}

/** Everything a step verb may reach. It has no other way to the archive, the notifiers or the network. */
export interface StepContext {
  readonly step: Step;
  /** `step.spec` and `step.env` with their templates rendered. */
  readonly spec: unknown;
  readonly env: Readonly<Record<string, string>>;
  /** Of a step that a dry run leaves out; null where that cannot be rendered, and for every other step. */
  readonly shown: ShownStep | null;
  readonly host: Host;
  readonly run: {
    readonly id: string;
    readonly url: string;
    /** What the notices of all runs for the same alert share. */
    readonly thread: string;
    readonly isDryRun: boolean;
    /** The run's own folder on the machine Nightshift runs on. */
    readonly dir: string;
    readonly causeStartedAtMs: number | null;
    readonly createdAtMs: number;
    /** When its first step that changes something began; null while none has. */
    readonly changeStartedAtMs: number | null;
  };
  readonly httpHosts: readonly string[];
  readonly cookie: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** stdout and stderr of the step, written to files with caps. */
  readonly output: StepOutput;
  /** Begins a file of the bundle, such as `files/web-1/var/log/app.log`. This or a write of it throws NoRoomError. */
  createEvidence(path: string): Promise<EvidenceFile>;
  /** How much the run may still gather; 0 when its bundle or the archive is full. */
  evidenceBytesLeft(): Promise<number>;
  /** Which of them that is, and what to do, for `errors.txt`. */
  whyEvidenceIsFull(): string;
  /**
   * Silences alerts at a source until the run ends, or that time at the latest: one silence for each step, however often it is
   * asked for. Throws SourceApiError unless it is known to be there.
   */
  silence(
    wish: StepSilence,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly endsAtMs: number }>;
  /** Marks a time in a source's graphs. Throws SourceApiError unless it is known to be there. */
  annotate(wish: StepAnnotation, signal: AbortSignal): Promise<{ readonly id: number }>;
  /** Records a collector's failure for `errors.txt`. */
  recordProblem(path: string, message: string): void;
}

export interface StepSilence {
  /** The name of a source. */
  readonly source: string;
  /** All of them must fit. */
  readonly matchers: readonly Pick<Matcher, "name" | "operator" | "value">[];
  readonly forMs: number;
  readonly comment: string | null;
}

export interface StepAnnotation {
  /** The name of a source. */
  readonly source: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly timeMs: number;
  /** Null for a mark of one moment. */
  readonly timeEndMs: number | null;
  readonly dashboardUid: string | null;
  readonly panelId: number | null;
}

export interface StepOutput {
  readonly stdout: { write(chunk: Uint8Array): void };
  readonly stderr: { write(chunk: Uint8Array): void };
  /** The first 64 KiB of stdout as text, for expressions. */
  stdoutText(): string;
}
