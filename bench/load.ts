// A load generator, run as a process of its own: posts bodies over keep-alive connections, one request at a time on each,
// and prints one JSON line. Its requests are bytes made beforehand, so that it is never the slower side.
// Use: node bench/load.ts URL repeat|new CONNECTIONS SECONDS
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface LoadReport {
  readonly requests: number;
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Alerts that `repeat` sends again and again. */
export const REPEATED_ALERTS = 1_000;

const [urlText = "", mode = "repeat", connectionsText = "32", secondsText = "3"] = process.argv.slice(2);
const url = new URL(urlText);
const run = `${process.pid}-${Date.now()}`;
const repeated = Array.from({ length: REPEATED_ALERTS }, (_, index) => request(`host-${index}`));
let sent = 0;

/** About a kilobyte, as Alertmanager sends it for one alert. */
function request(instance: string): Buffer {
  const alert = {
    status: "firing",
    labels: {
      alertname: "HighRequestLatency",
      instance,
      job: "node",
      severity: "critical",
      service: "web",
      cluster: "eu-1",
      team: "web",
    },
    annotations: {
      summary: `Requests to ${instance} are slow`,
      description: "The 99th percentile of the request duration has been above one second for five minutes.",
      runbook_url: "https://runbooks.example.net/HighRequestLatency",
    },
    startsAt: "2026-11-23T03:00:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    // Alertmanager computes it (since 0.19); any 16 digits will do for a load.
    fingerprint: createHash("md5").update(instance).digest("hex").slice(0, 16),
    generatorURL: "http://prometheus.example.net:9090/graph?g0.expr=latency+%3E+1&g0.tab=1",
  };
  const common = { alertname: "HighRequestLatency", instance };
  const payload = {
    receiver: "nightshift",
    status: "firing",
    alerts: [alert],
    groupLabels: common,
    commonLabels: common,
    commonAnnotations: {},
    externalURL: "http://alertmanager.example.net:9093",
    version: "4",
    groupKey: `{}:{instance="${instance}"}`,
    truncatedAlerts: 0,
  };
  const body = JSON.stringify(payload);
  const head = `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nUser-Agent: Alertmanager/0.31.0\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

function nextRequest(): Buffer {
  sent += 1;
  if (mode === "new") return request(`host-${run}-${sent}`);
  return repeated[sent % REPEATED_ALERTS] ?? request("host-0");
}

const latenciesMs: number[] = [];
let accepted = 0;
let refused = 0;

/** One connection: a request, its whole answer, the next request. */
async function drive(untilMs: number): Promise<void> {
  const socket = await open();
  let received = "";
  let resolveAnswer: () => void = () => {};
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
    if (isWhole(received)) resolveAnswer();
  });
  let isClosed = false;
  socket.on("close", () => {
    isClosed = true;
    resolveAnswer();
  });
  while (!isClosed && performance.now() < untilMs) {
    const startedAt = performance.now();
    const answered = new Promise<void>((resolve) => {
      resolveAnswer = resolve;
    });
    received = "";
    socket.write(nextRequest());
    await answered;
    latenciesMs.push(performance.now() - startedAt);
    if (received.startsWith("HTTP/1.1 20")) accepted += 1;
    else refused += 1;
  }
  socket.destroy();
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length);
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}

const startedAt = performance.now();
const untilMs = startedAt + Number(secondsText) * 1000;
await Promise.all(Array.from({ length: Number(connectionsText) }, () => drive(untilMs)));
latenciesMs.sort((left, right) => left - right);
const percentile = (part: number) =>
  latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * part))] ?? Number.NaN;
const report: LoadReport = {
  requests: accepted + refused,
  accepted,
  refused,
  seconds: (performance.now() - startedAt) / 1000,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
