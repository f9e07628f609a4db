import type { Inventory } from "../hosts/inventory.ts";
import type { TimeInterval } from "../intervals/interval.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { MatchIndex } from "../rules/match-index.ts";
import type { Rule } from "../rules/rule.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Schedule } from "../schedules/schedule.ts";

/** Where the files are, and what the settings know that the files refer to. */
export interface CatalogSource {
  /** The settings file's folder; the patterns are relative to it. */
  readonly folder: string;
  /** Glob patterns. Files named `*.test.yml` are rule tests and left out. */
  readonly rules: readonly string[];
  readonly runbooks: readonly string[];
  readonly hosts: readonly string[];
  /** Undefined for `schedules.yml`, should it be there. */
  readonly schedules?: readonly string[];
  readonly notifierNames: readonly string[];
  readonly sourceNames: readonly string[];
  /** Secrets of the settings that runbooks may use; undefined when they are not known. */
  readonly secretNames?: readonly string[];
  /** Names of the sources whose API can be asked; undefined when it is not known. */
  readonly sourcesWithApi?: readonly string[];
  /** Names of the sources that take annotations; undefined when it is not known. */
  readonly annotatedSources?: readonly string[];
  /** What people can ask to be told of; undefined when it is not known. */
  readonly noticeEvents?: readonly string[];
  /** By name: the time intervals that `active` and `mute` may name. */
  readonly intervals: ReadonlyMap<string, TimeInterval>;
  /**
   * Whether anybody hears of failures (`notify` in the settings has a route). False makes every rule in `auto` or `approve`
   * that has no `notify` of its own an error; undefined when it is not known.
   */
  readonly isAnyoneTold?: boolean;
}

/** One checked snapshot of rules, runbooks, schedules and hosts. Never changes: a reload makes another one. */
export interface Catalog {
  /** In the order in which they are tried: by file name, then as they stand. */
  readonly rules: readonly Rule[];
  readonly rulesByName: ReadonlyMap<string, Rule>;
  /** By name of the rule. */
  readonly ruleSources: ReadonlyMap<string, RuleSource>;
  readonly index: MatchIndex;
  /** By name. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
  /** By name. */
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly inventory: Inventory;
  /** Of the settings, by name. */
  readonly intervals: ReadonlyMap<string, TimeInterval>;
  /** SHA-256 over the names and contents of all files: equal on every node that has the same configuration. */
  readonly digest: string;
  /** Counts the snapshots of this process, from 1. */
  readonly revision: number;
  readonly files: readonly CatalogFile[];
  /** Everything wrong, in the order of the files. With an error among them the snapshot must not be used. */
  readonly problems: readonly FileProblem[];
}

/** A rule as it was written. */
export interface RuleSource {
  /** Its part of the file, as loaded, without the indent that all of its lines have. */
  readonly text: string;
  /** The line of the file that it begins at, from 1. */
  readonly line: number;
  /** The same as data: what a difference is told by. */
  readonly value: unknown;
}

export const FILE_KINDS = ["rules", "runbooks", "hosts", "schedules"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

export interface CatalogFile {
  /** `options`: what a choice is made from, named by a runbook's input. */
  readonly kind: FileKind | "options";
  readonly file: string;
  readonly sha256: string;
}

/** Whether the snapshot may not be used. */
export function hasErrors(catalog: Pick<Catalog, "problems">): boolean {
  return catalog.problems.some((problem) => problem.severity === "error");
}
