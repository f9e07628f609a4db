/** A glob of absolute paths. `*` and `?` stay within one part of the path, `[...]` is one character, `**` any number of parts. */
export interface Glob {
  readonly source: string;
  /** The folder, or the file when nothing is left open, that all matches lie in: no part of it is a pattern. */
  readonly base: string;
  /** How many parts below `base` a match is; null when the glob holds `**`. */
  readonly depth: number | null;
  /** For `find -path`: matches at least what the glob matches. */
  readonly findPattern: string;
  matches(path: string): boolean;
}

/** What is wrong with the glob, null when nothing is. */
export function globProblem(source: string): string | null {
  if (!source.startsWith("/")) return "a glob is an absolute path, such as /var/log/*.log";
  if (source.includes("\0")) return "a glob has no NUL character";
  const parts = source.slice(1).split("/");
  if (parts.some((part) => part === "." || part === "..")) return "a glob has no part . or ..";
  if (parts.some((part) => part === "")) return "a glob has no empty part and does not end with a slash";
  return null;
}

/** Throws a RangeError for what {@link globProblem} complains about. Hidden files are no exception: `*` matches them too. */
export function compileGlob(source: string): Glob {
  const problem = globProblem(source);
  if (problem !== null) throw new RangeError(problem);
  const parts = source.slice(1).split("/");
  const firstOpen = parts.findIndex((part) => part === "**" || /[*?[]/.test(part));
  const isLiteral = firstOpen === -1;
  const fixed = isLiteral ? parts : parts.slice(0, firstOpen);
  const open = isLiteral ? [] : parts.slice(firstOpen);
  const compiled = parts.map((part) => (part === "**" ? "**" : compilePart(part)));
  return {
    source,
    base: `/${fixed.join("/")}`,
    depth: open.includes("**") ? null : open.length,
    findPattern: parts.map(toFindPart).reduce(joinFindParts, ""),
    matches: (path) => path.startsWith("/") && matchParts(compiled, path.slice(1).split("/")),
  };
}

/**
 * Whether a path, links resolved, is one that a host's entry permits. A glob that is none permits nothing, and no glob a path
 * that is not resolved.
 */
export function isReadable(path: string, readable: readonly Glob[]): boolean {
  const isResolved = !path.split("/").some((part) => part === "." || part === "..");
  return isResolved && readable.some((glob) => glob.matches(path));
}

/** The globs of an inventory entry that are globs. */
export function compileReadable(sources: readonly string[]): readonly Glob[] {
  return sources.filter((source) => globProblem(source) === null).map(compileGlob);
}

type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "star" | "any" }
  | CharacterSet;
interface CharacterSet {
  readonly kind: "set";
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

function compilePart(part: string): readonly Token[] {
  const characters = Array.from(part);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (character === "?") {
      tokens.push({ kind: "any" });
    } else {
      const set = character === "[" ? readSet(characters, at) : null;
      if (set === null) tokens.push({ kind: "text", text: character });
      else tokens.push(set.token);
      at = set?.end ?? at;
    }
  }
  return tokens;
}

/** `[abc]`, `[a-z]`, `[!a]` or `[^a]`; a `]` right at the start is one of the characters. Null when it is never closed. */
function readSet(
  characters: readonly string[],
  start: number,
): { readonly token: CharacterSet; readonly end: number } | null {
  const isNegated = characters[start + 1] === "!" || characters[start + 1] === "^";
  const first = start + (isNegated ? 2 : 1);
  const end = characters.indexOf("]", first + 1);
  if (end === -1) return null;
  const ranges: [number, number][] = [];
  for (let at = first; at < end; at += 1) {
    const from = characters[at]?.codePointAt(0) ?? 0;
    const isRange = characters[at + 1] === "-" && at + 2 < end;
    ranges.push([from, isRange ? (characters[at + 2]?.codePointAt(0) ?? 0) : from]);
    if (isRange) at += 2;
  }
  return { token: { kind: "set", isNegated, ranges }, end };
}

/** Linear in the number of parts for one `**`, and never worse than parts × parts: failures are remembered. */
function matchParts(glob: readonly ("**" | readonly Token[])[], path: readonly string[]): boolean {
  let reachable = new Set([0]);
  for (const part of glob) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (part === "**") for (let to = at; to <= path.length; to += 1) next.add(to);
      else if (at < path.length && matchTokens(part, Array.from(path[at] ?? ""))) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(path.length);
}

/** One step back at most for each character, to the last star: no blow-up. */
function matchTokens(tokens: readonly Token[], text: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  let position = 0;
  while (position < text.length) {
    const token = tokens[at];
    if (token?.kind === "star") {
      star = at;
      resumeAt = position;
      at += 1;
    } else if (token !== undefined && matchOne(token, text[position] ?? "")) {
      at += 1;
      position += 1;
    } else if (star !== -1) {
      resumeAt += 1;
      position = resumeAt;
      at = star + 1;
    } else {
      return false;
    }
  }
  return tokens.slice(at).every((token) => token.kind === "star");
}

function matchOne(token: Token, character: string): boolean {
  switch (token.kind) {
    case "text":
      return token.text === character;
    case "any":
    case "star":
      return true;
    case "set": {
      const code = character.codePointAt(0) ?? 0;
      return token.ranges.some(([from, to]) => code >= from && code <= to) !== token.isNegated;
    }
  }
}

/** `find` counts bytes in some locales and reads sets in its own way, so everything open becomes `*`. */
function toFindPart(part: string): string {
  if (part === "**") return "**";
  return compilePart(part)
    .map((token) => (token.kind === "text" ? escapeFind(token.text) : "*"))
    .join("");
}

function escapeFind(text: string): string {
  return /[*?[\]\\]/.test(text) ? `\\${text}` : text;
}

/** `**` also stands for no part at all, so the slash before it goes into the `*`. */
function joinFindParts(pattern: string, part: string): string {
  return part === "**" ? `${pattern}*` : `${pattern}/${part}`;
}
