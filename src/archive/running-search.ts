import { LogScan } from "./log-scan.ts";
import { type FoundMatches, MatchPage, type MatchQuery } from "./log-search.ts";
import { type Stretch, StretchCutter } from "./log-stretches.ts";
import type { LivePart } from "./output-log.ts";

const PART_BYTES = 256 * 1024;

/**
 * Searches what is kept of a running output: its beginning and its end, some 10 MiB, each time anew, since it grows. Where nothing is
 * kept in between, a line ends.
 */
export async function searchRunning(
  read: (offset: number, lengthMax: number) => Promise<LivePart>,
  query: MatchQuery,
  signal: AbortSignal,
): Promise<FoundMatches> {
  const scan = new LogScan(query);
  const page = new MatchPage(query);
  const take = (stretch: Stretch | null) => {
    if (stretch !== null) scan.find(stretch, (found) => page.add(found));
  };
  let cutter = new StretchCutter(0);
  for await (const { start, content, firstLine, omittedBytes } of partsOf(read, signal)) {
    if (omittedBytes > 0) {
      take(cutter.end());
      scan.skipTo(firstLine);
      cutter = new StretchCutter(start);
    }
    take(cutter.push(content));
  }
  take(cutter.end());
  return { total: scan.state.number, matches: page.matches };
}

/** All of it from the first byte to what was the end when it was begun, with how much is not kept before each part. */
export async function* partsOf(
  read: (offset: number, lengthMax: number) => Promise<LivePart>,
  signal: AbortSignal,
): AsyncGenerator<LivePart & { readonly omittedBytes: number }> {
  let end: number | null = null;
  for (let at = 0; end === null || at < end; ) {
    signal.throwIfAborted();
    const part = await read(at, PART_BYTES);
    end ??= part.totalBytes;
    // Written, but not on the disk yet.
    if (part.content.byteLength === 0) return;
    yield { ...part, omittedBytes: part.start - at };
    at = part.start + part.content.byteLength;
  }
}
