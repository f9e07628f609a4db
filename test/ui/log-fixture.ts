import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { App } from "../../src/app.ts";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { isOver, readRun } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

/** A service of its own without a login, so that a browser may look at everything. */
export interface LogService {
  app: App;
  readonly at: ServiceFolder;
  /** Starts the runbook; the run's id. */
  start(runbook: string, inputs?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Waits for its end. */
  over(id: string): Promise<void>;
}

export async function startLogService(runbooks: Readonly<Record<string, string>>): Promise<LogService> {
  const at = createServiceFolder(
    Object.fromEntries(Object.entries(runbooks).map(([name, text]) => [`runbooks/${name}.yml`, text])),
  );
  onTestFinished(() => at.remove());
  const service: LogService = {
    app: await startService(at),
    at,
    async start(runbook, inputs = {}) {
      const response = await fetch(`${service.app.url}/api/v1/runbooks/${runbook}/runs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ inputs }),
      });
      const body = (await response.json()) as { id: string };
      if (response.status !== 202) throw new Error(JSON.stringify(body));
      return body.id;
    },
    async over(id) {
      await waitFor("the end of the run", async () => isOver(await readRun(service.app.url, id)) || null);
    },
  };
  onTestFinished(() => service.app.stop());
  return service;
}

const SILENT = `
name: silent
target: local
access: {run: [everyone]}
steps: [{id: talk, effect: read, command: ["true"]}]
`;

/** The line with this number of the log below, each with 105 bytes. */
export function lineOf(number: number): string {
  const about = number % 1_000 === 0 ? "ERROR upstream timed out" : "request answered, status=200";
  return `2026-11-23T03:12:45Z web-1 nginx[812]: ${String(number).padStart(8, "0")} ${about}`.padEnd(
    104,
    ".",
  );
}

const LINES_AT_ONCE = 10_000;

/**
 * A run of which a step has printed so many lines, as they would be stored where logs were not capped: put into the archive by its own
 * means, under the place of a step that has printed nothing.
 */
export async function startWithStoredLog(lines: number): Promise<{ service: LogService; runId: string }> {
  const service = await startLogService({ silent: SILENT });
  const runId = await service.start("silent");
  await service.over(runId);
  await service.app.stop();
  const store = await openArtifactStore(join(service.at.storagePath, "archive"));
  const writer = await store.createFile(runId, "steps/01-talk/attempt-1/stdout.log");
  for (let first = 1; first <= lines; first += LINES_AT_ONCE) {
    const count = Math.min(LINES_AT_ONCE, lines - first + 1);
    const text = Array.from({ length: count }, (_, at) => `${lineOf(first + at)}\n`).join("");
    await writer.write(Buffer.from(text));
  }
  await writer.commit();
  service.app = await startService(service.at);
  return { service, runId };
}
