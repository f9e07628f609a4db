// Whatever a file looks like, the loaders say what is wrong with it; they never throw, hang or point outside of it.
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadInventory } from "../../src/hosts/load.ts";
import type { FileProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";
import { loadRules } from "../../src/rules/load.ts";
import { readBlocks } from "../support/markdown.ts";
import { loadRunbook } from "../../src/runbooks/load.ts";

const root = join(import.meta.dirname, "../..");
const filesOf = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => join(folder, name));
/** The documents' examples have every key there is. */
const examples = ["rules.md", "runbooks.md"].flatMap((page) =>
  readBlocks(page, readFileSync(join(root, "docs", page), "utf8"))
    .filter((block) => block.language === "yaml")
    .map((block) => ({ name: /^# (\S+)\n/.exec(block.text)?.[1] ?? "", text: block.text })),
);
const shipped = [...filesOf("rules"), ...filesOf("runbooks"), "hosts.yml"].map((name) => ({
  name,
  text: readFileSync(join(root, name), "utf8"),
}));
const corpus = [...shipped, ...examples.filter(({ name }) => /^(rules|runbooks)\//.test(name))];
const snippets = [
  "${{",
  "}}",
  "${{ steps.x.y }}",
  "inputs.",
  ": ",
  "- ",
  "\n",
  "\r\n",
  "\t",
  "\u0000",
  "\ud800",
  "\ufeff",
  '"',
  "'",
  "|",
  ">",
  "&a ",
  "*a",
  "!!str ",
  "{",
  "]",
  "null",
  "~",
  "12",
  "1e400",
  "off",
  "# ",
  "---\n",
  "__proto__",
  "constructor",
  "🌍",
];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat({ max: 40 }),
  insert: fc.oneof(fc.constantFrom(...snippets), fc.string({ maxLength: 5 })),
});

function load(name: string, text: string): { isUsable: boolean; problems: FileProblem[] } {
  const problems: FileProblem[] = [];
  const file = YamlFile.parse(name, text, problems);
  if (file === undefined) return { isUsable: false, problems };
  if (name.startsWith("runbooks")) return { isUsable: loadRunbook(file, problems) !== undefined, problems };
  if (name.startsWith("rules")) loadRules(file, problems);
  else loadInventory([file], ".", problems);
  return { isUsable: problems.length === 0, problems };
}

test("a damaged file has a problem, at a place inside the file", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...corpus),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      ({ name, text }, mutations) => {
        const damaged = mutations.reduce((current, { at, cut, insert }) => {
          const start = Math.floor(at * current.length);
          return current.slice(0, start) + insert + current.slice(start + cut);
        }, text);
        const { isUsable, problems } = load(name, damaged);
        expect(isUsable || problems.length > 0).toBe(true);
        const lines = damaged.split("\n");
        for (const { line, column, length, message } of problems) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
          expect(length).toBeGreaterThan(0);
          expect(message).not.toBe("");
        }
      },
    ),
    { numRuns: 400 },
  );
});

test.each([5, 20_000])("a list %i deep is refused or read, without a crash", (depth) => {
  const text = `name: x\nsteps: ${"[".repeat(depth)}${"]".repeat(depth)}\n`;
  expect(load("runbooks/deep.yml", text).problems).not.toEqual([]);
});
