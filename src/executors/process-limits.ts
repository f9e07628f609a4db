import { constants, accessSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { ExecutorError } from "./executor.ts";

/** What each process of a step on this machine may use; null for no limit of ours. */
export interface ProcessLimits {
  /** All processes of the same user count, and root is exempt: the kernel has it so. */
  readonly processesMax: number | null;
  readonly fileBytesMax: number | null;
  readonly openFilesMax: number | null;
  readonly cpuSecondsMax: number | null;
}

export const NO_PROCESS_LIMITS: ProcessLimits = {
  processesMax: null,
  fileBytesMax: null,
  openFilesMax: null,
  cpuSecondsMax: null,
};

const PROGRAM = "prlimit";

/** Each limit, the option of prlimit that sets it, and how /proc names it. */
const RESOURCES = [
  ["processesMax", "--nproc", "Max processes"],
  ["fileBytesMax", "--fsize", "Max file size"],
  ["openFilesMax", "--nofile", "Max open files"],
  ["cpuSecondsMax", "--cpu", "Max cpu time"],
] as const;

/** Why the limits could not be kept on this machine; null when they can, or when there are none. */
export function processLimitsProblem(limits: ProcessLimits, path: string): string | null {
  if (optionsOf(limits).length === 0 || findProgram(PROGRAM, path, "/") !== null) return null;
  return `limits.step needs the program ${PROGRAM}, which is not on PATH ${path}: install util-linux, or take limits.step out`;
}

/**
 * The arguments that run a program under the limits. Throws {@link ExecutorError} when the program or prlimit is not there:
 * what prlimit itself would say of it could not be told from what a command says.
 */
export function limitedArgv(
  limits: ProcessLimits,
  argv: readonly [string, ...string[]],
  { path, cwd }: { readonly path: string; readonly cwd: string },
): readonly [string, ...string[]] {
  const options = optionsOf(limits);
  if (options.length === 0) return argv;
  const problem = processLimitsProblem(limits, path);
  if (problem !== null) throw new ExecutorError("not-found", problem, { isRetryable: false });
  if (!isFolder(cwd))
    throw new ExecutorError("not-found", `the working folder ${JSON.stringify(cwd)} is not there`, {
      isRetryable: false,
    });
  const program = JSON.stringify(argv[0].slice(0, 200));
  if (findProgram(argv[0], path, cwd) === null) {
    const isThere = argv[0].includes("/") && isFile(resolve(cwd, argv[0]));
    throw isThere
      ? new ExecutorError("not-permitted", `the program ${program} could not be executed`, {
          isRetryable: false,
        })
      : new ExecutorError("not-found", `the program ${program} was not found on PATH ${path}`, {
          isRetryable: false,
        });
  }
  return [PROGRAM, ...options, "--", ...argv];
}

/** A limit that this process has itself cannot be raised without a right; the lower one holds. */
function optionsOf(limits: ProcessLimits): string[] {
  const own = readOwnLimits();
  return RESOURCES.flatMap(([key, option, name]) => {
    const value = limits[key];
    return value === null ? [] : [`${option}=${Math.min(value, own.get(name) ?? value)}`];
  });
}

/** The hard limits of this process; empty where there is no /proc. */
function readOwnLimits(): ReadonlyMap<string, number> {
  try {
    const lines = readFileSync("/proc/self/limits", "utf8").split("\n");
    return new Map(
      lines.flatMap((line) => {
        const [, name, hard] = /^(.+?) {2,}\S+ +(\d+) /.exec(line) ?? [];
        return name === undefined || hard === undefined ? [] : [[name, Number(hard)] as const];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Where a program would be found; null when it would not. */
function findProgram(name: string, path: string, cwd: string): string | null {
  if (name.includes("/")) return isProgram(resolve(cwd, name)) ? resolve(cwd, name) : null;
  const candidates = path.split(":").map((folder) => join(folder, name));
  return candidates.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
