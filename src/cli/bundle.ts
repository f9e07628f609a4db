import { stat } from "node:fs/promises";
import { verifyBundle } from "../archive/verify-bundle.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

/** What every command about a file of one's own is told. */
export interface BundleFlags {
  readonly format: "text" | "json";
}

/**
 * Runs the work on files that are there. What is wrong with them ends the command with 2 and one line on stderr; 0 and 1 are
 * for the work's own answer.
 */
export async function withFiles(
  files: readonly string[],
  output: CommandOutput,
  work: () => Promise<number>,
): Promise<number> {
  let current = files[0] ?? "";
  try {
    for (current of files) if (!(await stat(current)).isFile()) throw new Error("it is no file");
    return await work();
  } catch (error) {
    const name = files.length === 1 ? `${printable(current)}: ` : "";
    const message = error instanceof Error ? error.message : String(error);
    output.stderr.write(`nightshift: ${name}${printable(message)}\n`);
    return 2;
  }
}

/** Says whether a bundle is as it was sealed. Resolves with the exit code: 0 when it is, 1 when it is not. */
export function verifyCommand(file: string, flags: BundleFlags, output: CommandOutput): Promise<number> {
  return withFiles([file], output, async () => {
    const report = await verifyBundle(file);
    const isWhole = report.problems.length === 0;
    if (flags.format === "json") {
      const { problems, files, isSealed } = report;
      output.stdout.write(
        `${JSON.stringify({ file, ok: isWhole, sealed: isSealed, files, problems }, null, 2)}\n`,
      );
    } else if (isWhole) output.stdout.write(`${file}: ${report.files} files as they were sealed\n`);
    else for (const problem of report.problems) output.stdout.write(`${file}: ${printable(problem)}\n`);
    return isWhole ? 0 : 1;
  });
}
