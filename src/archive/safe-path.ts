import { sha256 } from "../platform/digest.ts";

/** File systems stop at 255 bytes; the rest is room for the `~2` of a second file of the same name. */
const COMPONENT_BYTES_MAX = 240;
/** Well below the 4,096 of Linux, so that a bundle unpacks in a deep folder too. */
const PATH_BYTES_MAX = 1_024;
const CUT_COMPONENT_BYTES = 200;

/** A path that names no file. */
export class ArtifactPathError extends Error {
  override readonly name = "ArtifactPathError";
}

/**
 * The relative POSIX path under which a file with this name may be stored and unpacked anywhere: no `..`, no leading
 * slash or dash, no control or direction characters, nothing Windows or `unzip` would take for something else. What is not
 * allowed becomes `%XX` of its UTF-8 bytes, so that two names never become one and {@link originalPath} gives the name back.
 * A name or path that is too long is cut and ends in `%~` and a digest of the whole of it.
 */
export function safePath(path: string): string {
  const components = path.split("/").filter((component) => component !== "");
  if (components.length === 0)
    throw new ArtifactPathError(`"${path}" names no file; give at least one name in it`);
  const safe = components.map(safeComponent);
  const joined = safe.join("/");
  if (Buffer.byteLength(joined) <= PATH_BYTES_MAX) return joined;
  return [...safe.slice(0, 2), `%~${sha256(path).slice(0, 32)}`, safe.at(-1)].join("/");
}

/** Whether the path is one that {@link safePath} can have made, perhaps with a `~2` in its name. */
export function isSafePath(path: string): boolean {
  return path.length > 0 && path.split("/").every(isSafeComponent);
}

/** What {@link safePath} was given, without leading or doubled slashes; null when part of it was cut. */
export function originalPath(safe: string): string | null {
  if (safe.includes("%~")) return null;
  const parts = safe.split(/((?:%[0-9A-F]{2})+|%u[0-9A-F]{4})/);
  return parts.map((part, index) => (index % 2 === 0 ? part : decodeEscape(part))).join("");
}

function safeComponent(component: string): string {
  const escaped = escapeComponent(component);
  if (Buffer.byteLength(escaped) <= COMPONENT_BYTES_MAX) return escaped;
  return `${cutEscaped(escaped)}%~${sha256(component).slice(0, 32)}`;
}

/** `%` itself, what Windows and shells take amiss, and all that is not to be seen or changes the direction of writing. */
const UNSAFE = /[%\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

function escapeComponent(component: string): string {
  if (component === "." || component === "..") return component.replaceAll(".", "%2E");
  let escaped = component.replace(UNSAFE, escapeCharacter).replace(/[. ]$/, escapeCharacter);
  if (DEVICE.test(escaped) || escaped.startsWith("-")) {
    escaped = escapeCharacter(escaped.charAt(0)) + escaped.slice(1);
  }
  return escaped;
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return `%u${code.toString(16).toUpperCase()}`;
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}

function decodeEscape(escape: string): string {
  if (escape.startsWith("%u")) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
  return Buffer.from(escape.replaceAll("%", ""), "hex").toString("utf8");
}

/** At most 200 bytes of it, ending between two characters and outside an escape. */
function cutEscaped(escaped: string): string {
  let cut = "";
  let bytes = 0;
  for (const [part] of escaped.matchAll(/(?:%[0-9A-F]{2})+|%u[0-9A-F]{4}|./gsu)) {
    bytes += Buffer.byteLength(part);
    if (bytes > CUT_COMPONENT_BYTES) break;
    cut += part;
  }
  return cut;
}

function isSafeComponent(component: string): boolean {
  if (component === "" || Buffer.byteLength(component) > 255) return false;
  const unescaped = component.replaceAll(/%(?:[0-9A-F]{2}|u[0-9A-F]{4}|~[0-9a-f]{32})/g, "_");
  return escapeComponent(unescaped) === unescaped;
}
