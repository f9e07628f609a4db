import { loadInventory } from "../hosts/load.ts";
import { Inventory } from "../hosts/inventory.ts";
import { digestOf } from "../platform/digest.ts";
import type { FileProblem } from "../platform/problems.ts";
import { createTurns } from "../platform/turns.ts";
import type { YamlFile } from "../platform/yaml.ts";
import { loadRules } from "../rules/load.ts";
import { buildMatchIndex } from "../rules/match-index.ts";
import type { Rule } from "../rules/rule.ts";
import { loadRunbook } from "../runbooks/load.ts";
import { loadSchedules } from "../schedules/load.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Catalog, CatalogFile, CatalogSource } from "./catalog.ts";
import { checkRules } from "./check-rules.ts";
import { checkRunbooks } from "./check-runbooks.ts";
import { checkSchedules } from "./check-schedules.ts";
import { filesFingerprint, readFiles, type SourceFile } from "./files.ts";
import { lintCatalog } from "./lints.ts";
import { readOptions } from "./options.ts";
import type { Loaded, LoadedRule } from "./loaded.ts";

/** Loads and checks everything. Problems of all files are in the result; {@link hasErrors} says whether it may be used. */
export async function loadCatalog(
  source: CatalogSource,
  options: { readonly revision?: number; readonly lint?: boolean } = {},
): Promise<Catalog> {
  const problems: FileProblem[] = [];
  // A reload goes on beside everything else: 2,000 rules and 200 runbooks take half a second.
  const takeTurns = createTurns();
  const hostFiles = await readFiles(source, "hosts", problems);
  const runbookFiles = await readFiles(source, "runbooks", problems);
  const ruleFiles = await readFiles(source, "rules", problems);
  const scheduleFiles = await readFiles(source, "schedules", problems);
  const inventoryFiles = hostFiles.flatMap(({ yaml }) => (yaml === undefined ? [] : [yaml]));
  const hosts = loadInventory(inventoryFiles, ".", problems);
  const isInventoryBroken = problems.some(({ file }) => hostFiles.some((host) => host.file === file));
  const { runbooks: loadedRunbooks, brokenRunbooks } = await loadRunbooks(runbookFiles, problems, takeTurns);
  const choices = await readOptions(source, loadedRunbooks, problems);
  const rules: LoadedRule[] = [];
  for (const { yaml } of ruleFiles) {
    await takeTurns();
    if (yaml !== undefined) rules.push(...withPaths(loadRules(yaml, problems), yaml));
  }
  const schedules = scheduleFiles.flatMap(({ yaml }) =>
    yaml === undefined ? [] : loadSchedules(yaml, problems),
  );
  const inventory = new Inventory(hosts);
  const loaded: Loaded = {
    source,
    rules,
    schedules,
    runbooks: choices.runbooks,
    brokenRunbooks,
    inventory,
    isInventoryBroken,
  };
  await takeTurns();
  checkRules(loaded, problems);
  await takeTurns();
  checkRunbooks(loaded, problems);
  checkSchedules(loaded, problems);
  await takeTurns();
  if (options.lint === true) lintCatalog(loaded, problems);
  const files = [...ruleFiles, ...runbookFiles, ...scheduleFiles, ...hostFiles, ...choices.files];
  return toCatalog(loaded, files, inFileOrder(problems), options.revision ?? 1);
}

function toCatalog(
  loaded: Loaded,
  files: readonly CatalogFile[],
  problems: readonly FileProblem[],
  revision: number,
): Catalog {
  const rules = loaded.rules.map(({ rule }) => rule);
  return {
    rules,
    rulesByName: new Map(rules.map((rule) => [rule.name, rule])),
    ruleSources: new Map(
      loaded.rules.map(({ rule, file, path }) => [
        rule.name,
        { text: file.textAt(path), line: file.problem(path, "", "").line, value: file.valueAt(path) },
      ]),
    ),
    index: buildMatchIndex(rules),
    runbooks: new Map([...loaded.runbooks].map(([name, { runbook }]) => [name, runbook])),
    schedules: new Map(loaded.schedules.map(({ schedule }) => [schedule.name, schedule])),
    inventory: loaded.inventory,
    intervals: loaded.source.intervals,
    digest: digestOf(filesFingerprint(loaded.source, files)),
    revision,
    files: files.map(({ kind, file, sha256 }): CatalogFile => ({ kind, file, sha256 })),
    problems,
  };
}

/** Finds where each rule stands. Rules with problems are left out of `rules`, so positions in the list say nothing. */
function withPaths(rules: readonly Rule[], file: YamlFile): LoadedRule[] {
  if (rules.length === 0) return [];
  const { rules: entries } = file.value as { readonly rules: readonly { readonly name: string }[] };
  const paths = new Map(
    entries.map((entry, index) => {
      const { line } = file.problem(["rules", index, "name"], "", "");
      return [`${line} ${entry.name}`, ["rules", index]] as const;
    }),
  );
  return rules.map((rule) => ({ rule, file, path: paths.get(`${rule.line} ${rule.name}`) ?? ["rules"] }));
}

async function loadRunbooks(
  files: readonly SourceFile[],
  problems: FileProblem[],
  takeTurns: () => Promise<void>,
): Promise<Pick<Loaded, "runbooks" | "brokenRunbooks">> {
  const runbooks = new Map<string, { runbook: Runbook; file: YamlFile }>();
  const broken = new Set<string>();
  let isAnyUnknown = false;
  for (const { yaml } of files) {
    await takeTurns();
    const runbook = yaml === undefined ? undefined : loadRunbook(yaml, problems);
    if (yaml === undefined || runbook === undefined) {
      const name = nameIn(yaml?.value);
      if (name === undefined) isAnyUnknown = true;
      else broken.add(name);
      continue;
    }
    const earlier = runbooks.get(runbook.name);
    if (earlier === undefined) runbooks.set(runbook.name, { runbook, file: yaml });
    else {
      const message = `the runbook "${runbook.name}" is already in ${earlier.file.file}`;
      problems.push(yaml.problem(["name"], "repeated-name", message));
    }
  }
  return { runbooks, brokenRunbooks: isAnyUnknown ? null : broken };
}

function nameIn(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("name" in value)) return undefined;
  return typeof value.name === "string" ? value.name : undefined;
}

function inFileOrder(problems: readonly FileProblem[]): FileProblem[] {
  const names = [...new Set(problems.map(({ file }) => file))].sort();
  return names.flatMap((name) =>
    problems
      .filter(({ file }) => file === name)
      .sort((left, right) => left.line - right.line || left.column - right.column),
  );
}
