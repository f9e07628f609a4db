import { type Pasted, PastedError } from "./pasted.ts";
import { readJson } from "./labels-json.ts";

/**
 * Reads labels as people have them at hand: `a="b", c="d"`, the same in braces, a JSON object, one label a line as `a=b` or `a: b`, or the
 * whole body of a webhook. Throws {@link PastedError}.
 */
export function readPasted(text: string): Pasted {
  const trimmed = text.trim();
  if (trimmed === "")
    throw new PastedError(1, 'paste labels, such as alertname="Slow", or the body of a webhook');
  const json = readJson(text);
  if (json !== null) return json;
  const labels = new Map<string, string>();
  const body = withoutBraces(text);
  for (const [index, line] of body.split(/\r?\n/).entries()) readLine(line, index + 1, labels);
  if (labels.size === 0) throw new PastedError(1, "there is no label in it");
  return { kind: "labels", labels: Object.fromEntries(labels), annotations: {} };
}

/** Braces count as spaces, so that lines and columns stay what they are. */
function withoutBraces(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return text;
  if (!trimmed.endsWith("}")) throw new PastedError(text.split("\n").length, 'a closing "}" is missing');
  const start = text.indexOf("{");
  const end = text.lastIndexOf("}");
  return `${text.slice(0, start)} ${text.slice(start + 1, end)} ${text.slice(end + 1)}`;
}

const NAME = /^\s*(?:-\s+)?("(?:[^"\\]|\\.)*"|[^\s"'=:!,{}]+)\s*/;

/** One line: any number of `name=value` with commas between, or one `name: value`. */
function readLine(line: string, number: number, labels: Map<string, string>): void {
  let rest = line;
  while (rest.trim() !== "" && !/^\s*#/.test(rest)) {
    const [whole, name] = NAME.exec(rest) ?? [];
    if (whole === undefined || name === undefined)
      throw new PastedError(number, `a label is written name="value", not ${shortOf(rest)}`);
    const read = readValue(rest.slice(whole.length), unquoted(name, number), number);
    // The head of a list, as in YAML.
    if (read.value === null) return;
    const key = unquoted(name, number);
    if (labels.has(key)) throw new PastedError(number, `the label ${key} is there twice`);
    labels.set(key, read.value);
    rest = read.rest;
  }
}

interface ReadValue {
  /** Null for a name with nothing behind it that opens a list. */
  readonly value: string | null;
  readonly rest: string;
}

function readValue(text: string, name: string, number: number): ReadValue {
  if (/^(!=|=~|!~)/.test(text))
    throw new PastedError(number, `${name} has a matcher; an alert has values: write ${name}="value"`);
  if (text.startsWith("=")) return readAssigned(text.slice(1).trimStart(), name, number);
  if (!text.startsWith(":"))
    throw new PastedError(number, `a value is missing behind ${name}; write ${name}="value"`);
  const value = text.slice(1).trim();
  if (value === "" && (name === "labels" || name === "annotations")) return { value: null, rest: "" };
  const quoted = quotedAt(value);
  if (quoted === null) return { value: value.replace(/\s+#.*$/, ""), rest: "" };
  return { value: unquoted(quoted, number), rest: afterComma(value.slice(quoted.length), name, number) };
}

function readAssigned(text: string, name: string, number: number): ReadValue {
  const quoted = quotedAt(text);
  if (quoted !== null)
    return { value: unquoted(quoted, number), rest: afterComma(text.slice(quoted.length), name, number) };
  if (/^["']/.test(text)) throw new PastedError(number, `the quote behind ${name}= is never closed`);
  // A comma ends it only where another label follows.
  const end = text.search(/,\s*(?:$|[^\s"'=:!,{}]+\s*=)/);
  if (end === -1) return { value: text.trim(), rest: "" };
  return { value: text.slice(0, end).trim(), rest: text.slice(end + 1) };
}

function afterComma(rest: string, name: string, number: number): string {
  const trimmed = rest.trimStart();
  if (trimmed === "" || trimmed.startsWith("#")) return "";
  if (trimmed.startsWith(",")) return trimmed.slice(1);
  throw new PastedError(number, `a comma is missing behind the value of ${name}, before ${shortOf(trimmed)}`);
}

function quotedAt(text: string): string | null {
  return /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(text)?.[0] ?? null;
}

function unquoted(text: string, number: number): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text.replaceAll("\t", "\\t")) as string;
  } catch {
    throw new PastedError(number, `${shortOf(text)} has a backslash that means nothing; write \\\\ for one`);
  }
}

function shortOf(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed;
}
