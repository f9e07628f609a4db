import { type Actor, SYSTEM } from "./audit/entry.ts";
import type { CatalogSource } from "./catalog/catalog.ts";
import type { CatalogChanges, NameChanges } from "./catalog/changes.ts";
import type {
  ConfigurationChanges,
  ConfigurationStatus,
  LastReload,
} from "./catalog/configuration-status.ts";
import { CatalogHolder, type ReloadResult } from "./catalog/reload.ts";
import type { Clock } from "./platform/clock.ts";
import type { Log } from "./platform/log.ts";
import type { Metrics } from "./platform/metrics.ts";
import { formatProblem } from "./platform/problems.ts";
import { changedKeys } from "./settings/changed-keys.ts";
import type { LoadedSettings, Settings } from "./settings/load.ts";

/** How a running service takes on changed files. Either everything is taken on, or nothing. */
export interface Configuration {
  /**
   * Reads settings, secrets and catalog again. Resolves with what is wrong; empty when the new configuration is in use. Calls wait for
   * one another.
   */
  readonly reload: (by: Actor) => Promise<readonly string[]>;
  /** Follows changes of rules, runbooks and hosts until the catalog is closed. */
  watch(): void;
  status(): ConfigurationStatus;
}

export interface ConfigurationOptions {
  /** Those the service was started with. */
  readonly settings: Settings;
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
  note: NoteChange,
): Configuration {
  const record = createRecord(options, catalog, metrics);
  let settings = options.settings;
  let reloading: Promise<unknown> = Promise.resolve();

  async function reload(by: Actor): Promise<readonly string[]> {
    const loaded = await options.reloadSettings();
    if (!loaded.ok) {
      const errors = loaded.problems.filter(({ severity }) => severity === "error");
      return record.refuseSettings(errors.map(formatProblem));
    }
    let swap: () => void;
    try {
      swap = await prepare(loaded.settings);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return record.refuseSettings([`${loaded.settings.file}: ${text}`]);
    }
    const result = await catalog.reload(options.catalogSource(loaded.settings));
    if (result.kind === "refused") return record.refuse(result.problems.map(formatProblem));
    swap();
    const keys = changedKeys(settings, loaded.settings);
    const retention = { before: settings.retention, after: loaded.settings.retention };
    settings = loaded.settings;
    record.acceptSettings();
    if (result.kind === "unchanged" && keys.length === 0) return record.accept(null);
    const changes = { ...(result.kind === "changed" ? result.changes : NO_CHANGES), settings: keys };
    await note(by, "config.reload", { revision: catalog.current().revision, ...loggedChanges(changes) });
    if (keys.includes("retention")) await note(by, "retention.change", retention);
    return record.accept(changes);
  }

  return {
    reload(by) {
      const result = reloading.then(() => reload(by));
      reloading = result.catch(() => {});
      return result;
    },
    watch: () =>
      catalog.watch(
        (result) => {
          record.noteWatched(result);
          if (result.kind !== "changed") return;
          const detail = {
            revision: catalog.current().revision,
            ...loggedChanges({ ...result.changes, settings: [] }),
          };
          void note({ ...SYSTEM, via: "file" }, "config.reload", detail);
        },
        (error) => options.log.error({ error }, "watching the configuration failed; reload with SIGHUP"),
      ),
    status: () => record.status(),
  };
}

/** Writes down that another configuration is in use. Never throws: the configuration is in use already. */
export type NoteChange = (
  by: Actor,
  action: "config.reload" | "retention.change",
  detail: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** Keeps, logs and counts what became of each load. */
function createRecord(
  { clock, log }: Pick<ConfigurationOptions, "clock" | "log">,
  catalog: CatalogHolder,
  metrics: Metrics,
) {
  let loadedAtMs = clock.nowMs();
  let lastReload: LastReload | null = null;
  // What is wrong with the settings on disk, as far as it is known: only another reading of them can make that good.
  let settingsProblems: readonly string[] = [];
  metrics.configReloadSuccessful.set(1);
  metrics.configReloadSuccessTime.set(loadedAtMs / 1000);

  function refuse(problems: readonly string[]): readonly string[] {
    lastReload = { atMs: clock.nowMs(), isOk: false, problems, changed: null };
    metrics.configReloadSuccessful.set(0);
    log.error(
      { count: problems.length, problems: problems.slice(0, LOGGED_MAX) },
      "the new configuration was refused; the earlier one stays in use",
    );
    return problems;
  }

  function accept(changed: ConfigurationChanges | null): readonly string[] {
    const atMs = clock.nowMs();
    const isOk = settingsProblems.length === 0;
    if (changed !== null) loadedAtMs = atMs;
    lastReload = { atMs, isOk, problems: settingsProblems, changed };
    metrics.configReloadSuccessful.set(isOk ? 1 : 0);
    if (isOk) metrics.configReloadSuccessTime.set(atMs / 1000);
    const { revision } = catalog.current();
    log.info({ revision, ...(changed === null ? {} : loggedChanges(changed)) }, acceptedText(changed, isOk));
    return settingsProblems;
  }

  return {
    refuse,
    accept,
    refuseSettings(problems: readonly string[]): readonly string[] {
      settingsProblems = problems;
      return refuse(problems);
    },
    acceptSettings(): void {
      settingsProblems = [];
    },
    noteWatched(result: ReloadResult): void {
      if (result.kind === "refused") refuse(result.problems.map(formatProblem));
      else if (result.kind === "changed") accept({ ...result.changes, settings: [] });
      // Files that were wrong are again what is in use.
      else if (lastReload !== null && !lastReload.isOk && settingsProblems.length === 0) accept(null);
    },
    status(): ConfigurationStatus {
      const { digest, revision } = catalog.current();
      return { digest, revision, loadedAtMs, lastReload };
    },
  };
}

/** Problems and names in one line of the log; the status has them all. */
const LOGGED_MAX = 20;

const NO_NAMES: NameChanges = { added: [], removed: [], changed: [], more: 0 };
const NO_CHANGES: CatalogChanges = {
  rules: NO_NAMES,
  runbooks: NO_NAMES,
  schedules: NO_NAMES,
  hosts: NO_NAMES,
  isRuleOrderChanged: false,
};

function acceptedText(changed: ConfigurationChanges | null, isOk: boolean): string {
  const text = changed === null ? "configuration read again, nothing changed" : "configuration reloaded";
  return isOk ? text : `${text}; the settings on disk stay refused`;
}

/** Only what changed: `rules: {added: [...]}` and the like. */
function loggedChanges({
  settings,
  isRuleOrderChanged,
  ...kinds
}: ConfigurationChanges): Record<string, unknown> {
  const named = Object.entries(kinds).flatMap(([kind, { added, removed, changed, more }]) => {
    const lists = Object.entries({ added, removed, changed }).filter(([, names]) => names.length > 0);
    const left = lists.reduce((sum, [, names]) => sum + Math.max(0, names.length - LOGGED_MAX), more);
    if (lists.length === 0) return [];
    const shown = lists.map(([name, names]) => [name, names.slice(0, LOGGED_MAX)] as const);
    return [[kind, { ...Object.fromEntries(shown), ...(left > 0 ? { more: left } : {}) }] as const];
  });
  return {
    ...Object.fromEntries(named),
    ...(settings.length > 0 ? { settings: settings.slice(0, LOGGED_MAX) } : {}),
    ...(isRuleOrderChanged ? { ruleOrder: "changed" } : {}),
  };
}
