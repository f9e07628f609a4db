import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { PROGRAM_FOLDER, type ServiceFolder } from "./service.ts";
import { pauseBetween } from "./wait.ts";

/** The service as a process of its own, so that it can be killed. */
export interface ChildService {
  readonly url: string;
  readonly pid: number;
  /** False when it ended before it was ready: at a kill point, say. */
  readonly isReady: boolean;
  /** How it ended; pending while it lives. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Everything it has logged, over all starts in the same folder. */
  log(): string;
  /** As a crash or the kernel does it. Resolves when it has gone. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves with the exit code. */
  terminate(): Promise<number | null>;
}

export interface ChildOptions {
  readonly port: number;
  /** `after-intent:2`: it kills itself there. */
  readonly killPoint?: string;
  /** What answers 200 once it is up; on a full disk it lives and is not ready. */
  readonly upPath?: "/-/ready" | "/-/healthy";
}

const READY_LIMIT_MS = 30_000;

/** Starts `nightshift serve` and waits until it is ready, or has ended at its kill point. */
export async function startChild(at: ServiceFolder, options: ChildOptions): Promise<ChildService> {
  const logFile = join(at.folder, "service.log");
  const log = openSync(logFile, "a");
  const flags = ["--config.file", at.configFile, "--storage.path", at.storagePath, "--web.enable-lifecycle"];
  const argv = [join(PROGRAM_FOLDER, "src/main.ts"), "serve", ...flags];
  const child = spawn(process.execPath, [...argv, "--web.listen-address", `127.0.0.1:${options.port}`], {
    stdio: ["ignore", log, log],
    env: { ...process.env, NIGHTSHIFT_KILLPOINT: options.killPoint ?? "" },
  });
  closeSync(log);
  const exited = once(child, "exit").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const url = `http://127.0.0.1:${options.port}`;
  const isReady = await waitUntilUp(child, `${url}${options.upPath ?? "/-/ready"}`);
  const readLog = () => readFileSync(logFile, "utf8");
  if (!isReady && options.killPoint === undefined)
    throw new Error(`the service did not become ready\n${readLog().slice(-4_000)}`);
  return {
    url,
    pid: child.pid ?? 0,
    isReady,
    exited,
    log: readLog,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async terminate() {
      child.kill("SIGTERM");
      return (await exited).code;
    },
  };
}

async function waitUntilUp(child: ChildProcess, url: string): Promise<boolean> {
  const sinceMs = performance.now();
  while (performance.now() - sinceMs < READY_LIMIT_MS) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    const answer = await fetch(url).catch(() => null);
    if (answer?.status === 200) return true;
    await pauseBetween(sinceMs);
  }
  child.kill("SIGKILL");
  return false;
}

/** A port that was free a moment ago, for a service that is started on it again and again. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
