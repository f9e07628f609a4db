import type { Request } from "express";
import { principalOf } from "./identity.ts";

/** Whether who asks may see files that a runbook gathered as sensitive. This version has no login: everyone is the local admin. */
export function maySeeSensitive(request: Request): boolean {
  return principalOf(request).id === "user:local";
}
