import type { Coverage } from "./coverage.ts";
import type { SharedParts } from "./dependencies.ts";
import type { LoadedTest, TestFile } from "./load-tests.ts";
import { type Failure, runRuleTest } from "./rule-test.ts";
import { runRunbookTest } from "./runbook-test.ts";

export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly durationMs: number;
  /** Empty when the test passed. */
  readonly failures: readonly Failure[];
}

/** Runs one test, whichever of both kinds it is. What goes wrong in it is a failure of it. */
export async function runTest(
  file: TestFile,
  test: LoadedTest,
  parts: { readonly shared: SharedParts; readonly coverage: Coverage },
): Promise<TestResult> {
  const startedAtMs = performance.now();
  const failures = await (test.config.runbook === undefined
    ? runRuleTest(file, test, parts)
    : runRunbookTest(file, test, parts.shared)
  ).catch((error: unknown): Failure[] => {
    const message = error instanceof Error ? error.message : String(error);
    return [
      { line: test.line, title: "the test itself", diff: message.split("\n").map((line) => `! ${line}`) },
    ];
  });
  const durationMs = performance.now() - startedAtMs;
  return { file: file.file, name: test.config.name, line: test.line, durationMs, failures };
}
