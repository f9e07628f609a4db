import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { type Catalog, hasErrors } from "../catalog/catalog.ts";
import { loadCatalog } from "../catalog/load.ts";
import { parseDurationMs } from "../platform/durations.ts";
import { type FileProblem, formatProblem } from "../platform/problems.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { loadSettings, type Settings } from "../settings/load.ts";
import { createSharedParts } from "../simulation/dependencies.ts";
import { replay, type ReplayProgress, type ReplayResult } from "../simulation/replay.ts";
import { openReadOnly } from "../store/read-only.ts";
import type { CommandOutput } from "./output.ts";
import { replayJson, replayText } from "./replay-report.ts";

export interface ReplayCommandOptions {
  /** A Prometheus duration. */
  readonly since: string;
  /** Folders or files of other rules; empty to compare the current rules with what was recorded. */
  readonly rules: readonly string[];
  readonly examples: number;
  readonly configFile: string | null;
  readonly storagePath: string | null;
  readonly format: "text" | "json";
}

/** More often nobody reads it. */
const PROGRESS_EVERY_MS = 2_000;

/**
 * Replays recorded deliveries through the rules and prints what would be decided differently. Reads the service's database,
 * also while the service runs; executes nothing. Resolves with the exit code: 0 when it was replayed, whatever differs, 2 when
 * a file or a flag is wrong.
 */
export async function replayCommand(
  options: ReplayCommandOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const sinceMs = parseDurationMs(options.since);
  if (sinceMs === undefined || sinceMs === 0) {
    output.stderr.write(`--since ${options.since}: write a duration such as 12h or 30d\n`);
    return 2;
  }
  const { configFile, storagePath } = options;
  const flags = { configFile, listenAddress: null, externalUrl: null, storagePath };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) return refuse(output, loaded.problems);
  const { settings } = loaded;
  const catalog = await loadRulesOf(settings, null);
  const other = options.rules.length === 0 ? null : await loadRulesOf(settings, options.rules);
  for (const each of [catalog, other])
    if (each !== null && hasErrors(each)) return refuse(output, each.problems);
  const store = openReadOnly(settings.storagePath);
  const startedAtMs = performance.now();
  let result: ReplayResult;
  try {
    const nowMs = Date.now();
    result = await replay({
      shared: createSharedParts(),
      settings,
      catalog,
      other,
      recorded: store.reader,
      sinceMs: nowMs - sinceMs,
      untilMs: nowMs,
      examplesMax: options.examples,
      onProgress: progressOn(output, startedAtMs),
    });
  } finally {
    await store.close();
  }
  const facts = { tookMs: performance.now() - startedAtMs, isAgainstRecorded: other === null };
  output.stdout.write(options.format === "json" ? replayJson(result, facts) : replayText(result, facts));
  return 0;
}

function refuse(output: CommandOutput, problems: readonly FileProblem[]): number {
  output.stdout.write(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
  return 2;
}

/** The rules of the settings, or those of other folders and files beside the same runbooks and hosts. */
async function loadRulesOf(settings: Settings, rules: readonly string[] | null): Promise<Catalog> {
  const source = catalogSourceOf(settings, relative(process.cwd(), settings.folder) || ".");
  if (rules === null) return loadCatalog(source);
  const patterns = await Promise.all(
    rules.map(async (name) => {
      const path = resolve(name);
      const isFolder = await stat(path).then(
        (facts) => facts.isDirectory(),
        () => false,
      );
      return isFolder ? join(path, "*.yml") : path;
    }),
  );
  return loadCatalog({ ...source, rules: patterns });
}

function progressOn(output: CommandOutput, startedAtMs: number): (progress: ReplayProgress) => void {
  let shownAtMs = startedAtMs;
  return ({ replayed, total, atMs }) => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < PROGRESS_EVERY_MS) return;
    shownAtMs = nowMs;
    const percent = Math.floor((100 * replayed) / Math.max(1, total));
    output.stderr.write(
      `replayed ${replayed} of ${total} deliveries (${percent} %), now at ${new Date(atMs).toISOString()}\n`,
    );
  };
}
