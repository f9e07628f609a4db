import { verifyBundle } from "../archive/verify-bundle.ts";
import type { CommandOutput } from "./output.ts";

/** Says whether a bundle is as it was sealed. Resolves with the exit code: 0 when it is, 1 when it is not. */
export async function verifyCommand(file: string, output: CommandOutput): Promise<number> {
  const report = await verifyBundle(file);
  for (const problem of report.problems) output.stdout.write(`${file}: ${problem}\n`);
  if (report.problems.length > 0) return 1;
  const note = report.isSealed ? "" : "; it was packed anew, so only its files could be checked";
  output.stdout.write(`${file}: ${report.files} files as they were sealed${note}\n`);
  return 0;
}
