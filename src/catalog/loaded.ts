import type { Inventory } from "../hosts/inventory.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { Rule } from "../rules/rule.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { LoadedSchedule } from "../schedules/load.ts";
import type { CatalogSource } from "./catalog.ts";

/** A rule, and where it stands. */
export interface LoadedRule {
  readonly rule: Rule;
  readonly file: YamlFile;
  readonly path: Path;
}

/** What was loaded, with the files it stands in, so that a problem found later can point there. */
export interface Loaded {
  readonly source: CatalogSource;
  readonly rules: readonly LoadedRule[];
  readonly schedules: readonly LoadedSchedule[];
  readonly runbooks: ReadonlyMap<string, { readonly runbook: Runbook; readonly file: YamlFile }>;
  /** Names of runbooks whose files have errors: they exist, but cannot be checked further. Null when not all are known. */
  readonly brokenRunbooks: ReadonlySet<string> | null;
  readonly inventory: Inventory;
  /** The inventory's files have errors, so that a host may be missing from it. */
  readonly isInventoryBroken: boolean;
}
