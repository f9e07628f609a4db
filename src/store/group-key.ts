import { sha256 } from "../platform/digest.ts";

/** PostgreSQL takes 2,704 bytes in an index entry; a label's value may be 8 KiB, and a group has several. */
const KEY_CHARS_MAX = 500;

/** The values of a group as they are stored: a digest where they are long. Equal for equal values, and for no others. */
export function storedGroupKey(key: string): string {
  return key.length <= KEY_CHARS_MAX ? key : `sha256:${sha256(key)}`;
}
