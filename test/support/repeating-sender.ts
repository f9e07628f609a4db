import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { alertmanagerBody, type TestAlert } from "./alerts.ts";

/** Sends alerts at a rate, one a delivery, and repeats each until it is acknowledged, as Alertmanager does. */
export interface RepeatingSender {
  /** By number, those that were answered 202 at least once. */
  readonly acknowledged: ReadonlySet<number>;
  /** Any answers but 202 and 503, which a valid delivery must never get. */
  readonly unexpected: readonly string[];
  /** No new alerts; resolves when every one has been acknowledged. */
  finish(limitMs: number): Promise<void>;
  /** Ends at once, whatever is not acknowledged. */
  abandon(): Promise<void>;
}

export interface SenderOptions {
  readonly url: string;
  readonly perSecond: number;
  readonly alert: (number: number) => TestAlert;
  /** `sent`: the broken sender of the negative control takes a delivery for acknowledged before it is. */
  readonly countsWhen?: "acknowledged" | "sent";
}

const AT_ONCE = 48;
const AFTER_FAILURE_MS = 25;
/** Alerts that wait while the service is down; more of them would only make the test longer. */
const BACKLOG_MAX = 500;

export function startSender(options: SenderOptions): RepeatingSender {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const acknowledged = new Set<number>();
  const unexpected: string[] = [];
  const waiting: number[] = [];
  const state = { next: 0, isGenerating: true, isAbandoned: false };
  let lastMs = performance.now();
  let due = 0;
  const generator = setInterval(() => {
    due += ((performance.now() - lastMs) / 1000) * options.perSecond;
    lastMs = performance.now();
    for (; due >= 1; due -= 1)
      if (state.isGenerating && waiting.length < BACKLOG_MAX) waiting.push(state.next++);
  }, 5);

  async function work(): Promise<void> {
    while (
      !state.isAbandoned &&
      (state.isGenerating || waiting.length > 0 || acknowledged.size < state.next)
    ) {
      const number = waiting.shift();
      if (number === undefined) {
        await delay(5);
        continue;
      }
      if (options.countsWhen === "sent") acknowledged.add(number);
      const status = await post(options.url, agent, alertmanagerBody([options.alert(number)]));
      if (status === 202) acknowledged.add(number);
      else {
        if (status !== null && status !== 503) unexpected.push(`alert ${number}: ${status}`);
        if (options.countsWhen !== "sent") waiting.push(number);
        await delay(AFTER_FAILURE_MS);
      }
    }
  }
  const workers = Promise.all(Array.from({ length: AT_ONCE }, work));

  async function end(): Promise<void> {
    clearInterval(generator);
    await workers;
    agent.destroy();
  }
  return {
    acknowledged,
    unexpected,
    async finish(limitMs) {
      state.isGenerating = false;
      const limit = setTimeout(() => (state.isAbandoned = true), limitMs);
      await end();
      clearTimeout(limit);
      if (acknowledged.size < state.next)
        throw new Error(`${state.next - acknowledged.size} alerts were not acknowledged in ${limitMs} ms`);
    },
    async abandon() {
      state.isAbandoned = true;
      await end();
    },
  };
}

/** The status, or null when there was no answer. */
function post(url: string, agent: Agent, body: string): Promise<number | null> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    });
    outgoing.setTimeout(5_000, () => outgoing.destroy());
    outgoing.on("error", () => resolve(null));
    outgoing.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? null));
      response.on("error", () => resolve(null));
      response.on("aborted", () => resolve(null));
    });
    outgoing.end(body);
  });
}
