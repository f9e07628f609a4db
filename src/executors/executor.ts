import type { Host } from "../hosts/host.ts";
import type { Collector } from "./collect.ts";

/** What to start. Values from outside only ever stand in `argv`, `env` or `stdin`. A script is {@link scriptArgv}. */
export interface Command {
  /** The program and its arguments; each element is one argument. */
  readonly argv: readonly [string, ...string[]];
  /** Added to a small clean environment; names are checked by the runbook loader. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | null;
  /** A folder on the host. Null: the working folder of the executor here, the login's home folder over SSH. */
  readonly cwd: string | null;
  /** The user to become on the host, one of those its inventory entry lists; null to stay. */
  readonly become: string | null;
}

export interface ExecutionLimits {
  readonly timeoutMs: number;
  /** From TERM to KILL. At most 1.5 s are given, so that a step is left within two seconds of its time limit. */
  readonly killGraceMs: number;
}

/**
 * Marks the processes of one attempt, so that leftovers are found and ended. `NIGHTSHIFT_COOKIE` in their environment.
 * Made by {@link attemptCookie}; {@link runCookies} stands for those of all attempts of one run.
 */
export type Cookie = string;

export function attemptCookie(runId: string, stepId: string, attempt: number): Cookie {
  return `${runId}:${stepId}:${attempt}`;
}

/** Matches the cookie of every attempt of the run. Only `sweep` understands it. */
export function runCookies(runId: string): Cookie {
  return `${runId}:`;
}

/** Where the output of a step goes. Writing never fails and never waits: what does not fit is counted and dropped. */
export interface OutputSink {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export interface OutputStream {
  write(chunk: Uint8Array): void;
}

/** How a started process ended. A command that exits 1 is a result, not an error. */
export type ExecutionResult =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "timed_out" }
  | { readonly kind: "cancelled" }
  /** The connection broke after the start: nobody knows how the command ended. */
  | { readonly kind: "lost"; readonly message: string };

/** The command provably did not start, so it may be tried again whatever its effect. */
export class ExecutorError extends Error {
  override readonly name = "ExecutorError";
  readonly code:
    | "not-found"
    | "not-permitted"
    | "host-unreachable"
    | "host-key-refused"
    | "login-refused"
    | "no-channel"
    | "argument-too-long"
    | "argument-refused"
    | "unknown-host";
  readonly isRetryable: boolean;

  constructor(
    code: ExecutorError["code"],
    message: string,
    options: { isRetryable: boolean; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.isRetryable = options.isRetryable;
  }
}

/** Runs commands on one kind of host: this machine, or one reached by SSH. */
export interface Executor extends Collector {
  /**
   * Starts the command and resolves when nothing of it is left running, or at the latest two seconds after its time
   * limit, which counts from this call. What outlives the command itself, also in another process group or session, is
   * ended: a step leaves no daemon behind. Throws {@link ExecutorError} if it never started. Not repeatable.
   */
  run(host: Host, command: Command, options: RunOptions): Promise<ExecutionResult>;
  /**
   * Ends processes on the host that still carry the cookie; resolves with how many were found. Sees those of the login
   * and of the users it may become. Throws {@link ExecutorError} when the host could not be asked. May be repeated.
   */
  sweep(host: Host, cookie: Cookie): Promise<number>;

  close(): Promise<void>;
}

export interface RunOptions {
  readonly cookie: Cookie;
  readonly limits: ExecutionLimits;
  readonly output: OutputSink;
  readonly signal: AbortSignal;
}
