import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/processes.ts";
import { freePort } from "./free-port.ts";

/** Whether the program is on the PATH; says so when it is not, since its tests are then skipped. */
export function isInstalled(program: string): boolean {
  const isThere = spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
  if (!isThere) console.warn(`skipped: ${program} is not installed`);
  return isThere;
}

export interface RunningProgram {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly program: string;
  readonly config: string;
  /** The arguments, given the folder with `config.yml` in it, and the port. */
  readonly args: (folder: string, port: number) => readonly string[];
}

const READY_WITHIN_MS = 15_000;

/** Starts Prometheus or Alertmanager in a folder of its own, and waits until it says that it is ready. */
export async function startProgram({ program, config, args }: ProgramOptions): Promise<RunningProgram> {
  const folder = await mkdtemp(join(tmpdir(), "nightshift-"));
  await writeFile(join(folder, "config.yml"), config);
  const port = await freePort();
  const child = spawn(program, args(folder, port), { stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(url, child);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    return answer?.status === 200;
  }, READY_WITHIN_MS);
}
