import { createHmac, timingSafeEqual } from "node:crypto";

/** One entry of a known_hosts file, as OpenSSH's sshd(8) describes it. */
export interface KnownHostLine {
  /** Counts from 1. */
  readonly line: number;
  readonly marker: "none" | "revoked" | "cert-authority";
  /** The first field: names and patterns, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  readonly key: Buffer;
}

/** What the file says about a key that a server presented. */
export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  | { readonly kind: "unknown" }
  | { readonly kind: "changed"; readonly lines: readonly number[] }
  | { readonly kind: "revoked"; readonly line: number }
  | { readonly kind: "cert-authority"; readonly line: number };

/** The entries of a known_hosts file. A line that is none is left out, as OpenSSH does: it can only make less trusted. */
export function parseKnownHosts(text: string): readonly KnownHostLine[] {
  return text.split("\n").flatMap((source, index) => {
    const entry = parseLine(source, index + 1);
    return entry === null ? [] : [entry];
  });
}

/** The name under which OpenSSH files a host: `[address]:port` when the port is not 22. Case does not matter. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

/** The entries that speak about a host. */
export function findKnownHost(lines: readonly KnownHostLine[], name: string): readonly KnownHostLine[] {
  return lines.filter((line) => namesMatch(line.names, name));
}

/** Judges the key that a server presented; `about` are the entries of {@link findKnownHost}. A revoked key is never trusted. */
export function judgeHostKey(about: readonly KnownHostLine[], key: Buffer): HostKeyVerdict {
  const same = about.filter((line) => line.key.equals(key));
  const revoked = same.find((line) => line.marker === "revoked");
  if (revoked !== undefined) return { kind: "revoked", line: revoked.line };
  if (same.some((line) => line.marker === "none")) return { kind: "trusted" };
  const others = about.filter((line) => line.marker === "none");
  if (others.length > 0) return { kind: "changed", lines: others.map((line) => line.line) };
  const authority = about.find((line) => line.marker === "cert-authority");
  return authority === undefined ? { kind: "unknown" } : { kind: "cert-authority", line: authority.line };
}

const MARKERS: ReadonlyMap<string, KnownHostLine["marker"]> = new Map([
  ["@revoked", "revoked"],
  ["@cert-authority", "cert-authority"],
]);

function parseLine(source: string, line: number): KnownHostLine | null {
  const fields = source
    .replace(/\r$/, "")
    .split(/[ \t]+/)
    .filter((field) => field !== "");
  const first = fields[0] ?? "#";
  if (first.startsWith("#")) return null;
  const marker = first.startsWith("@") ? MARKERS.get(first) : "none";
  if (marker === undefined) return null;
  const [names, keyType, key] = marker === "none" ? fields : fields.slice(1);
  if (names === undefined || keyType === undefined || key === undefined) return null;
  const blob = Buffer.from(key, "base64");
  return keyTypeOf(blob) === keyType ? { line, marker, names, keyType, key: blob } : null;
}

/** The type that a key names itself: its first length-prefixed string. */
export function keyTypeOf(key: Buffer): string | null {
  if (key.length < 4) return null;
  const length = key.readUInt32BE(0);
  return key.length >= 4 + length ? key.toString("latin1", 4, 4 + length) : null;
}

function namesMatch(names: string, name: string): boolean {
  if (names.startsWith("|")) return hashMatches(names, name);
  let isMatch = false;
  for (const pattern of names.toLowerCase().split(",")) {
    const isNegated = pattern.startsWith("!");
    if (!wildcardMatches(isNegated ? pattern.slice(1) : pattern, name)) continue;
    if (isNegated) return false;
    isMatch = true;
  }
  return isMatch;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt as its key, both in base64. */
function hashMatches(names: string, name: string): boolean {
  const [, version, salt, hash, ...rest] = names.split("|");
  if (version !== "1" || salt === undefined || hash === undefined || rest.length > 0) return false;
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** `*` is any text, `?` one character, nothing else is special. One step back at most for each character: no blow-up. */
function wildcardMatches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  let position = 0;
  while (position < text.length) {
    if (pattern[at] === "*") {
      star = at;
      resumeAt = position;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[position])) {
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
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
