import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { Shop } from "./shop.ts";

/** Measures the shop like a Prometheus with a short scrape interval, and answers Prometheus' query API from what it measured. */
export interface Monitor {
  readonly url: string;
  /** Seconds of the last request that was answered; null before the first. */
  readonly latencyS: number | null;
  /** Resolves when this many measurements in a row fulfil the condition. */
  until(condition: (latencyS: number) => boolean, inARow: number, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

interface Sample {
  readonly atS: number;
  readonly latencyS: number;
}

const EVERY_MS = 200;
const METRIC = { __name__: "shop_request_duration_seconds", instance: "shop", job: "shop" };

export async function startMonitor(shop: Shop): Promise<Monitor> {
  const samples: Sample[] = [];
  let isStopped = false;
  const measuring = (async () => {
    while (!isStopped) {
      const latencyMs = await shop.measure();
      if (latencyMs !== null) samples.push({ atS: Date.now() / 1000, latencyS: latencyMs / 1000 });
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  const server = createServer((request, response) => void answer(samples, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get latencyS() {
      return samples.at(-1)?.latencyS ?? null;
    },
    async until(condition, inARow, signal) {
      while (
        samples.length < inARow ||
        !samples.slice(-inARow).every((sample) => condition(sample.latencyS))
      ) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    },
    async stop() {
      isStopped = true;
      await measuring;
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(
  samples: readonly Sample[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "/", "http://localhost");
  const parameters =
    chunks.length > 0 ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams;
  const data =
    url.pathname === "/api/v1/query_range" ? range(samples, parameters) : instant(samples, parameters);
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ status: "success", data }));
}

function instant(samples: readonly Sample[], parameters: URLSearchParams): unknown {
  const atS = Number(parameters.get("time") ?? Date.now() / 1000);
  const sample = samples.findLast((candidate) => candidate.atS <= atS);
  return {
    resultType: "vector",
    result: sample === undefined ? [] : [{ metric: METRIC, value: [atS, String(sample.latencyS)] }],
  };
}

/** At each step the newest sample before it, as Prometheus' look-back does. */
function range(samples: readonly Sample[], parameters: URLSearchParams): unknown {
  const [startS, endS, stepS] = ["start", "end", "step"].map((name) => Number(parameters.get(name)));
  const values: [number, string][] = [];
  for (let atS = startS ?? 0; atS <= (endS ?? 0); atS += Math.max(0.1, stepS ?? 1)) {
    const sample = samples.findLast((candidate) => candidate.atS <= atS);
    if (sample !== undefined) values.push([atS, String(sample.latencyS)]);
  }
  return { resultType: "matrix", result: values.length === 0 ? [] : [{ metric: METRIC, values }] };
}
