import { execFile } from "node:child_process";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CheckOptions, checkCommand } from "../../src/cli/check.ts";
import { createConfigFolder, GOOD } from "../catalog/folder.ts";

const programFolder = join(import.meta.dirname, "../..");
const SETTINGS = `
notifiers: [{name: oncall, webhook: {url: "http://127.0.0.1:9/"}}]
notify: [{to: oncall, events: [failed]}]
`;
const RULE = GOOD["rules/10-slow.yml"] ?? "";

async function run(files: Readonly<Record<string, string>>, options: Partial<CheckOptions> = {}) {
  const folder = await createConfigFolder({ ...GOOD, "nightshift.yml": SETTINGS, ...files });
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const all = {
    configFile: join(folder.path, "nightshift.yml"),
    format: "human",
    lint: false,
    lintFatal: false,
    ...options,
  } as const;
  const exitCode = await checkCommand(all, programFolder, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  });
  const shownFolder = relative(process.cwd(), folder.path);
  return { exitCode, stdout: written.stdout.replaceAll(shownFolder, "FOLDER"), stderr: written.stderr };
}

describe("the exit code", () => {
  const unowned = { "runbooks/b.yml": "name: b\nsteps:\n  - {wait: 1s}\n" };
  const wrong = { "rules/10-slow.yml": RULE.replace("auto", "loud") };

  test.each([
    ["all is good", {}, {}, 0],
    ["all is good, with lints", {}, { lintFatal: true }, 0],
    ["a file is wrong", wrong, {}, 2],
    ["a file is wrong and lints warn", { ...wrong, ...unowned }, { lintFatal: true }, 2],
    ["the settings are wrong", { "nightshift.yml": "webb: {}" }, {}, 2],
    ["the settings are missing", {}, { configFile: "/nowhere/nightshift.yml" }, 2],
    ["lints are not asked for", unowned, {}, 0],
    ["lints only warn", unowned, { lint: true }, 0],
    ["lints count", unowned, { lintFatal: true }, 3],
  ])("when %s", async (_, files, options, expected) => {
    expect((await run(files, options)).exitCode).toBe(expected);
  });
});

describe("what it writes", () => {
  test("says what was checked", async () => {
    const { stdout, stderr } = await run({});
    expect(stdout).toBe("checked 4 files, 1 rule, 1 runbook, 3 hosts: all good\n");
    expect(stderr).toBe("");
  });

  test("shows people the place", async () => {
    const { stdout } = await run({ "rules/10-slow.yml": RULE.replace("runbook: look", "runbook: lok") });
    expect(
      stdout,
    ).toBe(`FOLDER/rules/10-slow.yml:5:14: unknown-runbook: there is no runbook "lok"; did you mean "look"?
      runbook: lok
               ^~~

checked 4 files, 1 rule, 1 runbook, 3 hosts: 1 error, 0 warnings
`);
  });

  test("tells a setting that this version does not have from a typing error", async () => {
    const { exitCode, stdout } = await run({
      "nightshift.yml": "archive: {s3: {bucket: evidence, region: eu-west-1}}\n",
    });
    expect(exitCode).toBe(2);
    expect(stdout).toContain(
      "nightshift.yml:1:15: invalid-value: archive.s3: not available in this version: ",
    );
    expect(stdout).toContain("evidence is kept in storage.path alone");
  });

  test("gives programs JSON", async () => {
    const { stdout } = await run(
      { "rules/10-slow.yml": RULE.replace("runbook: look", "runbook: lok") },
      { format: "json" },
    );
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      files: 4,
      rules: 1,
      runbooks: 1,
      hosts: 3,
      problems: [
        {
          file: "FOLDER/rules/10-slow.yml",
          line: 5,
          column: 14,
          length: 3,
          severity: "error",
          code: "unknown-runbook",
          message: 'there is no runbook "lok"; did you mean "look"?',
          sourceLine: "    runbook: lok",
        },
      ],
    });
  });

  test("gives a code host one command a problem, whatever is in the names", async () => {
    const files = {
      "rules/50%,a:b.yml": RULE.replace("slow", "b").replace("cooldown: 30m", '"cool\\ndown": 30m'),
      "runbooks/b.yml": "name: b\nsteps:\n  - {wait: 1s}\n",
    };
    const { stdout, stderr } = await run(files, { format: "github", lint: true });
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(
        /^::error file=FOLDER\/rules\/50%25%2Ca%3Ab\.yml,line=7,col=14,endColumn=26,title=unknown-key::unknown key "cool%0Adown"; /,
      ),
      '::warning file=FOLDER/runbooks/b.yml,line=1,col=7,endColumn=8,title=no-owner::runbook "b" has no owner; whom does one ask about it?',
      "",
    ]);
    expect(stderr).toMatch(/^checked 6 files, .* 1 error, 1 warning\n$/);
  });
});

test("the shipped configuration passes every check and lint, from a shell", async () => {
  const args = [
    join(programFolder, "src/main.ts"),
    "check",
    "--config.file",
    "nightshift.yml",
    "--lint-fatal",
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: programFolder });
  expect(stdout).toMatch(/^checked \d+ files, \d+ rules, \d+ runbooks, 1 host: all good\n$/);
});
