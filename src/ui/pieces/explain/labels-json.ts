import { type Pasted, PastedError } from "./pasted.ts";

/** What is JSON: labels, one alert with labels and annotations, or the whole body of a webhook. Null for what is none. Throws PastedError. */
export function readJson(text: string): Pasted | null {
  const trimmed = text.trim();
  // Matchers in braces are no JSON: their names stand before an equals sign.
  if (!/^(\[|\{\s*("(?:[^"\\]|\\.)*"\s*:|\}))/.test(trimmed)) return null;
  const value = parse(text);
  if (Array.isArray(value)) return { kind: "payload", payload: value };
  const object = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(object["alerts"])) return { kind: "payload", payload: object };
  const { labels, annotations = {} } = object;
  if (isObject(labels))
    return {
      kind: "labels",
      labels: textsOf(labels, "label", text),
      annotations: isObject(annotations) ? textsOf(annotations, "annotation", text) : {},
    };
  // A body of another sender, for a source that maps it.
  if (Object.values(object).some((each) => typeof each === "object" && each !== null))
    return { kind: "payload", payload: object };
  return { kind: "labels", labels: textsOf(object, "label", text), annotations: {} };
}

function parse(text: string): unknown {
  const problem = problemOf(text);
  if (problem === null) return JSON.parse(text);
  throw new PastedError(lineOf(text), `this is no JSON: ${problem.message.replace(/ in JSON at.*$/s, "")}`);
}

/** Null for JSON. `isCut`: it could still become JSON if it went on. */
function problemOf(text: string): { readonly message: string; readonly isCut: boolean } | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, position] = /position (\d+)/.exec(message) ?? [];
    return { message, isCut: /end of JSON/.test(message) || Number(position) >= text.trimEnd().length };
  }
}

/** The first line with which it can no longer become JSON; what browsers say does not always tell. */
function lineOf(text: string): number {
  const lines = text.split("\n");
  let [good, bad] = [0, lines.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    const problem = problemOf(lines.slice(0, middle).join("\n"));
    if (problem === null || problem.isCut) good = middle;
    else bad = middle;
  }
  return bad;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(
  object: Readonly<Record<string, unknown>>,
  what: string,
  text: string,
): Record<string, string> {
  const entries = Object.entries(object).map(([name, value]) => {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      return [name, String(value)] as const;
    const at = text.indexOf(JSON.stringify(name));
    const line = text.slice(0, Math.max(0, at)).split("\n").length;
    throw new PastedError(line, `the ${what} ${name} is no text`);
  });
  if (entries.length === 0 && what === "label") throw new PastedError(1, "there is no label in it");
  return Object.fromEntries(entries);
}
