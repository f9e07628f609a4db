import { isDeepStrictEqual } from "node:util";
import type { Catalog } from "./catalog.ts";

/** More names than anybody reads; the rest are counted. */
const NAMES_MAX = 100;

/** Names that a reload added, removed and changed, each list in alphabetical order. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** Further names that are in no list, since it would be too long. */
  readonly more: number;
}

/** How one snapshot differs from the one before it. */
export interface CatalogChanges {
  readonly rules: NameChanges;
  readonly runbooks: NameChanges;
  readonly schedules: NameChanges;
  readonly hosts: NameChanges;
  /** Whether rules that are in both are tried in another order, which may choose another rule for an alert. */
  readonly isRuleOrderChanged: boolean;
}

/** A rule or a host has changed when it says something else; a runbook already when its text did, since plans freeze that. */
export function compareCatalogs(before: Catalog, after: Catalog): CatalogChanges {
  const order = (catalog: Catalog, other: Catalog) =>
    catalog.rules.map((rule) => rule.name).filter((name) => other.rulesByName.has(name));
  return {
    rules: compareByName(
      mapValues(before.ruleSources, (source) => source.value),
      mapValues(after.ruleSources, (source) => source.value),
    ),
    runbooks: compareByName(
      mapValues(before.runbooks, (runbook) => runbook.digest),
      mapValues(after.runbooks, (runbook) => runbook.digest),
    ),
    schedules: compareByName(schedulesOf(before), schedulesOf(after)),
    hosts: compareByName(hostsOf(before), hostsOf(after)),
    isRuleOrderChanged: !isDeepStrictEqual(order(before, after), order(after, before)),
  };
}

/** Compares what has a name. Values are data. */
export function compareByName(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): NameChanges {
  const added = [...after.keys()].filter((name) => !before.has(name)).sort();
  const removed = [...before.keys()].filter((name) => !after.has(name)).sort();
  const changed = [...after.keys()]
    .filter((name) => before.has(name) && !isDeepStrictEqual(before.get(name), after.get(name)))
    .sort();
  const lists = [added, removed, changed];
  return {
    added: added.slice(0, NAMES_MAX),
    removed: removed.slice(0, NAMES_MAX),
    changed: changed.slice(0, NAMES_MAX),
    more: lists.reduce((more, list) => more + Math.max(0, list.length - NAMES_MAX), 0),
  };
}

function hostsOf(catalog: Catalog): Map<string, unknown> {
  return new Map(catalog.inventory.hosts.map((host) => [host.name, host]));
}

/** Where it stands is no part of it. */
function schedulesOf(catalog: Catalog): Map<string, unknown> {
  return mapValues(catalog.schedules, ({ cron, file: _file, line: _line, ...rest }) => ({
    ...rest,
    cron: cron.source,
  }));
}

function mapValues<Value>(
  map: ReadonlyMap<string, Value>,
  read: (value: Value) => unknown,
): Map<string, unknown> {
  return new Map([...map].map(([name, value]) => [name, read(value)]));
}
