// R12: a step that prints 10 GB. Its beginning and its end are kept, the middle is counted, and nobody else notices.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import { createServiceFolder } from "../support/service.ts";

const GB = 1_000_000_000;
const MIB = 1024 ** 2;
/** Of the promise, over a process that has seen a flood before: how much is printed must not matter. */
const RSS_MORE_MAX = 64 * MIB;
const KEPT_BYTES_MAX = 10 * MIB + 1_024;

const flood = (name: string, bytes: number) => `
name: ${name}
access: {run: [everyone]}
timeout: 15m
steps:
  - id: flood
    target: local
    effect: read
    timeout: 10m
    run: |
      echo FIRST
      yes '2026-11-23T03:12:45Z web-1 nginx[812]: GET /index.html 200 12ms' | head -c ${bytes}
      echo
      echo LAST
`;
const SMALL = `
name: small
access: {run: [everyone]}
steps: [{id: say, target: local, effect: read, command: [echo, small]}]
`;

interface Run {
  readonly id: string;
  readonly status: string;
  readonly finished_at: string | null;
}

async function start(child: ChildService, runbook: string): Promise<Run> {
  const response = await fetch(`${child.url}/api/v1/runbooks/${runbook}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(response.status).toBe(202);
  return (await response.json()) as Run;
}

async function ended(child: ChildService, { id }: Run, whileRunning: () => void = () => {}): Promise<Run> {
  for (;;) {
    const run = (await (await fetch(`${child.url}/api/v1/runs/${id}`)).json()) as Run;
    if (run.finished_at !== null) return run;
    whileRunning();
    await delay(50);
  }
}

function rssOf({ pid }: ChildService): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

async function peakOf(child: ChildService, runbook: string): Promise<{ run: Run; peak: number }> {
  let peak = 0;
  const run = await ended(child, await start(child, runbook), () => (peak = Math.max(peak, rssOf(child))));
  return { run, peak };
}

interface Part {
  readonly total_bytes: number;
  readonly content: string;
}

async function partOf(child: ChildService, { id }: Run, offset: number): Promise<Part> {
  const path = `/api/v1/runs/${id}/steps/flood/log?offset=${offset}&limit=200`;
  return (await (await fetch(`${child.url}${path}`)).json()) as Part;
}

test("10 GB of output", { timeout: 600_000 }, async () => {
  const at = createServiceFolder({
    "runbooks/warm.yml": flood("warm", GB),
    "runbooks/flood.yml": flood("flood", 10 * GB),
    "runbooks/small.yml": SMALL,
  });
  onTestFinished(() => at.remove());
  const child = await startChild(at, { port: await freePort() });
  onTestFinished(() => child.kill());
  const warm = await peakOf(child, "warm");
  expect(warm.run.status).toBe("succeeded");

  const flooding = peakOf(child, "flood");
  await delay(500);
  const other = await ended(child, await start(child, "small"));
  expect(other.status).toBe("succeeded");
  const { run, peak } = await flooding;
  // The other one was done while the flood was still going on.
  expect(Date.parse(other.finished_at ?? "")).toBeLessThan(Date.parse(run.finished_at ?? ""));
  expect(run.status).toBe("succeeded");

  const first = await partOf(child, run, 0);
  expect(first.content.startsWith("FIRST\n")).toBe(true);
  expect(first.total_bytes).toBeLessThanOrEqual(KEPT_BYTES_MAX);
  expect((await partOf(child, run, first.total_bytes - 100)).content.endsWith("\nLAST\n")).toBe(true);
  const more = peak - warm.peak;
  const figures = `printed=10GB kept=${first.total_bytes} rss_more=${Math.round(more / MIB)}MiB`;
  console.log(`PROMISE R12 ${figures} ${more <= RSS_MORE_MAX ? "ok" : "BROKEN"}`);
  expect(more).toBeLessThanOrEqual(RSS_MORE_MAX);
});
