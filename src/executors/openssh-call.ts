import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { signalProcess } from "./cookie-sweep.ts";
import { EndMark } from "./end-mark.ts";
import { ExecutorError } from "./executor.ts";
import { settledWithin, watchInterruption } from "./interruption.ts";
import { type LocalProcess, startProcess } from "./local-process.ts";
import { jumpLogOf } from "./openssh-command.ts";
import { type HopLog, loginFailure } from "./openssh-failure.ts";
import type { JobEnd, JobRequest, OpenedJob, OpenLimits, SshJob } from "./ssh-job.ts";
import { type Route, routeToJump } from "./ssh-route.ts";
import { StartGate } from "./start-gate.ts";

/** Output still under way after ssh has ended. */
const DRAIN_MS = 1_000;

/** The exit code of ssh itself when anything but the command failed. */
const SSH_FAILED = 255;

/** One call of the ssh program with a job on its stdin. */
export interface OpensshCall {
  readonly process: LocalProcess;
  readonly stdout: StartGate;
  readonly stderr: StartGate;
  readonly end: EndMark;
  /** The job has announced its start. */
  readonly started: Promise<void>;
}

/** Throws {@link ExecutorError} when ssh itself cannot be started. */
export async function startCall(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  request: JobRequest,
): Promise<OpensshCall> {
  const nonce = randomUUID();
  let announce = () => {};
  const started = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const end = new EndMark(nonce, request.onStderr);
  const stdout = new StartGate(nonce, request.onStdout);
  const stderr = new StartGate(nonce, (chunk) => end.write(chunk));
  const process = await startProcess({
    argv,
    env,
    cwd: "/",
    stdin: request.job(nonce, true) + (request.stdin ?? ""),
    onStdout: (chunk) => {
      stdout.write(chunk);
      if (stdout.isOpen) announce();
    },
    onStderr: (chunk) => stderr.write(chunk),
  }).catch((cause: unknown) => {
    if (!(cause instanceof ExecutorError) || cause.code !== "not-found") throw cause;
    const message = `transport: openssh needs the ssh program: ${cause.message}`;
    throw new ExecutorError("not-found", message, { isRetryable: false, cause });
  });
  return { process, stdout, stderr, end, started };
}

/**
 * Resolves once the job has begun, has ended, or may have begun when the time was over: with null then, and with the
 * failure when it provably never began.
 */
export async function waitForStart(
  { process, stdout, stderr, started }: OpensshCall,
  route: Route,
  log: string,
  limits: OpenLimits,
): Promise<ExecutorError | null> {
  const readFailure = async () => loginFailure(await readLogs(route, log), stderr.held());
  const interruption = watchInterruption(limits.timeoutMs, limits.signal);
  try {
    const first = await Promise.race([
      started.then(() => "started" as const),
      process.exited,
      interruption.happened,
    ]);
    if (first === "started") return null;
    if (first !== "timed_out" && first !== "cancelled") {
      await settledWithin(process.closed, DRAIN_MS);
      const hasFailed = first.exitCode === SSH_FAILED || first.exitCode === null;
      return hasFailed && !stdout.isOpen ? await readFailure() : null;
    }
    if ((await readFailure()) === null) return null;
    // Not logged in so far. It may be about to, so that only what it logged until its end counts.
    killCall(process);
    await settledWithin(process.exited, DRAIN_MS);
    if ((await readFailure()) === null) return null;
    const why = first === "cancelled" ? "the step was cancelled first" : "no connection in time";
    const message = `could not connect to ${route.target.host.name}: ${why}`;
    return new ExecutorError("host-unreachable", message, { isRetryable: true });
  } finally {
    interruption.dispose();
  }
}

export function toOpenedJob(call: OpensshCall, release: (state?: "broken") => void): OpenedJob {
  const { process } = call;
  let hasExited = false;
  const closed = process.closed.then(() => call.end.end());
  const job: SshJob = {
    exited: process.exited.then(async ({ exitCode }) => {
      hasExited = true;
      await settledWithin(closed, DRAIN_MS);
      return toEnd(call, exitCode);
    }),
    closed,
    pause: () => process.pause(),
    resume: () => process.resume(),
    close: () => {
      // Itself alone: the way to a jump host, which its group holds, goes on to serve the connection's master.
      if (!hasExited) signalProcess(process.pid, "SIGKILL");
      process.abandon();
    },
  };
  const finish = (state?: "broken") => {
    job.close();
    release(state);
  };
  return { job, finish };
}

/** What the job announced itself counts; else ssh's exit code, which is the command's unless ssh failed. */
function toEnd({ end, stdout, stderr }: OpensshCall, exitCode: number | null): JobEnd {
  if (end.exitCode !== null) return { kind: "exited", exitCode: end.exitCode, hasStarted: true, said: "" };
  if (exitCode === null || exitCode === SSH_FAILED) return { kind: "lost" };
  return {
    kind: "exited",
    exitCode,
    hasStarted: stdout.isOpen,
    said: stdout.isOpen ? "" : stderr.lastLine(),
  };
}

/** Ends ssh with the calls that reach its jump hosts: they are one process group. For one that has not logged in. */
export function killCall(process: LocalProcess): void {
  signalProcess(-process.pid, "SIGKILL");
}

/** The logs of all machines on the way, in the order they are passed. */
export function logsOf(
  route: Route,
  log: string,
): readonly { readonly route: Route; readonly path: string }[] {
  const jump = routeToJump(route);
  return [...(jump === null ? [] : logsOf(jump, jumpLogOf(log))), { route, path: log }];
}

function readLogs(route: Route, log: string): Promise<HopLog[]> {
  return Promise.all(
    logsOf(route, log).map(async (file) => ({
      route: file.route,
      text: await readFile(file.path, "utf8").catch(() => ""),
    })),
  );
}
