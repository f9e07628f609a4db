import canonicalize from "canonicalize";
import { hash } from "node:crypto";

/** SHA-256 in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return hash("sha256", data);
}

/** SHA-256 of the canonical JSON (RFC 8785) of a value: the same for the same content, whatever the order of its keys. */
export function digestOf(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("a value without a JSON form has no digest");
  return sha256(text);
}
