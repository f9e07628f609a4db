// What an operator reads about a wrong file: each file of fixtures/invalid has its exact messages in a .txt beside it.
// UPDATE_GOLDEN=1 writes them anew; read the difference before committing it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CatalogSource } from "../../src/catalog/catalog.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { loadInventory } from "../../src/hosts/load.ts";
import { compileIntervals } from "../../src/intervals/interval.ts";
import { NOTICE_EVENTS } from "../../src/notify/events.ts";
import { type FileProblem, formatProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";
import { loadRunbook } from "../../src/runbooks/load.ts";

const folder = join(import.meta.dirname, "../fixtures/invalid");
const names = readdirSync(folder).filter((name) =>
  /^(runbook|hosts|rules|catalog-runbook|schedules)-.*\.yml$/.test(name),
);

/** What the wrong rules and runbooks stand among. */
const AROUND: CatalogSource = {
  folder: join(folder, "around"),
  rules: [],
  runbooks: ["runbooks/*.yml"],
  hosts: ["hosts.yml"],
  notifierNames: ["oncall"],
  sourceNames: ["alertmanager", "grafana"],
  sourcesWithApi: ["grafana"],
  annotatedSources: ["grafana"],
  noticeEvents: NOTICE_EVENTS,
  isAnyoneTold: true,
  intervals: compileIntervals(["office-hours", "night"].map((name) => ({ name, time_intervals: [] }))),
};

describe("messages about wrong files", () => {
  test("there are at least 60 of rules and runbooks", () => {
    expect(names.filter((name) => !name.startsWith("hosts-")).length).toBeGreaterThanOrEqual(60);
  });

  test("what stands around them is good", async () => {
    expect((await loadCatalog(AROUND)).problems).toEqual([]);
  });

  test.each(names)("%s", async (name) => {
    const problems = await problemsOf(name);
    const text = `${problems.map(formatProblem).join("\n")}\n`;
    const golden = join(folder, name.replace(/\.yml$/, ".txt"));
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    expect(problems.filter((problem) => problem.severity === "error")).not.toEqual([]);
    expect(text).toBe(existsSync(golden) ? readFileSync(golden, "utf8") : "");
  });

  test.each(names)("%s points at places that exist", async (name) => {
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    const problems = await problemsOf(name);
    for (const problem of problems.filter(({ file }) => file === name)) {
      expect(lines[problem.line - 1] ?? "").toBe(problem.sourceLine || (lines[problem.line - 1] ?? ""));
      expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1] ?? "").length + 1);
    }
  });
});

async function problemsOf(name: string): Promise<FileProblem[]> {
  if (name.startsWith("rules-")) return inCatalog({ ...AROUND, rules: [join(folder, name)] });
  if (name.startsWith("schedules-")) return inCatalog({ ...AROUND, schedules: [join(folder, name)] });
  if (name.startsWith("catalog-runbook-"))
    return inCatalog({ ...AROUND, runbooks: [...AROUND.runbooks, join(folder, name)] });
  const problems: FileProblem[] = [];
  const file = YamlFile.parse(name, readFileSync(join(folder, name), "utf8"), problems);
  if (file === undefined) return problems;
  if (name.startsWith("hosts-")) loadInventory([file], folder, problems);
  else loadRunbook(file, problems);
  return problems;
}

async function inCatalog(source: CatalogSource): Promise<FileProblem[]> {
  const { problems } = await loadCatalog(source);
  return problems.map((problem) => ({
    ...problem,
    file: problem.file.replace(`${folder}/`, ""),
    message: problem.message.replaceAll(`${folder}/`, ""),
  }));
}
