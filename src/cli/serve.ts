import { type App, openApp } from "../app.ts";
import { CatalogError } from "../catalog/reload.ts";
import { systemClock } from "../platform/clock.ts";
import { createLog, type LogLevel } from "../platform/log.ts";
import { formatProblem } from "../platform/problems.ts";
import { openStandardError } from "../platform/standard-error.ts";
import { redactedLog } from "../redacted-log.ts";
import { loadSettings, type SettingsFlags } from "../settings/load.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import type { CommandOutput } from "./output.ts";

export interface ServeOptions extends SettingsFlags {
  readonly enableLifecycle: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: "json" | "text";
  readonly programFolder: string;
  readonly version: string;
}

/** Runs the service until it is told to stop. Resolves with the exit code: 0 after a stop, 2 when a file is wrong. */
export async function serveCommand(options: ServeOptions, output: CommandOutput): Promise<number> {
  const { stream, use } = redactedLog(openStandardError());
  const log = createLog({ level: options.logLevel, format: options.logFormat, stream });
  const loaded = await loadSettings(options, options.programFolder);
  for (const problem of loaded.problems) output.stderr.write(`${formatProblem(problem)}\n`);
  if (!loaded.ok) return 2;
  let app: App;
  try {
    app = await openApp({
      settings: loaded.settings,
      reloadSettings: () => loadSettings(options, options.programFolder),
      catalogSource: catalogSourceOf,
      enableLifecycle: options.enableLifecycle,
      version: options.version,
      clock: systemClock,
      log,
      onRedaction: use,
    });
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    for (const problem of error.problems) output.stderr.write(`${formatProblem(problem)}\n`);
    output.stderr.write(`${error.message}\n`);
    return 2;
  }
  // Not to the log: whoever reads that later must not find a way in.
  if (app.setupUrl !== null)
    output.stderr.write(
      `Nobody can log in yet. Open this link once, within 24 hours, to make the first admin:\n  ${app.setupUrl}\n`,
    );
  await stopSignal(() => void app.reload(), log.warn.bind(log));
  log.info("stopping: no new step starts, the current ones end within limits.shutdown_grace");
  await app.stop();
  log.info("stopped");
  return 0;
}

/** Resolves at SIGTERM or SIGINT. SIGHUP reloads. A second SIGINT ends the process at once, as people expect of it. */
function stopSignal(onReload: () => void, warn: (text: string) => void): Promise<void> {
  process.on("SIGHUP", onReload);
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => {
      resolve();
      process.once("SIGINT", () => {
        warn("ended without waiting for the steps under way");
        process.exit(130);
      });
    });
  });
}
