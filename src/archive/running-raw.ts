import { partsOf } from "./running-search.ts";
import type { OutputName, RunningOutput } from "./step-output.ts";
import { omissionLine } from "./store-output.ts";

/** What is kept of a running output by now, with a line where nothing is. */
export async function* rawRunning(
  output: RunningOutput,
  name: OutputName,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const read = (offset: number, lengthMax: number) => output.readLive(name, { offset }, lengthMax);
  for await (const { content, omittedBytes } of partsOf(read, signal)) {
    if (omittedBytes > 0) yield omissionLine(omittedBytes);
    yield content;
  }
}
