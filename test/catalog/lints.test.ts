// Proves that every lint has a page, every page a lint, and that what a page shows as wrong gives its lint and what it
// shows as right gives none.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LINTS } from "../../src/catalog/lint-codes.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { formatProblem } from "../../src/platform/problems.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { readBlocks } from "../support/markdown.ts";
import { createConfigFolder } from "./folder.ts";

const root = join(import.meta.dirname, "../..");
const pages = join(root, "docs/lints");
const codes = Object.keys(LINTS);

/** What the examples may refer to; itself without any warning. */
const AROUND: Readonly<Record<string, string>> = {
  "nightshift.yml": `notifiers: [{name: oncall, log: {}}]
notify: [{to: oncall, events: [failed, no_effect]}]
`,
  "hosts.yml": "hosts: [{name: local}, {name: web-1, address: 10.0.0.11}]\n",
  "rules/zz-last.yml": "rules: [{name: zz-last, mode: observe, matchers: []}]\n",
  "runbooks/restart-web.yml": `name: restart-web
owner: team-web
inputs: {host: {type: host}, service: {type: choice, options: [nginx, caddy]}}
target: \${{ inputs.host }}
steps:
  - collect: {journal: {unit: "\${{ inputs.service }}.service"}}
  - command: [systemctl, restart, "\${{ inputs.service }}.service"]
`,
};

/** The examples below one heading of a page, by file name. */
function examplesOf(code: string, heading: "Wrong" | "Right"): Readonly<Record<string, string>> {
  const text = readFileSync(join(pages, `${code}.md`), "utf8");
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`${code}.md has no heading "${heading}"`);
  const end = text.indexOf("\n## ", start + 1);
  const blocks = readBlocks(`${code}.md`, text.slice(start, end < 0 ? text.length : end));
  expect(blocks.length).toBeGreaterThan(0);
  return Object.fromEntries(blocks.map((block) => [/^# (\S+)\n/.exec(block.text)?.[1] ?? "", block.text]));
}

async function problemsOf(shown: Readonly<Record<string, string>>) {
  await using folder = await createConfigFolder({ ...AROUND, ...shown });
  const configFile = join(folder.path, "nightshift.yml");
  const flags = { configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const settings = await loadSettings(flags, root);
  if (!settings.ok) throw new Error(settings.problems.map(formatProblem).join("\n"));
  const { problems } = await loadCatalog(catalogSourceOf(settings.settings), { lint: true });
  return problems;
}

test("every lint has a page, and every page a lint", () => {
  expect(readdirSync(pages).sort()).toEqual(codes.map((code) => `${code}.md`).sort());
});

test("every lint is in the list of rules.md", () => {
  const listed = readFileSync(join(root, "docs/rules.md"), "utf8")
    .split("\n")
    .filter((line) => line.includes("](lints/"));
  expect(listed).toEqual(
    Object.entries(LINTS).map(([code, what]) => `- [\`${code}\`](lints/${code}.md): ${what}`),
  );
});

test("what stands around the examples gives no warning", async () => {
  expect(await problemsOf({})).toEqual([]);
});

describe.each(codes)("%s", (code) => {
  test("begins its page", () => {
    expect(readFileSync(join(pages, `${code}.md`), "utf8").split("\n")[0]).toBe(`# ${code}`);
  });

  test("is what the wrong example gives, and nothing else", async () => {
    const problems = await problemsOf(examplesOf(code, "Wrong"));
    expect(problems.map((problem) => [problem.severity, problem.code])).toEqual([["warning", code]]);
  });

  test("is not given for the right example, nor is any other", async () => {
    expect((await problemsOf(examplesOf(code, "Right"))).map(formatProblem)).toEqual([]);
  });
});
