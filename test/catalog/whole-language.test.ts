// Every verb, key and type of input that the languages have is accepted: one configuration that uses all of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkCommand } from "../../src/cli/check.ts";
import { INPUT_TYPES } from "../../src/runbooks/inputs/types.ts";
import { EFFECTS, VERBS } from "../../src/runbooks/runbook.ts";
import { stepSchema } from "../../src/runbooks/schema.ts";

const folder = join(import.meta.dirname, "../fixtures/valid");
const runbook = readFileSync(join(folder, "runbooks/everything.yml"), "utf8");

test("a configuration with all of it is good", async () => {
  let text = "";
  const stream = { write: (part: string) => (text += part) };
  const configFile = join(folder, "nightshift.yml");
  const options = { configFile, format: "human", lint: false, lintFatal: true } as const;
  const exitCode = await checkCommand(options, folder, { stdout: stream, stderr: stream });
  expect([text, exitCode]).toEqual([expect.stringContaining("all good"), 0]);
});

test.each([...new Set([...VERBS, ...Object.keys(stepSchema.shape)])])(
  "%s stands in one of its steps",
  (key) => {
    expect(runbook).toMatch(new RegExp(`\\b${key}:`));
  },
);

test.each([...EFFECTS, ...INPUT_TYPES])("%s stands in it", (word) => {
  expect(runbook).toMatch(new RegExp(`: ${word}\\b`));
});
