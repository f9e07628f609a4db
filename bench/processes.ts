import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A program under measurement, ended by `stop` whatever happened. */
export interface Program {
  readonly url: string;
  /** Resolves when the program has ended what it was still doing, such as processes that it started and did not wait for. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a program and waits until it answers HTTP at `path`, whatever it answers. */
export async function startProgram(
  command: readonly [string, ...string[]],
  url: string,
  path: string,
): Promise<Program> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit"] });
  const deadlineMs = performance.now() + 20_000;
  while (!(await answers(url + path))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`${command.join(" ")} did not come up`);
    }
    await delay(50);
  }
  return { url, settle: () => settleChild(child), stop: () => stopChild(child) };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

const SETTLE_LIMIT_MS = 30_000;
const CALM_MS = 300;

/** Waits until the program has had no child process and used hardly any processor time for a moment. */
async function settleChild(child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_LIMIT_MS;
  for (let before = ticksOf(child.pid); performance.now() < deadlineMs; ) {
    await delay(CALM_MS);
    const now = ticksOf(child.pid);
    // One tick is 10 ms.
    if (now - before <= 1) return;
    before = now;
  }
}

/** Processor time of a process and of its ended children, in ticks; 0 where /proc does not tell. */
function ticksOf(pid: number | undefined): number {
  try {
    const fields =
      readFileSync(`/proc/${pid ?? 0}/stat`, "utf8")
        .split(") ")
        .at(-1)
        ?.split(" ") ?? [];
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  } catch {
    return 0;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Runs a program to its end and gives what it printed. Throws when it failed. */
export async function output(command: readonly [string, ...string[]]): Promise<string> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${String(code)}`);
  return text;
}
