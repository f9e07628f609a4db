import { SENSITIVE_KEY } from "./assignments.ts";
import { maskOf } from "./search.ts";

/** What is nested deeper is left out; nobody reads it, and it must not exhaust the stack. */
const DEPTH_MAX = 200;
const TOO_DEEP = "[nightshift: left out, because it is nested too deeply to be searched for secrets]";

/** A JSON value with every text in it redacted. `known`: the name of each secret by its value, for those that are numbers. */
export function redactJson(
  value: unknown,
  redact: (text: string) => string,
  known: ReadonlyMap<string, string>,
  depth = 0,
): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") {
    const name = known.get(String(value));
    return name === undefined ? value : maskOf(name);
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item: unknown) => redactJson(item, redact, known, depth + 1));
  const members = Object.entries(value).map(([key, item]: [string, unknown]) => [
    redact(key),
    typeof item === "string" && SENSITIVE_KEY.test(key)
      ? redactMember(key, item, redact)
      : redactJson(item, redact, known, depth + 1),
  ]);
  return Object.fromEntries(members) as Record<string, unknown>;
}

/** A text under a key such as `password` is judged together with its key, as it would be in a log. */
function redactMember(key: string, value: string, redact: (text: string) => string): string {
  const text = JSON.stringify({ [key]: value });
  const redacted = redact(text);
  if (redacted === text) return value;
  try {
    const [member] = Object.values(JSON.parse(redacted) as Record<string, unknown>);
    if (typeof member === "string") return member;
  } catch {
    // What was replaced went beyond the quotes.
  }
  return maskOf("secret");
}
