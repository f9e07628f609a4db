// What the repository ships is an example to follow: it loads without a warning, all of it is tested, and the tests pass.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkCommand } from "../src/cli/check.ts";
import { testCommand } from "../src/cli/test.ts";

const root = join(import.meta.dirname, "..");
const configFile = join(root, "nightshift.yml");

function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => ending.test(name))
    .map((name) => join(root, folder, name));
}

const testFiles = filesIn("rules", /\.test\.yml$/);
const namesIn = (file: string) =>
  parse(readFileSync(file, "utf8")) as { name?: string; rules?: { name: string }[] };
const runbooks = filesIn("runbooks", /\.yml$/).map((file) => namesIn(file).name ?? "");
const rules = filesIn("rules", /(?<!\.test)\.yml$/).flatMap(
  (file) => namesIn(file).rules?.map(({ name }) => name) ?? [],
);

async function said(command: (output: Parameters<typeof checkCommand>[2]) => Promise<number>) {
  let text = "";
  const stream = { write: (part: string) => (text += part) };
  const exitCode = await command({ stdout: stream, stderr: stream });
  return { exitCode, text };
}

describe("the shipped rules and runbooks", () => {
  test("are the cases that the documents promise", () => {
    expect(runbooks).toEqual(
      expect.arrayContaining([
        "fetch-logs",
        "free-disk-space",
        "install-certificate",
        "refresh-test-db",
        "renew-certificate",
        "restart-unit",
        "restart-web",
        "swap-environment",
      ]),
    );
  });

  test("load without an error and without a warning", async () => {
    const options = { configFile, format: "human", lint: true, lintFatal: true } as const;
    expect(await said((output) => checkCommand(options, root, output))).toMatchObject({ exitCode: 0 });
  });

  test("keep what their tests say, and every rule is met in one", async () => {
    const none = { configFile, run: null, junit: null, files: [] };
    const options = { ...none, coverage: true, coverageThreshold: null, format: "text" } as const;
    const { exitCode, text } = await said((output) => testCommand(options, root, output));
    expect(text).toMatch(/^\d+ passed, 0 failed/m);
    expect(exitCode).toBe(0);
  });

  test.each(runbooks)("%s is run by a test, well and badly", (name) => {
    const tests = testFiles.flatMap(
      (file) =>
        (parse(readFileSync(file, "utf8")) as { tests: { runbook?: string; expect_status?: string }[] })
          .tests,
    );
    const ends = tests.filter(({ runbook }) => runbook === name).map((one) => one.expect_status);
    expect(new Set(ends)).toEqual(new Set(["succeeded", "failed"]));
  });

  test.each(rules)("%s is met by a test", (name) => {
    expect(testFiles.some((file) => readFileSync(file, "utf8").includes(`rule: ${name},`))).toBe(true);
  });
});
