// What an operator reads about a wrong file: each file of fixtures/invalid has its exact messages in a .txt beside it.
// UPDATE_GOLDEN=1 writes them anew; read the difference before committing it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkHostNames, loadHosts } from "../../src/hosts/load.ts";
import { type FileProblem, formatProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";
import { loadRunbook } from "../../src/runbooks/load.ts";

const folder = join(import.meta.dirname, "../fixtures/invalid");
const names = readdirSync(folder).filter((name) => /^(runbook|hosts)-.*\.yml$/.test(name));

describe("messages about wrong files", () => {
  test("there are at least 25 of them", () => {
    expect(names.length).toBeGreaterThanOrEqual(25);
  });

  test.each(names)("%s", (name) => {
    const problems = problemsOf(name, readFileSync(join(folder, name), "utf8"));
    const text = `${problems.map(formatProblem).join("\n")}\n`;
    const golden = join(folder, name.replace(/\.yml$/, ".txt"));
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    expect(problems.filter((problem) => problem.severity === "error")).not.toEqual([]);
    expect(text).toBe(existsSync(golden) ? readFileSync(golden, "utf8") : "");
  });

  test.each(names)("%s points at places that exist", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const lines = text.split("\n");
    for (const problem of problemsOf(name, text)) {
      expect(lines[problem.line - 1] ?? "").toBe(problem.sourceLine || (lines[problem.line - 1] ?? ""));
      expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1] ?? "").length + 1);
    }
  });
});

function problemsOf(name: string, text: string): FileProblem[] {
  const problems: FileProblem[] = [];
  const file = YamlFile.parse(name, text, problems);
  if (file === undefined) return problems;
  if (name.startsWith("hosts-")) checkHostNames(loadHosts(file, folder, problems), problems);
  else loadRunbook(file, problems);
  return problems;
}
