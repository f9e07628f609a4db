import type { Request } from "express";
import { authorize } from "../access/authorize.ts";
import { requireIdentity } from "./identity.ts";

/** Whether who asks may see files that a runbook gathered as sensitive. */
export function maySeeSensitive(request: Request): boolean {
  const asked = { permission: "read_sensitive", subject: { kind: "everything" }, isRead: true } as const;
  return authorize(requireIdentity(request), asked).isAllowed;
}
