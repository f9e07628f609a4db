/** Longer ones are no use in an address. */
const MATCHER_CHARS_MAX = 500;

/** `team="web"` as the filter of alerts reads it; null for what it cannot hold. */
export function matcherText(name: string, value: string): string | null {
  const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  const text = `${isPlain ? name : quoted(name)}=${quoted(value)}`;
  return text.length > MATCHER_CHARS_MAX || !text.isWellFormed() || text.includes("\0") ? null : text;
}

/** A filter with one matcher more; the same when it has it already. */
export function withMatcher(filter: string, matcher: string): string {
  const rest = filter.trim().replace(/,$/, "");
  if (rest === "") return matcher;
  if (rest.includes(matcher)) return rest;
  return rest.endsWith("}") ? `${rest.slice(0, -1)}, ${matcher}}` : `${rest}, ${matcher}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
