import type { FoundLine, LogMatch, Needle } from "./log-scan.ts";

/** Which matches of a log are asked for: from the first one on that lies behind a match, and not before a line. */
export interface MatchQuery extends Needle {
  /** Number of a match; 0 for the first ones. */
  readonly after: number;
  /** Null: of any line. */
  readonly line: number | null;
  readonly limit: number;
}

export interface FoundMatches {
  /** Matching lines of the whole log, or of what there is by now. */
  readonly total: number;
  readonly matches: readonly LogMatch[];
}

/** Takes from matches that come in order those that are asked for. */
export class MatchPage {
  readonly matches: LogMatch[] = [];
  readonly #query: MatchQuery;

  constructor(query: MatchQuery) {
    this.#query = query;
  }

  get isFull(): boolean {
    return this.matches.length >= this.#query.limit;
  }

  add(found: FoundLine): void {
    const { after, line } = this.#query;
    const isBefore = line !== null && (found.line === null || found.line < line);
    if (!this.isFull && found.number > after && !isBefore) this.matches.push(found.whole());
  }
}
