import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import type { Host } from "../hosts/host.ts";
import { cleanEnvironment } from "./clean-environment.ts";
import { COOKIE_VARIABLE, checkCommand } from "./command-check.ts";
import { canSweep, findGroupMembers, signalProcess, sweepProcesses } from "./cookie-sweep.ts";
import type { Command, Cookie, ExecutionResult, Executor, RunOptions } from "./executor.ts";
import { checkBecome, type HostEntry, hostEntry, type HostLookup } from "./host-entry.ts";
import { KILL_GRACE_MS_MAX, LEAVE_AFTER_MS, settledWithin, watchInterruption } from "./interruption.ts";
import { openLocalJobs } from "./collect-become.ts";
import { collectLocal } from "./collect-local.ts";
import { collectSsh } from "./collect-ssh.ts";
import { type LocalProcess, type ProcessExit, startProcess } from "./local-process.ts";
import { notStarted } from "./not-started.ts";
import { limitedArgv, NO_PROCESS_LIMITS, type ProcessLimits } from "./process-limits.ts";
import { commandJob, loaderArgv, sweepJob } from "./remote-command.ts";
import { StartGate } from "./start-gate.ts";
import { SweepCount } from "./sweep-count.ts";

/** A process id is taken as proof of a later start only for this long: ids go round. */
const YOUNG_MS = 2_000;
/** Output still in the pipe after the command and all it started have gone. */
const DRAIN_MS = 500;
const GROUP_POLL_MS = 50;
const SWEEP_GRACE_MS = 1_000;

export interface LocalOptions {
  /** Where commands without a folder of their own run. */
  readonly workFolder: string;
  readonly lookUp: HostLookup;
  /** Added to the clean environment of every command, such as another PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of each process that a command starts. Default: none. */
  readonly processLimits?: ProcessLimits;
}

/** What all commands here have in common. */
interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly processLimits: ProcessLimits;
}

/** Runs commands on this machine: no shell, a clean environment, a process group for each. */
export function createLocalExecutor(options: LocalOptions): Executor {
  const environment = cleanEnvironment(options.environment);
  const surroundings = { environment, processLimits: options.processLimits ?? NO_PROCESS_LIMITS };
  return {
    run: async (host, command, run) => {
      const entry = hostEntry(options.lookUp, host);
      checkCommand(command);
      checkBecome(host, entry, command.become);
      if (run.signal.aborted) return { kind: "cancelled" };
      const direct: Command = { ...command, cwd: command.cwd ?? options.workFolder };
      const become = otherUser(command.become);
      return become === null
        ? runDirectly(direct, surroundings, run)
        : runByLoader(host, { ...direct, become }, surroundings, run);
    },
    sweep: (host, cookie) => sweepEverybody(hostEntry(options.lookUp, host), cookie, environment),
    collect: async (host, request, collect) => {
      const entry = hostEntry(options.lookUp, host);
      checkBecome(host, entry, request.become ?? null);
      return otherUser(request.become ?? null) === null
        ? collectLocal(entry.readable, host, request, collect)
        : collectSsh(openLocalJobs(environment), entry.readable, host, request, collect);
    },
    close: async () => {},
  };
}

/** Null when we are that user already, so that a container without sudo can become what it is. */
function otherUser(become: string | null): string | null {
  return become === userInfo().username ? null : become;
}

async function runDirectly(
  command: Command,
  { environment, processLimits }: Surroundings,
  run: RunOptions,
): Promise<ExecutionResult> {
  const cwd = command.cwd ?? "/";
  const startedAt = performance.now();
  const child = await startProcess({
    argv: limitedArgv(processLimits, command.argv, { path: environment["PATH"] ?? "", cwd }),
    env: { ...environment, ...command.env, [COOKIE_VARIABLE]: run.cookie },
    cwd,
    stdin: command.stdin,
    onStdout: (chunk) => run.output.stdout.write(chunk),
    onStderr: (chunk) => run.output.stderr.write(chunk),
  });
  const end = await waitAndEnd(child, startedAt, run, null);
  return typeof end === "string" ? { kind: end } : exitResult(end);
}

/**
 * Becomes another user by sudo, which drops the environment: it goes in by stdin, as over SSH, and never shows in the
 * process list. The limit is also kept on that user's side, whose processes we may not be allowed to signal.
 */
async function runByLoader(
  host: Host,
  command: Command & { readonly become: string },
  { environment, processLimits }: Surroundings,
  run: RunOptions,
): Promise<ExecutionResult> {
  const startedAt = performance.now();
  const nonce = randomUUID();
  const gates = {
    stdout: new StartGate(nonce, (chunk) => run.output.stdout.write(chunk)),
    stderr: new StartGate(nonce, (chunk) => run.output.stderr.write(chunk)),
  };
  const killGraceMs = Math.min(run.limits.killGraceMs, KILL_GRACE_MS_MAX);
  const job = commandJob(command, {
    cookie: run.cookie,
    timeoutMs: run.limits.timeoutMs,
    killGraceMs,
    nonce,
    isEndAnnounced: false,
  });
  const child = await startProcess({
    argv: limitedArgv(processLimits, loaderArgv(command.become), {
      path: environment["PATH"] ?? "",
      cwd: "/",
    }),
    env: environment,
    cwd: "/",
    stdin: job + (command.stdin ?? ""),
    onStdout: (chunk) => gates.stdout.write(chunk),
    onStderr: (chunk) => gates.stderr.write(chunk),
  });
  const end = await waitAndEnd(child, startedAt, run, () =>
    sweepAs(command.become, run.cookie, killGraceMs, environment),
  );
  if (typeof end === "string") return { kind: end };
  if (!gates.stdout.isOpen) throw notStarted(host, command, end.exitCode, gates.stderr.lastLine());
  const isLimit = end.exitCode === 124 || end.exitCode === 137;
  if (isLimit && performance.now() - startedAt >= run.limits.timeoutMs) return { kind: "timed_out" };
  return exitResult(end);
}

function exitResult(exit: ProcessExit): ExecutionResult {
  return exit.exitCode === null
    ? { kind: "signalled", signal: exit.signal ?? "unknown" }
    : { kind: "exited", exitCode: exit.exitCode };
}

/** Waits for the exit, the limit or an abort; then ends whatever is left, within {@link LEAVE_AFTER_MS}. */
async function waitAndEnd(
  child: LocalProcess,
  startedAt: number,
  run: RunOptions,
  sweepOthers: (() => Promise<number>) | null,
): Promise<ProcessExit | "timed_out" | "cancelled"> {
  const interruption = watchInterruption(run.limits.timeoutMs - (performance.now() - startedAt), run.signal);
  try {
    const end = await Promise.race([child.exited, interruption.happened]);
    const endedAt = performance.now();
    const leftMs = () => LEAVE_AFTER_MS - (performance.now() - endedAt);
    const graceMs = Math.min(run.limits.killGraceMs, KILL_GRACE_MS_MAX);
    const isYoung = endedAt - startedAt < YOUNG_MS;
    const leftovers = Promise.all([
      endGroup(child.pid, graceMs, LEAVE_AFTER_MS),
      sweepProcesses(run.cookie, {
        graceMs,
        limitMs: LEAVE_AFTER_MS,
        ...(isYoung ? { afterPid: child.pid - 1 } : {}),
      }),
      typeof end === "string" && sweepOthers !== null ? sweepUntilExit(child, sweepOthers, leftMs) : null,
    ]);
    await settledWithin(leftovers, leftMs());
    if (typeof end === "string") await settledWithin(child.exited, leftMs());
    await settledWithin(child.closed, Math.min(DRAIN_MS, leftMs()));
    return end;
  } finally {
    interruption.dispose();
    child.abandon();
  }
}

/** Again and again: a job that was just handed over has not begun when its processes are first looked for. */
async function sweepUntilExit(
  child: LocalProcess,
  sweepOthers: () => Promise<number>,
  leftMs: () => number,
): Promise<void> {
  let hasExited = false;
  while (!hasExited && leftMs() > 0) {
    await settledWithin(sweepOthers(), leftMs());
    hasExited = await settledWithin(child.exited, Math.min(GROUP_POLL_MS, leftMs()));
  }
}

/** TERM to the process group, KILL after the grace, until nobody living is in it or the limit has passed. */
async function endGroup(groupId: number, graceMs: number, limitMs: number): Promise<void> {
  const startedAt = performance.now();
  let isAsked = false;
  for (;;) {
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs >= limitMs || (await findGroupMembers(groupId)).length === 0) return;
    if (elapsedMs >= graceMs) signalProcess(-groupId, "SIGKILL");
    else if (!isAsked) signalProcess(-groupId, "SIGTERM");
    isAsked = true;
    await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS));
  }
}

/** Our own processes, and those of users that steps may become: only root may read everybody's environments. */
async function sweepEverybody(
  entry: HostEntry,
  cookie: Cookie,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const own = await sweepProcesses(cookie, { graceMs: SWEEP_GRACE_MS });
  if (userInfo().uid === 0) return own;
  const users = entry.become.includes("root") ? ["root"] : entry.become;
  const others = await Promise.all(users.map((user) => sweepAs(user, cookie, SWEEP_GRACE_MS, environment)));
  return others.reduce((sum, count) => sum + count, own);
}

/** Sweeps as another user, by sudo. Zero also when sudo refuses: then no step of ours ran as that user. */
async function sweepAs(
  user: string,
  cookie: Cookie,
  graceMs: number,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  if (userInfo().uid === 0 || !canSweep()) return 0;
  const nonce = randomUUID();
  const count = new SweepCount();
  const gate = new StartGate(nonce, count.write);
  try {
    const child = await startProcess({
      argv: loaderArgv(user),
      env: environment,
      cwd: "/",
      stdin: sweepJob(cookie, graceMs, nonce),
      onStdout: (chunk) => gate.write(chunk),
      onStderr: () => {},
    });
    await settledWithin(child.closed, graceMs + SWEEP_GRACE_MS + DRAIN_MS);
    child.abandon();
  } catch {
    return 0;
  }
  return count.value;
}
