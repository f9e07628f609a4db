import { buildLiterals } from "./literals.ts";
import { type ByteClass, maskOf, NO, type Search, type Verdict, type View, WAIT } from "./search.ts";

/**
 * A kind of secret that is known by its looks. The expression is tried where one of the anchors begins, and only there; its
 * second group is what is replaced, or all of it where it has no groups. It never reads beyond the line, nor beyond
 * {@link REACH_BYTES}, so that what it says does not depend on how the text was cut.
 */
export interface Pattern {
  readonly name: string;
  /** Lower case; found whatever case the text has. The expression begins with one of them. */
  readonly anchors: readonly string[];
  /** Sticky. On bytes as text of one character each. */
  readonly expression: RegExp;
  /** What goes on behind the match belongs to it: a token may be longer than any expression says. */
  readonly rest: ByteClass | null;
}

/** How far from its anchor an expression may read, in bytes. */
export const REACH_BYTES = 4_096;

/** Something that needs more than an expression: a key over many lines, a value in its quotes. */
export interface OwnJudge {
  readonly name: string;
  readonly anchors: readonly string[];
  judge(view: View, at: number, priority: number): Verdict;
}

export function searchPatterns(patterns: readonly (Pattern | OwnJudge)[]): Search {
  const literals = patterns.flatMap((pattern, priority) =>
    pattern.anchors.map((anchor) => ({ anchor, judge: judgeOf(pattern, priority) })),
  );
  return {
    literals: buildLiterals(
      literals.map(({ anchor }) => Buffer.from(anchor, "latin1")),
      { isFolded: true, skipsLineBreaks: false },
    ),
    skipsCovered: true,
    judge: (literal, view, at) => literals[literal]?.judge(view, at) ?? NO,
  };
}

function judgeOf(pattern: Pattern | OwnJudge, priority: number): (view: View, at: number) => Verdict {
  if ("judge" in pattern) return (view, at) => pattern.judge(view, at, priority);
  const { name, expression, rest } = pattern;
  const mask = Buffer.from(maskOf(name));
  return (view, at) => {
    if (!isWholeLine(view, at)) return WAIT;
    expression.lastIndex = at;
    const match = expression.exec(view.text());
    if (match === null) return NO;
    const start = at + (match[1] ?? "").length;
    const end = start + (match[2] ?? match[0]).length;
    return { kind: "found", span: { start, end, name, mask, rest, priority } };
  };
}

/** Everything that an expression may read from there is at hand. */
export function isWholeLine(view: View, at: number): boolean {
  return view.isEnd || view.end - at >= REACH_BYTES || view.lineEnd(at) !== -1;
}
