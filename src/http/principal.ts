import type { Request } from "express";

/** Who asks. This version has no login: whoever can connect is the local admin. */
export function principalOf(_request: Request): string {
  return "user:local";
}
