import { digestOf } from "../platform/digest.ts";
import type { InputKey } from "../platform/input-key.ts";

/** A caller's own name for a start, and what the call said: the same call again starts nothing more. */
export interface CallerKey {
  readonly key: string;
  readonly digest: string;
}

/** The digest says nothing of the request to who has the database alone: it may hold a secret that can be guessed. */
export function callerKey(inputKey: InputKey, key: string, request: unknown): CallerKey {
  return { key, digest: inputKey.fingerprint("start key", digestOf(request)) };
}
