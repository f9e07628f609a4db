import { ExpressionError } from "../../expressions/expression.ts";

/**
 * A value as it stands in a URL, after the text `before` of it: nothing in it can end its part of the URL. At the very
 * beginning it is a piece of URL and stays as it is; in the host's place it must be a host, or a part of one; in the path
 * and in the query it is escaped. Throws ExpressionError for a value that has no place there.
 */
export function placeInUrl(value: string, before: string): string {
  if (before === "") return value;
  if (/^[a-z]+:\/\/[^/\\?#]*$/i.test(before)) return hostPart(value, before);
  const escaped = encodeURIComponent(value.toWellFormed());
  if (!/[?#]/.test(before)) checkSegment(escaped, before);
  return escaped;
}

/** Names, addresses and ports. IPv6 addresses get their brackets. */
function hostPart(value: string, before: string): string {
  if (/^[\w.-]+$/.test(value)) return value;
  if (!before.endsWith("//")) throw noHost(value);
  if (/^(?:[\w.-]+:\d{1,5}|\[[\da-f:.]+\](?::\d{1,5})?)$/i.test(value)) return value;
  if (/^[\da-f:.]+$/i.test(value) && URL.canParse(`http://[${value}]/`)) return `[${value}]`;
  throw noHost(value);
}

function noHost(value: string): ExpressionError {
  const message = `${shown(value)} stands where the URL has its host, and is neither a name nor an address`;
  return new ExpressionError("evaluation", message, 0, 0);
}

/** `/items/` is another thing than `/items/3`, and no escaping keeps `..` from being the folder above. */
function checkSegment(escaped: string, before: string): void {
  const segment = before.slice(before.lastIndexOf("/") + 1) + escaped;
  if (escaped === "" && segment === "")
    throw new ExpressionError("evaluation", "an empty value stands where the URL's path needs one", 0, 0);
  if (/^(?:\.|%2e){1,2}$/i.test(segment))
    throw new ExpressionError("evaluation", `${shown(segment)} is no part of a URL's path`, 0, 0);
}

function shown(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…`.toWellFormed() : value);
}
