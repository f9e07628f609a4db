import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { waitFor } from "../support/wait.ts";

/** The programs that are not on the PATH, each with the Debian package that has it. */
export function missingPrograms(packages: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(packages)
    .filter(([name]) => spawnSync("sh", ["-c", 'command -v "$1"', "sh", name]).status !== 0)
    .map(([name, debianPackage]) => `${name} is not installed (Debian: apt-get install ${debianPackage})`);
}

export interface ProgramOptions {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Gets what it prints. */
  readonly logFile: string;
  readonly folder: string;
  /** It is ready when this answers 200. */
  readonly readyUrl: string;
}

export interface RunningProgram {
  readonly name: string;
  /** What it has printed so far. */
  log(): Promise<string>;
  /** Ends it, first with TERM. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 10_000;

/** Starts a program and waits until it is ready. One that never is, is ended and throws what it printed. */
export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const { name, argv, logFile, folder, readyUrl } = options;
  const [file, ...args] = argv;
  const output = openSync(logFile, "a");
  // A clean environment: nothing of the machine's settings decides how the test goes.
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const child = spawn(file, args, { cwd: folder, env, stdio: ["ignore", output, output] });
  closeSync(output);
  const log = () => readFile(logFile, "utf8");
  const stop = async () => {
    if (child.pid !== undefined && !hasEnded(child)) await endProcess(child.pid);
  };
  try {
    await waitFor(`${name} to be ready`, () => isReady(name, child, readyUrl), READY_WITHIN_MS);
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start; it printed:\n${await log()}`, { cause: error });
  }
  return { name, log, stop };
}

async function isReady(name: string, child: ChildProcess, url: string): Promise<boolean> {
  if (child.pid === undefined || hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode}`);
  const answer = await fetch(url).catch(() => null);
  return answer?.status === 200;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Ends a process, first with TERM, and resolves when it has gone. */
export async function endProcess(pid: number): Promise<void> {
  signal(pid, "SIGTERM");
  const kill = setTimeout(() => signal(pid, "SIGKILL"), STOPPED_WITHIN_MS);
  try {
    await waitFor(`process ${pid} to end`, () => !isAlive(pid), 2 * STOPPED_WITHIN_MS);
  } finally {
    clearTimeout(kill);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}

/** A zombie counts as gone: in a container there may be nobody who takes away orphans. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
  } catch {
    return false;
  }
}
