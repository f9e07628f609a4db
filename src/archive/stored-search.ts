import { SharedResults } from "../platform/shared-results.ts";
import type { ArtifactReader } from "./artifact-store.ts";
import { LogScan, type ScanState } from "./log-scan.ts";
import { type FoundMatches, MatchPage, type MatchQuery } from "./log-search.ts";
import { type Stretch, StretchCutter } from "./log-stretches.ts";
import { keyOfLog, type StoredLines, type StoredLog } from "./stored-lines.ts";

/** Where a scan may go on, and how many lines match before. */
interface ScanMark extends Pick<ScanState, "number" | "isMatched"> {
  readonly offset: number;
  readonly lineStart: number;
}

interface MatchMarks {
  readonly marks: readonly ScanMark[];
  readonly total: number;
}

const MARK_EVERY_BYTES = 256 * 1024;
/** Looked at as one text: larger ones take V8 twice as long. */
const TEXT_BYTES = 64 * 1024;

/**
 * Searches stored logs. The first question for a text reads the whole log, about two seconds for 1 GB, and keeps how many lines match
 * before each part of it, so that any further match is found by reading little.
 */
export class StoredSearches {
  readonly #artifacts: ArtifactReader;
  readonly #lines: StoredLines;
  readonly #marks = new SharedResults<MatchMarks>({ keptMax: 32, atOnceMax: 2, askersMax: 20 });

  constructor(artifacts: ArtifactReader, lines: StoredLines) {
    this.#artifacts = artifacts;
    this.#lines = lines;
  }

  /** Throws TooBusyError, and the signal's reason when it is aborted. */
  async find(log: StoredLog, query: MatchQuery, signal: AbortSignal): Promise<FoundMatches> {
    const key = JSON.stringify([keyOfLog(log), query.text, query.isCaseSensitive]);
    const { marks, total } = await this.#marks.get(key, signal, (stop) => this.#countAll(log, query, stop));
    const lines = await this.#lines.of(log, signal);
    const page = new MatchPage(query);
    const from = await startOf(marks, query, lines);
    if (from === null || total === 0 || query.after >= total) return { total, matches: page.matches };
    const line = await lines.lineAt(from.offset);
    const scan = new LogScan(query, { number: from.number, isMatched: from.isMatched, line });
    for await (const stretch of this.#stretches(log, from, signal)) {
      scan.find(stretch, (found) => page.add(found));
      if (page.isFull || scan.state.number >= total) break;
    }
    return { total, matches: page.matches };
  }

  async #countAll(log: StoredLog, query: MatchQuery, signal: AbortSignal): Promise<MatchMarks> {
    const scan = new LogScan(query);
    const marks: ScanMark[] = [];
    for await (const stretch of this.#stretches(log, { offset: 0, lineStart: 0 }, signal)) {
      const { offset, lineStart } = stretch;
      const { number, isMatched } = scan.state;
      if (offset >= (marks.at(-1)?.offset ?? -MARK_EVERY_BYTES) + MARK_EVERY_BYTES)
        marks.push({ offset, lineStart, number, isMatched });
      scan.count(stretch);
    }
    return { marks, total: scan.state.number };
  }

  async *#stretches(
    { runId, path, bytes: end }: StoredLog,
    { offset, lineStart }: Pick<ScanMark, "offset" | "lineStart">,
    signal: AbortSignal,
  ): AsyncGenerator<Stretch> {
    const cutter = new StretchCutter(offset, lineStart);
    for await (const bytes of this.#artifacts.scan(runId, path, { start: offset, end })) {
      signal.throwIfAborted();
      for (let at = 0; at < bytes.byteLength; at += TEXT_BYTES) {
        const stretch = cutter.push(bytes.subarray(at, at + TEXT_BYTES));
        if (stretch !== null) yield stretch;
      }
    }
    const rest = cutter.end();
    if (rest !== null) yield rest;
  }
}

/** The last mark that has none of the wanted matches before it; null when there is nothing at all. */
async function startOf(
  marks: readonly ScanMark[],
  { after, line }: MatchQuery,
  lines: { offsetOf(line: number): Promise<number | null> },
): Promise<ScanMark | null> {
  const offset = line === null ? 0 : ((await lines.offsetOf(line)) ?? 0);
  const isBefore = (mark: ScanMark) => mark.number <= after || mark.offset <= offset;
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const mark = marks[middle];
    if (mark !== undefined && isBefore(mark)) low = middle + 1;
    else high = middle;
  }
  return marks[low - 1] ?? null;
}
