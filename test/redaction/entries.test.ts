// Each kind of thing has one way into storage, and redaction stands there. Whoever adds another way meets this test.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), "utf8") }));

test.each([
  ["files of runs", /\.createFile\(/, ["archive/store-output.ts", "engine/attempt-files.ts"]],
  ["output of steps", /(?<!function )\bopenStepOutput\(/, ["engine/attempt.ts"]],
  ["problems of collectors", /(?<!function )\baddRunProblem\(/, ["engine/adopt.ts", "engine/attempt.ts"]],
  ["the journal of outcomes", /journal\.append\(/, ["engine/attempt.ts"]],
  ["notices", /\bnotifier\.send\(/, ["engine/send-notice.ts", "steps/notify.ts"]],
  ["ends of runs", /(?<!function )\bendRun\(/, ["engine/end-run.ts"]],
  ["outcomes", /(?<!function )\bsetRunOutcome\(/, ["engine/verify.ts"]],
])("%s come in by known ways", (_what, call, known) => {
  expect(
    files
      .filter(({ text }) => call.test(text))
      .map(({ file }) => file)
      .sort(),
  ).toEqual(known);
});
