import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The web service under a supervisor that starts it again whenever it ends, as systemd would. */
export interface Shop {
  readonly url: string;
  readonly pid: number | undefined;
  /** Milliseconds of one request; null while it does not answer. */
  measure(): Promise<number | null>;
  breakIt(): Promise<void>;
  stop(): Promise<void>;
}

const RESTART_DELAY_MS = 200;
const MEASURE_TIMEOUT_MS = 5_000;

export async function startShop(port: number, folder: string): Promise<Shop> {
  const file = fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? "./web-service.ts" : "./web-service.js", import.meta.url),
  );
  const url = `http://127.0.0.1:${port}`;
  let isStopped = false;
  let child: ChildProcess;
  const start = () => {
    child = spawn(process.execPath, [file, String(port), folder], { stdio: "ignore" });
    child.once("exit", () => {
      if (!isStopped) setTimeout(() => isStopped || start(), RESTART_DELAY_MS);
    });
  };
  start();

  async function measure(): Promise<number | null> {
    const startedAt = performance.now();
    try {
      const response = await fetch(`${url}/checkout`, { signal: AbortSignal.timeout(MEASURE_TIMEOUT_MS) });
      await response.text();
      return performance.now() - startedAt;
    } catch {
      return null;
    }
  }

  return {
    url,
    get pid() {
      return child.pid;
    },
    measure,
    async breakIt() {
      await (await fetch(`${url}/leak`, { method: "POST" })).text();
    },
    async stop() {
      isStopped = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
