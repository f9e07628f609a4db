import type { CatalogChanges } from "./changes.ts";

/** What a service says of its configuration: the one in use, and what became of the last attempt to load another. */
export interface ConfigurationStatus {
  /** Of rules, runbooks and hosts in use. */
  readonly digest: string;
  readonly revision: number;
  readonly loadedAtMs: number;
  /** Null before the first. */
  readonly lastReload: LastReload | null;
}

export interface LastReload {
  readonly atMs: number;
  /** False when it was refused and the earlier configuration stays in use, or a part of it does. */
  readonly isOk: boolean;
  /** Everything that is wrong with what was refused, as `nightshift check` prints it. */
  readonly problems: readonly string[];
  /** Null when nothing was taken on. */
  readonly changed: ConfigurationChanges | null;
}

export interface ConfigurationChanges extends CatalogChanges {
  /** Keys such as `notify` and `limits.max_runs`; of a list with names, `sources.NAME`. Never values. */
  readonly settings: readonly string[];
}
