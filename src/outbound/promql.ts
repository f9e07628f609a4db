import type { QueryVariable } from "../runbooks/verbs/prometheus.ts";

/** A query whose variables cannot be bound; `offset` is where in the query. */
export class PromqlError extends Error {
  override readonly name = "PromqlError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * The query with every `$name` replaced by a quoted string literal: the only way a value gets into a query, so that no value
 * can be anything but a string in it. Throws {@link PromqlError} on a variable without a value, and on one inside a string,
 * where it would stay as it is.
 */
export function bindPromql(query: string, values: Readonly<Record<string, QueryVariable>>): string {
  let bound = "";
  let end = 0;
  for (const { name, start } of variablesOf(query, (candidate) => Object.hasOwn(values, candidate))) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new PromqlError(`$${name} has no value; give it under vars`, start);
    bound += query.slice(end, start) + quotePromql(textOf(value));
    end = start + 1 + name.length;
  }
  return bound + query.slice(end);
}

interface PromqlVariable {
  readonly name: string;
  /** Where its `$` stands. */
  readonly start: number;
}

/** The `$name` parts of a query outside of strings and comments. */
function variablesOf(query: string, isKnown: (name: string) => boolean): PromqlVariable[] {
  const variables: PromqlVariable[] = [];
  for (const match of query.matchAll(TOKENS)) {
    const { string, open, name } = match.groups ?? {};
    if (open !== undefined) throw new PromqlError("a string does not end", match.index);
    if (string !== undefined) refuseVariablesIn(string, match.index, isKnown);
    if (name !== undefined) variables.push({ name, start: match.index });
  }
  return variables;
}

/** Strings in PromQL's three quotes, a quote that nothing closes, comments, and variables. */
const TOKENS =
  /(?<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`[^`]*`)|(?<open>["'`])|#[^\n]*|\$(?<name>[A-Za-z_]\w*)/g;
const VARIABLE = /\$\{?([A-Za-z_]\w*)/g;

/** `$1` in label_replace is none of ours, a known name is a mistake. */
function refuseVariablesIn(string: string, offset: number, isKnown: (name: string) => boolean): void {
  for (const match of string.matchAll(VARIABLE)) {
    const name = match[1] ?? "";
    if (isKnown(name))
      throw new PromqlError(
        `$${name} stands inside a string; write it bare, as in instance=~$${name}`,
        offset + match.index,
      );
  }
}

function textOf(value: QueryVariable): string {
  switch (value.kind) {
    case "text":
      return value.value;
    case "regex_of":
      return quoteRe2(value.value) + value.then;
  }
}

/** A regular expression that matches exactly this text: RE2's `QuoteMeta`. */
export function quoteRe2(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

/**
 * A PromQL string literal. Control characters are written as escapes, and so is U+FFFD: Prometheus takes the character itself
 * for text that is no UTF-8.
 */
function quotePromql(text: string): string {
  const escaped = text.toWellFormed().replace(/["\\]|\p{Cc}|[\u2028\u2029\ufffd]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
