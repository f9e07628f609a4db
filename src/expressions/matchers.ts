import { MatcherError, type Token, tokenize } from "./matcher-lexer.ts";
import { compileRe2, Re2Error } from "./re2.ts";

export { MatcherError } from "./matcher-lexer.ts";

const OPERATORS = ["=", "!=", "=~", "!~"] as const;
type Operator = (typeof OPERATORS)[number];

/** One label matcher in Alertmanager's grammar. A missing label counts as the empty string, as it does there. */
export interface Matcher {
  readonly name: string;
  readonly operator: Operator;
  readonly value: string;
  /** All values that fit, where they are known: of `=`, and of `=~` with nothing but literals. Null otherwise. */
  readonly values: ReadonlySet<string> | null;
  /**
   * Whether the label's value ("" when it has none) fits. Regular expressions are RE2 and anchored. Throws Re2Error for
   * a value that is too long for the regular expression.
   */
  matches(value: string): boolean;
}

/** Parses one matcher as Alertmanager's UTF-8 strict parser does. Throws {@link MatcherError}. */
export function parseMatcher(text: string): Matcher {
  if (text.startsWith("{") || text.endsWith("}"))
    throw new MatcherError("a single matcher has no braces", Math.max(0, text.search(/[{}]/)));
  const [first, ...others] = parseMatchers(text);
  if (first === undefined) throw new MatcherError("a matcher is missing", 0);
  if (others.length > 0)
    throw new MatcherError(`one matcher is expected, but there are ${others.length + 1}`, 0);
  return first;
}

/**
 * Parses `{a="b", c=~"d"}` or the same without braces, as Alertmanager's UTF-8 strict parser does; no matcher at all is
 * an empty list. Throws {@link MatcherError}.
 */
export function parseMatchers(text: string): Matcher[] {
  const tokens = tokenize(text);
  const matchers: Matcher[] = [];
  const hasBrace = tokens[0]?.kind === "{";
  let position = hasBrace ? 1 : 0;
  while (tokenAt(tokens, position).kind !== "}" && tokenAt(tokens, position).kind !== "end") {
    matchers.push(readMatcher(tokens, position));
    position += 3;
    const after = tokenAt(tokens, position);
    if (after.kind === ",") position += 1;
    else if (after.kind !== "}" && after.kind !== "end")
      throw new MatcherError(`a comma is missing before ${shown(after)}`, after.start);
  }
  const close = tokenAt(tokens, position);
  if (close.kind === "}" && !hasBrace) throw new MatcherError('"}" has no "{" before it', close.start);
  if (close.kind === "end" && hasBrace) throw new MatcherError('a closing "}" is missing', close.start);
  const rest = tokenAt(tokens, hasBrace ? position + 1 : position);
  if (rest.kind !== "end") throw new MatcherError(`${shown(rest)} stands after the end`, rest.start);
  return matchers;
}

/** Whether every matcher fits the labels. */
export function selectorMatches(
  matchers: readonly Matcher[],
  labels: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
): boolean {
  if (labels instanceof Map) {
    const map = labels as ReadonlyMap<string, string>;
    return matchers.every((matcher) => matcher.matches(map.get(matcher.name) ?? ""));
  }
  const record = labels as Readonly<Record<string, string>>;
  return matchers.every((matcher) =>
    matcher.matches(Object.hasOwn(record, matcher.name) ? (record[matcher.name] ?? "") : ""),
  );
}

/** The matcher as text that parses to the same. */
export function formatMatcher({
  name,
  operator,
  value,
}: Pick<Matcher, "name" | "operator" | "value">): string {
  const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  return `${isPlain ? name : quote(name)}${operator}${quote(value)}`;
}

function readMatcher(tokens: readonly Token[], position: number): Matcher {
  const name = tokenAt(tokens, position);
  if (!isText(name)) throw new MatcherError(`a label name is expected, not ${shown(name)}`, name.start);
  const operator = tokenAt(tokens, position + 1);
  const kind = OPERATORS.find((known) => known === operator.kind);
  if (kind === undefined)
    throw new MatcherError(
      `=, !=, =~ or !~ is expected after the label name, not ${shown(operator)}`,
      operator.start,
    );
  const value = tokenAt(tokens, position + 2);
  if (!isText(value)) throw new MatcherError(`a value is expected, not ${shown(value)}`, value.start);
  return createMatcher(name.value, kind, value);
}

function createMatcher(name: string, operator: Operator, { value, start }: Token): Matcher {
  if (operator === "=")
    return { name, operator, value, values: new Set([value]), matches: (text) => text === value };
  if (operator === "!=") return { name, operator, value, values: null, matches: (text) => text !== value };
  try {
    const pattern = compileRe2(value);
    if (operator === "!~")
      return { name, operator, value, values: null, matches: (text) => !pattern.matchesWhole(text) };
    return { name, operator, value, values: pattern.literals, matches: (text) => pattern.matchesWhole(text) };
  } catch (error) {
    if (error instanceof Re2Error) throw new MatcherError(error.message, start);
    throw error;
  }
}

function tokenAt(tokens: readonly Token[], position: number): Token {
  return tokens[Math.min(position, tokens.length - 1)] ?? { kind: "end", value: "", start: 0 };
}

function isText(token: Token): boolean {
  return token.kind === "quoted" || token.kind === "unquoted";
}

function shown(token: Token): string {
  return token.kind === "end" ? "the end" : `"${token.value}"`;
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
