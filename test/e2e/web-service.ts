// A small web service that can become slow for good, as one that leaks does: only a restart heals it.
//   node web-service.ts FOLDER PORT
// Writes FOLDER/web.pid and appends to FOLDER/log/web.log; its ways are listed at `answer`.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const LIFE_MS = 10 * 60_000;
/** How long a page takes while something has leaked. */
const SLOW_MS = 600;
const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5];

interface State {
  /** Held for ever: a restart is all that frees it. */
  readonly leaked: Buffer[];
  /** Jobs that nobody works on; a restart does not help, for it stands for a queue elsewhere. */
  stuckJobs: number;
  /** A restart is said to help against it. */
  isOld: boolean;
  readonly durationsSeconds: number[];
  readonly log: (text: string) => void;
}

function serve(folder: string, port: number): void {
  const logFile = join(folder, "log", "web.log");
  mkdirSync(join(folder, "log"), { recursive: true });
  const log = (text: string) =>
    appendFileSync(logFile, `${new Date().toISOString()} pid=${process.pid} ${text}\n`);
  const state: State = { leaked: [], stuckJobs: 0, isOld: false, durationsSeconds: [], log };
  const server = createServer((request, response) => void answer(state, request, response));
  server.listen(port, "127.0.0.1", () => {
    writeFileSync(join(folder, "web.pid"), `${process.pid}\n`);
    log("started");
  });
  // When the test was killed, nobody ends this process: it ends itself.
  setTimeout(() => process.exit(1), LIFE_MS).unref();
  process.once("SIGTERM", () => {
    log("stopped");
    process.exit(0);
  });
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case "GET /":
      return answerPage(state, response);
    case "GET /healthz":
      return send(response, 200, "well\n");
    case "GET /metrics":
      return send(response, 200, metricsText(state));
    case "POST /leak":
      state.leaked.push(Buffer.alloc(1024 * 1024));
      state.log("POST /leak 204: pages are slow from now on");
      return send(response, 204, "");
    case "POST /jobs":
      state.stuckJobs += 1;
      state.log("POST /jobs 204: one more job is stuck");
      return send(response, 204, "");
    case "POST /age":
      state.isOld = true;
      return send(response, 204, "");
    default:
      return send(response, 404, "there is nothing here\n");
  }
}

async function answerPage(state: State, response: ServerResponse): Promise<void> {
  const startedAtMs = performance.now();
  if (state.leaked.length > 0) await delay(SLOW_MS);
  send(response, 200, "hello\n");
  const durationMs = performance.now() - startedAtMs;
  state.durationsSeconds.push(durationMs / 1000);
  state.log(`GET / 200 ${Math.round(durationMs)}ms`);
}

function send(response: ServerResponse, status: number, text: string): void {
  // Without kept connections a request never meets a process that is just ending.
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" }).end(text);
}

/** The text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats). */
function metricsText({ durationsSeconds, stuckJobs, isOld }: State): string {
  const name = "http_request_duration_seconds";
  const countTo = (limit: number) => durationsSeconds.filter((seconds) => seconds <= limit).length;
  return [
    `# TYPE ${name} histogram`,
    ...BUCKETS_SECONDS.map((limit) => `${name}_bucket{le="${limit}"} ${countTo(limit)}`),
    `${name}_bucket{le="+Inf"} ${durationsSeconds.length}`,
    `${name}_sum ${durationsSeconds.reduce((sum, seconds) => sum + seconds, 0)}`,
    `${name}_count ${durationsSeconds.length}`,
    "# TYPE web_stuck_jobs gauge",
    `web_stuck_jobs ${stuckJobs}`,
    "# TYPE web_is_old gauge",
    `web_is_old ${isOld ? 1 : 0}`,
    "",
  ].join("\n");
}

serve(String(process.argv[2]), Number(process.argv[3]));
