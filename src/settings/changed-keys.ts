import { isDeepStrictEqual } from "node:util";
import type { Settings } from "./load.ts";

/** Keys of the settings whose values differ, as operators write them, in alphabetical order; `sources.NAME` for an entry with a name. */
export function changedKeys(before: Settings, after: Settings): string[] {
  const left = leavesOf(before);
  const right = leavesOf(after);
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => !isDeepStrictEqual(left.get(key), right.get(key)))
    .sort();
}

function leavesOf(settings: Settings): Map<string, unknown> {
  const {
    file: _file,
    folder: _folder,
    listen,
    externalUrl,
    storagePath,
    ballastBytes,
    limits,
    ...rest
  } = settings;
  const leaves = new Map<string, unknown>([
    ["web.listen", listen],
    ["web.external_url", externalUrl],
    ["storage.path", storagePath],
    ["storage.ballast", ballastBytes],
  ]);
  for (const [key, value] of Object.entries(limits)) leaves.set(`limits.${key}`, value);
  for (const [key, value] of Object.entries(rest)) {
    const names = namesIn(value);
    if (names === null) leaves.set(key, value);
    else
      for (const [index, name] of names.entries()) leaves.set(`${key}.${name}`, (value as unknown[])[index]);
  }
  return leaves;
}

/** The names of a list whose entries all have one; null for anything else. An empty list has none, and is the same as no list. */
function namesIn(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  const names = value.flatMap((entry: unknown) =>
    typeof entry === "object" && entry !== null && "name" in entry && typeof entry.name === "string"
      ? [entry.name]
      : [],
  );
  return names.length === value.length ? names : null;
}
