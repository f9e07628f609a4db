import type { Host, InventoryHost } from "../hosts/host.ts";
import { collectSsh } from "./collect-ssh.ts";
import { checkCommand } from "./command-check.ts";
import {
  type Command,
  type Cookie,
  type ExecutionResult,
  type Executor,
  ExecutorError,
  type RunOptions,
} from "./executor.ts";
import { checkBecome, hostEntry, type HostLookup } from "./host-entry.ts";
import {
  type Interruption,
  KILL_GRACE_MS_MAX,
  LEAVE_AFTER_MS,
  settledWithin,
  watchInterruption,
} from "./interruption.ts";
import { notStarted } from "./not-started.ts";
import { commandJob, sweepJob } from "./remote-command.ts";
import { OpensshPool } from "./openssh-pool.ts";
import { CONNECTION_DEFAULTS, type ConnectionOptions } from "./ssh-connection.ts";
import { type CredentialSources, createCredentials, NO_CREDENTIAL_SOURCES } from "./ssh-credentials.ts";
import type { JobEnd, JobRequest, OpenedJob, OpenLimits } from "./ssh-job.ts";
import { SshPool } from "./ssh-pool.ts";
import { routeTo } from "./ssh-route.ts";
import { SweepCount } from "./sweep-count.ts";

/** Output still under way after the command has ended. */
const DRAIN_MS = 500;
/** What a host needs to notice that a command has been ended. */
const AFTER_SWEEP_MS = 250;
const SWEEP_GRACE_MS = 1_000;
const SWEEP_TIMEOUT_MS = 15_000;

export interface SshOptions {
  readonly lookUp: HostLookup<InventoryHost>;
  /** Default: none, so that only keys without a passphrase can be used. */
  readonly credentials?: CredentialSources;
  readonly connection?: Partial<ConnectionOptions>;
}

type OpenJob = (host: Host, request: JobRequest, limits: OpenLimits) => Promise<OpenedJob>;

/**
 * Runs commands on hosts over SSH, with checked host keys and connections that are kept for the next command: by our own
 * client, or by the ssh program of this machine where the host's entry says so.
 */
export function createSshExecutor(options: SshOptions): Executor {
  const connectionOptions = { ...CONNECTION_DEFAULTS, ...options.connection };
  const sources = options.credentials ?? NO_CREDENTIAL_SOURCES;
  const pools = {
    ssh2: new SshPool(createCredentials(sources), connectionOptions),
    openssh: new OpensshPool(sources.agentSocket, connectionOptions),
  };
  const open: OpenJob = async (host, request, limits) => {
    const route = routeTo(options.lookUp, host);
    return pools[route.target.access.transport].openJob(route, request, limits);
  };
  return {
    run: async (host, command, run) => {
      const entry = hostEntry(options.lookUp, host);
      checkCommand(command);
      checkBecome(host, entry, command.become);
      if (run.signal.aborted) return { kind: "cancelled" };
      return runRemotely(open, host, command, run);
    },
    sweep: (host, cookie) => sweepHost(open, host, hostEntry(options.lookUp, host).become, cookie),
    collect: async (host, request, collect) => {
      const entry = hostEntry(options.lookUp, host);
      checkBecome(host, entry, request.become ?? null);
      return collectSsh((job, limits) => open(host, job, limits), entry.readable, host, request, collect);
    },
    close: async () => {
      await Promise.all([pools.ssh2.close(), pools.openssh.close()]);
    },
  };
}

async function runRemotely(
  open: OpenJob,
  host: Host,
  command: Command,
  run: RunOptions,
): Promise<ExecutionResult> {
  const startedAt = performance.now();
  const leftMs = () => run.limits.timeoutMs - (performance.now() - startedAt);
  const become = command.become === host.user ? null : command.become;
  const killGraceMs = Math.min(run.limits.killGraceMs, KILL_GRACE_MS_MAX);
  const interruption = watchInterruption(leftMs(), run.signal);
  try {
    const opened = await open(
      host,
      {
        become,
        job: (nonce, isEndAnnounced) =>
          commandJob(command, {
            cookie: run.cookie,
            timeoutMs: Math.max(1, leftMs()),
            killGraceMs,
            nonce,
            isEndAnnounced,
          }),
        stdin: command.stdin,
        onStdout: (chunk) => run.output.stdout.write(chunk),
        onStderr: (chunk) => run.output.stderr.write(chunk),
      },
      { timeoutMs: run.limits.timeoutMs, signal: run.signal },
    );
    const sweep = (timeoutMs: number) =>
      sweepAs(open, host, { cookie: run.cookie, become, graceMs: killGraceMs, timeoutMs });
    const end = await waitAndEnd(opened, interruption, sweep);
    if (typeof end === "string") return { kind: end };
    return toResult(host, { ...command, become }, end, leftMs() <= 0);
  } catch (error) {
    if (run.signal.aborted && error instanceof ExecutorError) return { kind: "cancelled" };
    throw error;
  } finally {
    interruption.dispose();
  }
}

/**
 * Waits for the exit, the limit or an abort. After these the host is told to end what it runs, until it says that it has
 * ended: a job cancelled right after it was sent has not begun when it is first looked for. It is left in any case.
 */
async function waitAndEnd(
  { job, finish }: OpenedJob,
  interruption: Interruption,
  sweep: (timeoutMs: number) => Promise<number>,
): Promise<JobEnd | "timed_out" | "cancelled"> {
  // The limit goes first: what a session lost just then may still run.
  const end = await Promise.race([interruption.happened, job.exited]);
  if (typeof end !== "string") {
    await settledWithin(job.closed, DRAIN_MS);
    finish(end.kind === "lost" ? "broken" : undefined);
    return end;
  }
  const deadline = performance.now() + LEAVE_AFTER_MS;
  const leftMs = () => deadline - performance.now();
  let hasExited = false;
  while (!hasExited && leftMs() > 0) {
    await settledWithin(sweep(leftMs()), leftMs());
    hasExited = await settledWithin(job.exited, Math.min(AFTER_SWEEP_MS, leftMs()));
  }
  await settledWithin(job.closed, Math.min(AFTER_SWEEP_MS, leftMs()));
  // A host that did not answer may be cut off: the next command gets another connection.
  finish(hasExited ? undefined : "broken");
  return end;
}

function toResult(host: Host, command: Command, end: JobEnd, isPastLimit: boolean): ExecutionResult {
  switch (end.kind) {
    case "lost":
      return {
        kind: "lost",
        message: `the connection to ${host.name} broke while the command ran; the host ends it at its time limit`,
      };
    case "signalled":
      return end;
    case "exited":
      if (!end.hasStarted) throw notStarted(host, command, end.exitCode, end.said);
      // The limit is also kept on the host, where timeout exits with these.
      if (isPastLimit && (end.exitCode === 124 || end.exitCode === 137)) return { kind: "timed_out" };
      return { kind: "exited", exitCode: end.exitCode };
  }
}

/** As the login, then as each user that steps may become, or as root alone when that is one of them. */
async function sweepHost(
  open: OpenJob,
  host: Host,
  mayBecome: readonly string[],
  cookie: Cookie,
): Promise<number> {
  const others = mayBecome.includes("root") ? ["root"] : mayBecome;
  const users = [null, ...others.filter((user) => user !== host.user)];
  let count = 0;
  for (const become of users) {
    const options = { cookie, become, graceMs: SWEEP_GRACE_MS, timeoutMs: SWEEP_TIMEOUT_MS };
    count += await sweepAs(open, host, options);
  }
  return count;
}

interface SweepOptions {
  readonly cookie: Cookie;
  readonly become: string | null;
  readonly graceMs: number;
  readonly timeoutMs: number;
}

/** Zero also when sudo refuses: then no step of ours ran as that user. */
async function sweepAs(open: OpenJob, host: Host, options: SweepOptions): Promise<number> {
  const signal = AbortSignal.timeout(Math.max(0, Math.ceil(options.timeoutMs)));
  const count = new SweepCount();
  const request = {
    become: options.become,
    job: (nonce: string) => sweepJob(options.cookie, options.graceMs, nonce),
    stdin: null,
    onStdout: count.write,
    onStderr: () => {},
  };
  const { job, finish } = await open(host, request, { timeoutMs: options.timeoutMs, signal });
  const interruption = watchInterruption(options.timeoutMs, signal);
  try {
    const end = await Promise.race([job.exited, interruption.happened]);
    if (typeof end === "string" || end.kind === "lost")
      throw new ExecutorError("host-unreachable", `${host.name} did not answer a sweep in time`, {
        isRetryable: true,
      });
    await settledWithin(job.closed, DRAIN_MS);
    return count.value;
  } finally {
    interruption.dispose();
    finish();
  }
}
