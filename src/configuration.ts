import type { CatalogSource } from "./catalog/catalog.ts";
import { CatalogHolder, type ReloadResult } from "./catalog/reload.ts";
import type { Clock } from "./platform/clock.ts";
import type { Log } from "./platform/log.ts";
import type { Metrics } from "./platform/metrics.ts";
import { type FileProblem, formatProblem } from "./platform/problems.ts";
import type { LoadedSettings, Settings } from "./settings/load.ts";

/** How a running service takes on changed files. Either everything is taken on, or nothing. */
export interface Configuration {
  /** Reads settings, secrets and catalog again. Resolves with what is wrong; empty when the new configuration is in use. */
  readonly reload: () => Promise<readonly string[]>;
  /** Follows changes of rules, runbooks and hosts until the catalog is closed. */
  watch(): void;
}

export interface ConfigurationOptions {
  /** Reads the settings again. */
  readonly reloadSettings: () => Promise<LoadedSettings>;
  readonly catalogSource: (settings: Settings) => CatalogSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** `prepare` does everything of the settings that can fail; what it gives back swaps, and cannot. */
export function createConfiguration(
  options: ConfigurationOptions,
  catalog: CatalogHolder,
  metrics: Metrics,
  prepare: (settings: Settings) => Promise<() => void>,
): Configuration {
  const { clock, log } = options;

  function note(problems: readonly FileProblem[] | readonly string[]): void {
    metrics.configReloadSuccessful.set(problems.length === 0 ? 1 : 0);
    if (problems.length === 0) {
      metrics.configReloadSuccessTime.set(clock.nowMs() / 1000);
      log.info({ revision: catalog.current().revision }, "configuration reloaded");
      return;
    }
    const first = problems[0];
    const text = typeof first === "object" ? `${first.file}:${first.line}: ${first.message}` : first;
    log.error(
      { problems: problems.length, first: text },
      "the new configuration was refused; the earlier one stays in use",
    );
  }

  async function reload(): Promise<readonly string[]> {
    const loaded = await options.reloadSettings();
    const texts = loaded.problems.filter((problem) => problem.severity === "error").map(formatProblem);
    if (!loaded.ok) {
      note(texts);
      return texts;
    }
    let swap: () => void;
    try {
      swap = await prepare(loaded.settings);
    } catch (error) {
      const failed = [`${loaded.settings.file}: ${error instanceof Error ? error.message : String(error)}`];
      note(failed);
      return failed;
    }
    const result = await catalog.reload(options.catalogSource(loaded.settings));
    if (result.kind === "refused") {
      const refused = result.problems.map(formatProblem);
      note(refused);
      return refused;
    }
    swap();
    note([]);
    return [];
  }

  metrics.configReloadSuccessful.set(1);
  metrics.configReloadSuccessTime.set(clock.nowMs() / 1000);
  return {
    reload,
    watch: () =>
      catalog.watch(
        (result: ReloadResult) => {
          if (result.kind !== "unchanged") note(result.kind === "refused" ? result.problems : []);
        },
        (error) => log.error({ error }, "watching the configuration failed; reload with SIGHUP"),
      ),
  };
}
